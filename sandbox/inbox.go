package sandbox

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
)

func (s *Server) inboxRoutes(r *mux.Router) {
	r.HandleFunc("/inbox", s.serveInbox).Methods("GET", "HEAD")
	r.HandleFunc("/inbox.json", s.serveInboxJSON).Methods("GET")
	r.HandleFunc("/inbox/{id}", s.serveInboxMessage).Methods("GET", "HEAD")
	r.HandleFunc("/inbox/{id}/attachments/{n:[0-9]+}", s.serveAttachment).Methods("GET")
}

// letter is a message with its body.
type letter struct {
	message
	Text        string            `json:"text"`
	HTML        string            `json:"html,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Attachments []attachmentInfo  `json:"attachments,omitempty"`
}

type attachmentInfo struct {
	Filename string `json:"filename"`
	Type     string `json:"type,omitempty"`
	Bytes    int    `json:"bytes"`
	URL      string `json:"url"`
}

// Snippet is the first line of the text for the list.
func (l letter) Snippet() string {
	line := strings.Join(strings.Fields(l.Text), " ")
	if r := []rune(line); len(r) > 140 {
		return string(r[:140]) + "…"
	}
	return line
}

func (l letter) When() string { return l.At.Format("2 Jan 2006, 15:04:05 UTC") }

func newLetter(m *message, body *messageBody) letter {
	l := letter{message: *m, Text: body.Text, HTML: body.HTML, Headers: body.Headers}
	for i, file := range body.Attachments {
		l.Attachments = append(l.Attachments, attachmentInfo{
			Filename: file.Filename, Type: file.Type, Bytes: base64.StdEncoding.DecodedLen(len(file.Content)),
			URL: "/inbox/" + m.ID + "/attachments/" + strconv.Itoa(i),
		})
	}
	return l
}

// letters are the newest messages, to one recipient or (to empty) to anyone.
func (s *Server) letters(to string, limit int) ([]letter, error) {
	out := []letter{}
	err := s.store.view(func(t *tx) error {
		return eachMessage(t, sentTo(to), func(m *message) (bool, error) {
			body, err := get[messageBody](t, bucketBodies, m.ID)
			if err != nil {
				return false, err
			}
			out = append(out, newLetter(m, body))
			return len(out) < limit, nil
		})
	})
	return out, err
}

// recipient reads the filter; a + in a query means a space, but phone numbers
// begin with one and people type it.
func recipient(req *http.Request) string {
	to := strings.TrimSpace(req.URL.Query().Get("to"))
	if strings.HasPrefix(req.URL.Query().Get("to"), " ") && onlyDigits(to) == to && to != "" {
		return "+" + to
	}
	return to
}

func (s *Server) serveInbox(w http.ResponseWriter, req *http.Request) {
	to := recipient(req)
	letters, err := s.letters(to, 200)
	if err != nil {
		s.log.Error("sandbox: read inbox", "error", err)
		s.pageNotFound(w, "The inbox could not be read.")
		return
	}
	renderPage(w, s.log, http.StatusOK, "inbox", map[string]any{"To": to, "Letters": letters})
}

func (s *Server) serveInboxJSON(w http.ResponseWriter, req *http.Request) {
	letters, err := s.letters(recipient(req), readLimit(req.URL.Query().Get("limit"), 100, 10_000))
	writeResult(w, s.log, map[string]any{"messages": letters}, err)
}

func (s *Server) serveInboxMessage(w http.ResponseWriter, req *http.Request) {
	m, body, err := s.store.withBody(mux.Vars(req)["id"])
	if err != nil {
		s.log.Error("sandbox: read message", "error", err)
	}
	if m == nil || body == nil {
		s.pageNotFound(w, "There is no such message.")
		return
	}
	renderPage(w, s.log, http.StatusOK, "message", map[string]any{
		"Letter": newLetter(m, body), "Frame": frameDocument(body),
	})
}

// frameDocument is the mail's HTML for the sandboxed frame: links open in a
// new tab, and images that the mail carries (cid:) become data addresses.
func frameDocument(body *messageBody) string {
	if body.HTML == "" {
		return ""
	}
	html := body.HTML
	for _, file := range body.Attachments {
		if file.ContentID != "" && strings.HasPrefix(file.Type, "image/") {
			html = strings.ReplaceAll(html, "cid:"+file.ContentID, "data:"+file.Type+";base64,"+file.Content)
		}
	}
	return `<base target="_blank">` + html
}

func (s *Server) serveAttachment(w http.ResponseWriter, req *http.Request) {
	_, body, err := s.store.withBody(mux.Vars(req)["id"])
	n, bad := strconv.Atoi(mux.Vars(req)["n"])
	if err != nil || bad != nil || body == nil || n >= len(body.Attachments) {
		s.pageNotFound(w, "There is no such attachment.")
		return
	}
	file := body.Attachments[n]
	content, err := base64.StdEncoding.DecodeString(file.Content)
	if err != nil {
		s.pageNotFound(w, "The attachment is not valid base64.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream") // never shown on our origin
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Filename}))
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content)
}
