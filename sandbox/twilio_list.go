package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

func (a *twilioAPI) retrieve(req *http.Request) *reply {
	vars := mux.Vars(req)
	m, body, err := a.store.withBody(vars["sid"])
	switch {
	case err != nil:
		return a.broken(err)
	case m == nil || m.Channel != channelSMS || m.Account != vars["account"]:
		return notFound(req.URL.Path)
	}
	return &reply{status: http.StatusOK, body: twilioView(m, body)}
}

// smsFilter is the query of a list: To, From, and DateSent with = or with a
// trailing < or > in its name.
type smsFilter struct {
	to, from      string
	after, before time.Time
}

func readSMSFilter(q url.Values) (smsFilter, *reply) {
	f := smsFilter{to: q.Get("To"), from: q.Get("From")}
	for name, set := range map[string]func(from, until time.Time){
		"DateSent":  func(from, until time.Time) { f.after, f.before = from, until },
		"DateSent>": func(from, _ time.Time) { f.after = from },
		"DateSent<": func(_, until time.Time) { f.before = until },
	} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		from, until, ok := parseTwilioDate(text)
		if !ok {
			return f, twilioRefusal(http.StatusBadRequest, 20001, "Invalid date: "+name+" must be a date or a time in UTC.")
		}
		set(from, until)
	}
	return f, nil
}

// parseTwilioDate reads a day, which spans until the next one, or a moment.
func parseTwilioDate(text string) (from, until time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, day.AddDate(0, 0, 1).Add(-time.Nanosecond), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, at, err == nil
}

func (f smsFilter) matches(m *message) bool {
	return m.Channel == channelSMS &&
		(f.to == "" || m.To == f.to) && (f.from == "" || m.From == f.from) &&
		(f.after.IsZero() || !m.At.Before(f.after.Truncate(time.Second))) &&
		(f.before.IsZero() || !m.At.After(f.before))
}

func (a *twilioAPI) list(req *http.Request) *reply {
	account := mux.Vars(req)["account"]
	q := req.URL.Query()
	filter, refusal := readSMSFilter(q)
	if refusal != nil {
		return refusal
	}
	size := readLimit(q.Get("PageSize"), 50, 1000)
	number, _ := strconv.Atoi(q.Get("Page"))
	number = max(0, number)
	found := []map[string]any{}
	more, err := a.page(filter, account, number*size, size, func(m *message, body *messageBody) {
		found = append(found, twilioView(m, body))
	})
	if err != nil {
		return a.broken(err)
	}
	at := func(page int) string {
		q := url.Values{}
		for name := range req.URL.Query() {
			if !strings.HasPrefix(name, "Page") {
				q.Set(name, req.URL.Query().Get(name))
			}
		}
		q.Set("PageSize", strconv.Itoa(size))
		q.Set("Page", strconv.Itoa(page))
		return req.URL.Path + "?" + q.Encode()
	}
	answer := map[string]any{
		"messages": found, "page": number, "page_size": size, "start": number * size,
		"end": number*size + max(0, len(found)-1), "uri": at(number), "first_page_uri": at(0),
		"next_page_uri": nil, "previous_page_uri": nil,
	}
	if more {
		answer["next_page_uri"] = at(number + 1)
	}
	if number > 0 {
		answer["previous_page_uri"] = at(number - 1)
	}
	return &reply{status: http.StatusOK, body: answer}
}

// page hands over the matches from skip on, newest first.
func (a *twilioAPI) page(filter smsFilter, account string, skip, size int, fn func(*message, *messageBody)) (more bool, err error) {
	n := 0
	err = a.store.view(func(t *tx) error {
		return eachMessage(t, sentTo(filter.to), func(m *message) (bool, error) {
			if m.Account != account || !filter.matches(m) {
				return true, nil
			}
			if n++; n <= skip {
				return true, nil
			}
			if more = n > skip+size; more {
				return false, nil
			}
			body, err := get[messageBody](t, bucketBodies, m.ID)
			if err == nil {
				fn(m, body)
			}
			return true, err
		})
	})
	return more, err
}
