package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// sendgridAPI answers for SendGrid.
// https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
type sendgridAPI struct{ vendor }

// sendgridMaxBody is SendGrid's limit for a mail with its attachments.
const sendgridMaxBody = 30 << 20

func (a *sendgridAPI) routes(r *mux.Router) {
	r.HandleFunc("/v3/mail/send", a.guard("mail.send", a.serveSend)).Methods("POST")
	r.HandleFunc("/v3/messages", a.guard("messages.list", a.serveActivity)).Methods("GET")
	r.HandleFunc("/v3/messages/{id}", a.guard("messages.retrieve", a.serveMessage)).Methods("GET")
	r.PathPrefix("/v3/").HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sendgridFailure(http.StatusNotFound, "Resource not found").write(w)
	})
}

type sendgridError struct {
	Message string  `json:"message"`
	Field   *string `json:"field"`
	Help    *string `json:"help"`
}

func sendgridRefusal(status int, field, message string) *reply {
	return &reply{status: status, body: map[string]any{
		"errors": []sendgridError{{Message: message, Field: optional(field)}}}}
}

func sendgridFailure(status int, message string) *reply {
	return sendgridRefusal(status, "", message)
}

// guard checks the key.
func (a *sendgridAPI) guard(operation string, serve func(http.ResponseWriter, *http.Request) *reply) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		key, bearer := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		if !bearer || strings.TrimSpace(key) == "" {
			sendgridFailure(http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked").write(w)
			return
		}
		a.answer(w, operation, func() *reply { return serve(w, req) }, sendgridFailure)
	}
}

func (a *sendgridAPI) broken(err error) *reply {
	a.log.Error("sandbox: sendgrid call failed", "error", err)
	return sendgridFailure(http.StatusInternalServerError, "Internal server error")
}

type sendgridMail struct {
	Personalizations []sendgridPersonalization `json:"personalizations"`
	From             *sendgridAddress          `json:"from"`
	ReplyTo          *sendgridAddress          `json:"reply_to"`
	Subject          string                    `json:"subject"`
	Content          []sendgridContent         `json:"content"`
	Attachments      []attachment              `json:"attachments"`
	TemplateID       string                    `json:"template_id"`
	Headers          map[string]string         `json:"headers"`
	Categories       []string                  `json:"categories"`
	CustomArgs       map[string]string         `json:"custom_args"`
	MailSettings     struct {
		SandboxMode struct {
			Enable bool `json:"enable"`
		} `json:"sandbox_mode"`
	} `json:"mail_settings"`
}

type sendgridPersonalization struct {
	To         []sendgridAddress `json:"to"`
	CC         []sendgridAddress `json:"cc"`
	BCC        []sendgridAddress `json:"bcc"`
	Subject    string            `json:"subject"`
	Headers    map[string]string `json:"headers"`
	CustomArgs map[string]string `json:"custom_args"`
}

func (p sendgridPersonalization) recipients() []sendgridAddress {
	return append(append(append([]sendgridAddress{}, p.To...), p.CC...), p.BCC...)
}

type sendgridAddress struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

type sendgridContent struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (a *sendgridAPI) serveSend(w http.ResponseWriter, req *http.Request) *reply {
	if kind := req.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/json") {
		return sendgridFailure(http.StatusUnsupportedMediaType, "Content-Type should be application/json.")
	}
	var in sendgridMail
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, sendgridMaxBody)).Decode(&in); err != nil {
		return sendgridFailure(http.StatusBadRequest, "Bad Request: the body is not the JSON of a mail")
	}
	if refusal := in.check(); refusal != nil {
		return refusal
	}
	if in.MailSettings.SandboxMode.Enable {
		return &reply{status: http.StatusOK} // SendGrid's own dry run
	}
	id := sortableID() + randomText(13)
	if err := a.store.update(func(t *tx) error { return in.save(t, id, time.Now().UTC()) }); err != nil {
		return a.broken(err)
	}
	return &reply{status: http.StatusAccepted, headers: map[string]string{"X-Message-Id": id}}
}

