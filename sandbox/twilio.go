package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
)

// twilioAPI answers for Twilio. https://www.twilio.com/docs/messaging/api/message-resource
type twilioAPI struct{ vendor }

func (a *twilioAPI) routes(r *mux.Router) {
	const messages = "/2010-04-01/Accounts/{account}/Messages"
	r.HandleFunc(messages+".json", a.guard("messages.create", a.create)).Methods("POST")
	r.HandleFunc(messages+".json", a.guard("messages.list", a.list)).Methods("GET")
	r.HandleFunc(messages+"/{sid}.json", a.guard("messages.retrieve", a.retrieve)).Methods("GET")
	r.PathPrefix("/2010-04-01/").HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		notFound(req.URL.Path).write(w)
	})
}

func twilioRefusal(status, code int, message string) *reply {
	return &reply{status: status, body: map[string]any{
		"code": code, "message": message, "status": status,
		"more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(code),
	}}
}

func twilioFailure(status int, message string) *reply { return twilioRefusal(status, 20500, message) }

func notFound(path string) *reply {
	return twilioRefusal(http.StatusNotFound, 20404, "The requested resource "+path+" was not found")
}

// guard checks who asks.
func (a *twilioAPI) guard(operation string, serve func(*http.Request) *reply) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		user, password, ok := req.BasicAuth()
		account := mux.Vars(req)["account"]
		// An account signs in with its SID, or with an API key (SK…) of its own.
		if !ok || password == "" || (user != account && !strings.HasPrefix(user, "SK")) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
			twilioRefusal(http.StatusUnauthorized, 20003, "Authenticate").write(w)
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, 1<<20)
		a.answer(w, operation, func() *reply { return serve(req) }, twilioFailure)
	}
}

var (
	e164        = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)
	senderName  = regexp.MustCompile(`^[A-Za-z0-9 ]{1,11}$`)
	shortNumber = regexp.MustCompile(`^\d{3,8}$`)
	// Numbers that fail by agreement. https://www.twilio.com/docs/iam/test-credentials
	magicTo = map[string]struct {
		code    int
		message string
	}{
		"+15005550001": {21211, "The 'To' number %s is not a valid phone number."},
		"+15005550002": {21612, "The 'To' phone number %s is not currently reachable via SMS."},
		"+15005550003": {21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: %s"},
		"+15005550004": {21610, "Attempt to send to unsubscribed recipient %s"},
		"+15005550009": {21614, "The 'To' number %s is not a mobile number."},
	}
	magicFrom = map[string]struct {
		code    int
		message string
	}{
		"+15005550001": {21212, "The 'From' number %s is not a valid phone number."},
		"+15005550007": {21606, "The 'From' phone number %s is not a valid, SMS-capable inbound phone number."},
		"+15005550008": {21611, "This 'From' number %s has exceeded the maximum number of queued messages."},
	}
)

func (a *twilioAPI) create(req *http.Request) *reply {
	if err := req.ParseForm(); err != nil {
		return twilioRefusal(http.StatusBadRequest, 20001, "Unable to parse the request body.")
	}
	f := req.PostForm
	if refusal := checkSMS(f); refusal != nil {
		return refusal
	}
	m := &message{
		ID: newSID(), Channel: channelSMS, To: f.Get("To"), From: f.Get("From"),
		Account: mux.Vars(req)["account"], Service: f.Get("MessagingServiceSid"), At: time.Now().UTC(),
	}
	body := &messageBody{Text: f.Get("Body")}
	if err := a.store.update(func(t *tx) error { return saveMessage(t, m, body) }); err != nil {
		return a.broken(err)
	}
	view := twilioView(m, body)
	// At this moment nothing has gone out yet: a sender's own number queues, a
	// service first has to choose one.
	view["date_sent"], view["status"] = nil, "queued"
	if m.Service != "" {
		view["status"] = "accepted"
	}
	return &reply{status: http.StatusCreated, body: view}
}

func (a *twilioAPI) broken(err error) *reply {
	a.log.Error("sandbox: twilio call failed", "error", err)
	return twilioFailure(http.StatusInternalServerError, "Internal server error")
}

// checkSMS finds the first mistake, in Twilio's words and numbers.
func checkSMS(f url.Values) *reply {
	refuse := func(code int, message string) *reply { return twilioRefusal(http.StatusBadRequest, code, message) }
	to, from, service, body := f.Get("To"), f.Get("From"), f.Get("MessagingServiceSid"), f.Get("Body")
	bad, isMagicTo := magicTo[to]
	badFrom, isMagicFrom := magicFrom[from]
	switch {
	case to == "":
		return refuse(21604, "A 'To' phone number is required.")
	case from == "" && service == "":
		return refuse(21603, "A 'From' phone number is required.")
	case body == "" && f.Get("MediaUrl") == "" && f.Get("ContentSid") == "":
		return refuse(21602, "Message body is required.")
	case utf8.RuneCountInString(body) > 1600:
		return refuse(21617, "The concatenated message body exceeds the 1600 character limit.")
	case isMagicTo:
		return refuse(bad.code, fmt.Sprintf(bad.message, to))
	case !e164.MatchString(to):
		return refuse(21211, fmt.Sprintf("The 'To' number %s is not a valid phone number.", to))
	case isMagicFrom:
		return refuse(badFrom.code, fmt.Sprintf(badFrom.message, from))
	case from != "" && !e164.MatchString(from) && !senderName.MatchString(from) && !shortNumber.MatchString(from):
		return refuse(21212, fmt.Sprintf("The 'From' number %s is not a valid phone number, shortcode, or alphanumeric sender ID.", from))
	}
	return nil
}

func newSID() string { return "SM" + strings.ReplaceAll(uuid.NewString(), "-", "") }

// twilioView is the Message resource, some moments after it was sent.
func twilioView(m *message, body *messageBody) map[string]any {
	uri := "/2010-04-01/Accounts/" + m.Account + "/Messages/" + m.ID
	at := m.At.Format(time.RFC1123Z)
	return map[string]any{
		"account_sid": m.Account, "api_version": "2010-04-01", "body": body.Text,
		"date_created": at, "date_sent": at, "date_updated": at, "direction": "outbound-api",
		"error_code": nil, "error_message": nil, "from": optional(m.From), "to": m.To,
		"messaging_service_sid": optional(m.Service), "num_media": "0",
		"num_segments": strconv.Itoa(segments(body.Text)), "price": nil, "price_unit": "USD",
		"sid": m.ID, "status": "delivered", "uri": uri + ".json",
		"subresource_uris": map[string]any{"media": uri + "/Media.json"},
	}
}

const gsmExtra = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ ¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€"

// segments counts as GSM 03.38 does: 160 characters, or 70 with others than
// the basic ones, and fewer each once a message is split.
func segments(text string) int {
	units, single, each := utf8.RuneCountInString(text), 160, 153
	for _, r := range text {
		if (r < 0x20 || r > 0x7e || r == '`') && !strings.ContainsRune(gsmExtra, r) {
			units, single, each = len(utf16.Encode([]rune(text))), 70, 67
			break
		}
	}
	if units <= single {
		return 1
	}
	return (units + each - 1) / each
}
