package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// activityTerm is one condition of an Email Activity query: a field and the
// value that it must have. https://www.twilio.com/docs/sendgrid/for-developers/sending-email/getting-started-email-activity-api
type activityTerm struct {
	field, arg, operator, value string
}

var (
	activityCondition = regexp.MustCompile(`^\(*\s*(?:(unique_args)\[['"]([^'"]+)['"]\]|([a-z_]+))\s*(=|!=|(?i:like))\s*(?:"([^"]*)"|'([^']*)')\s*\)*$`)
	activityAnd       = regexp.MustCompile(`(?i)\s+AND\s+`)
	activityFields    = map[string]func(*message) string{
		"to_email":   func(m *message) string { return m.To },
		"from_email": func(m *message) string { return m.From },
		"subject":    func(m *message) string { return m.Subject },
		"msg_id":     func(m *message) string { return m.ID },
		"status":     func(*message) string { return "delivered" },
	}
)

// parseActivityQuery understands conditions joined by AND.
func parseActivityQuery(query string) ([]activityTerm, bool) {
	var terms []activityTerm
	if strings.TrimSpace(query) == "" {
		return nil, true
	}
	for _, part := range activityAnd.Split(query, -1) {
		found := activityCondition.FindStringSubmatch(strings.TrimSpace(part))
		if found == nil {
			return nil, false
		}
		term := activityTerm{field: found[1] + found[3], arg: found[2], operator: strings.ToUpper(found[4]), value: found[5] + found[6]}
		if _, known := activityFields[term.field]; !known && term.field != "unique_args" {
			return nil, false
		}
		terms = append(terms, term)
	}
	return terms, true
}

func (term activityTerm) matches(m *message) bool {
	got := m.CustomArgs[term.arg]
	if read := activityFields[term.field]; read != nil {
		got = read(m)
	}
	switch term.operator {
	case "LIKE":
		return like(strings.ToLower(got), strings.ToLower(term.value))
	case "!=":
		return !strings.EqualFold(got, term.value)
	default:
		if term.field == "unique_args" {
			return got == term.value
		}
		return strings.EqualFold(got, term.value)
	}
}

// like knows % at either end, which is what SendGrid documents.
func like(got, pattern string) bool {
	head, tail := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	core := strings.Trim(pattern, "%")
	switch {
	case head && tail:
		return strings.Contains(got, core)
	case head:
		return strings.HasSuffix(got, core)
	case tail:
		return strings.HasPrefix(got, core)
	default:
		return got == core
	}
}

func (a *sendgridAPI) serveActivity(_ http.ResponseWriter, req *http.Request) *reply {
	terms, ok := parseActivityQuery(req.URL.Query().Get("query"))
	if !ok {
		return sendgridRefusal(http.StatusBadRequest, "query", "invalid query; the sandbox knows to_email, from_email, subject, msg_id, status and unique_args['name'], with =, != or LIKE, joined by AND")
	}
	limit := readLimit(req.URL.Query().Get("limit"), 10, 1000)
	found := []map[string]any{}
	err := a.store.view(func(t *tx) error {
		return eachMessage(t, indexTerms(terms), func(m *message) (bool, error) {
			if isActivity(m, terms) {
				found = append(found, activityView(m))
			}
			return len(found) < limit, nil
		})
	})
	if err != nil {
		return a.broken(err)
	}
	return &reply{status: http.StatusOK, body: map[string]any{"messages": found}}
}

func isActivity(m *message, terms []activityTerm) bool {
	other := func(term activityTerm) bool { return !term.matches(m) }
	return m.Channel == channelEmail && !slices.ContainsFunc(terms, other)
}

// indexTerms is how to find the mails by index, when one of the terms has one.
func indexTerms(terms []activityTerm) []string {
	for _, term := range terms {
		switch {
		case term.operator != "=":
		case term.field == "unique_args":
			return []string{"arg", term.arg, term.value}
		case term.field == "to_email":
			return sentTo(term.value)
		}
	}
	return nil
}

func activityView(m *message) map[string]any {
	return map[string]any{
		"from_email": m.From, "msg_id": m.ID, "subject": m.Subject, "to_email": m.To, "status": "delivered",
		"opens_count": 0, "clicks_count": 0, "last_event_time": m.At.Format(time.RFC3339),
	}
}

func (a *sendgridAPI) serveMessage(_ http.ResponseWriter, req *http.Request) *reply {
	m, _, err := a.store.withBody(mux.Vars(req)["id"])
	switch {
	case err != nil:
		return a.broken(err)
	case m == nil || m.Channel != channelEmail:
		return sendgridFailure(http.StatusNotFound, "resource not found")
	}
	at := m.At.Format(time.RFC3339)
	return &reply{status: http.StatusOK, body: map[string]any{
		"from_email": m.From, "msg_id": m.ID, "subject": m.Subject, "to_email": m.To, "status": "delivered",
		"template_id": "", "asm_group_id": 0, "teammate": "", "api_key_id": "sandbox", "originating_ip": "127.0.0.1",
		"categories": m.Categories, "unique_args": m.CustomArgs, "outbound_ip": "127.0.0.1", "outbound_ip_type": "shared",
		"events": []map[string]any{
			{"event_name": "processed", "processed": at},
			{"event_name": "delivered", "processed": at, "mx_server": "sandbox"},
		},
	}}
}