// check finds the first mistake, in SendGrid's words.
func (in *sendgridMail) check() *reply {
	refuse := func(field, message string) *reply { return sendgridRefusal(http.StatusBadRequest, field, message) }
	switch {
	case len(in.Personalizations) == 0:
		return refuse("personalizations", "The personalizations field is required and must have at least one personalization.")
	case len(in.Personalizations) > 1000:
		return refuse("personalizations", "The personalizations field cannot have more than 1000 entries.")
	case in.From == nil || in.From.Email == "":
		return refuse("from.email", "The from object must be provided for every email send. It is an object that requires the email parameter, but may also contain a name parameter.")
	case !validEmail(in.From.Email):
		return refuse("from.email", "The from email does not contain a valid address.")
	case len(in.Content) == 0 && in.TemplateID == "":
		return refuse("content", "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined content block.")
	}
	for i, p := range in.Personalizations {
		field := fmt.Sprintf("personalizations.%d", i)
		if len(p.To) == 0 {
			return refuse(field+".to", "The to array is required for all personalization objects, and must have at least one email object with a valid email address.")
		}
		if in.Subject == "" && p.Subject == "" && in.TemplateID == "" {
			return refuse("subject", "The subject is required. You can get around this requirement if you use a template with a subject defined or if every personalization has a subject defined.")
		}
		seen := map[string]bool{}
		for _, to := range p.recipients() {
			email := strings.ToLower(to.Email)
			switch {
			case !validEmail(to.Email):
				return refuse(field+".to", "Does not contain a valid address.")
			case seen[email]:
				return refuse(field, "Each email address in the personalization block should be unique between to, cc, and bcc.")
			}
			seen[email] = true
		}
	}
	return in.checkContent(refuse)
}

func (in *sendgridMail) checkContent(refuse func(field, message string) *reply) *reply {
	for i, c := range in.Content {
		field := fmt.Sprintf("content.%d", i)
		switch {
		case c.Type == "":
			return refuse(field+".type", "The content type is required and must be at least one character in length.")
		case c.Value == "":
			return refuse(field+".value", "The content value must be a string at least one character in length.")
		case i > 0 && c.Type == "text/plain":
			// The order is part of the API: clients that get it wrong are refused.
			return refuse("content", "If present, text/plain and text/html may only be provided once. If present, text/plain must be first, followed by text/html, followed by any other content.")
		}
	}
	for i, file := range in.Attachments {
		if file.Content == "" || file.Filename == "" {
			return refuse(fmt.Sprintf("attachments.%d", i), "The attachment content and filename are required.")
		}
	}
	return nil
}

func validEmail(s string) bool {
	at, err := mail.ParseAddress(s)
	return err == nil && at.Address == s
}

// save writes one message per recipient, as SendGrid's activity shows them.
func (in *sendgridMail) save(t *tx, id string, now time.Time) error {
	body := &messageBody{Headers: map[string]string{}, Attachments: in.Attachments}
	for _, c := range in.Content {
		switch c.Type {
		case "text/plain":
			body.Text = c.Value
		case "text/html":
			body.HTML = c.Value
		}
	}
	if in.ReplyTo != nil {
		body.Headers["Reply-To"] = in.ReplyTo.Email
	}
	maps.Copy(body.Headers, in.Headers)
	n := 0
	for _, p := range in.Personalizations {
		args := map[string]string{}
		maps.Copy(args, in.CustomArgs)
		maps.Copy(args, p.CustomArgs)
		subject := in.Subject
		if p.Subject != "" {
			subject = p.Subject
		}
		own := *body
		own.Headers = maps.Clone(body.Headers)
		maps.Copy(own.Headers, p.Headers)
		for _, to := range p.recipients() {
			m := &message{
				ID: fmt.Sprintf("%s.sandbox-%d", id, n), Channel: channelEmail, At: now,
				To: to.Email, ToName: to.Name, From: in.From.Email, FromName: in.From.Name,
				Subject: subject, CustomArgs: args, Categories: in.Categories,
			}
			n++
			if err := saveMessage(t, m, &own); err != nil {
				return err
			}
		}
	}
	return nil
}
