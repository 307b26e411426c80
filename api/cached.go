package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/internal/cache"
)

// Versions knows of which version of the catalog the answers are that are made
// now. What is read after Version was asked is of that version or a later one.
type Versions interface {
	Version() (version int64, known bool)
	// Changed is called after a write by this process, before it is answered.
	Changed(ctx context.Context)
}

const (
	// How long an answer may be kept although the catalog stays as it is. Shows go
	// on and off sale by the clock; what a stale list says, the hold decides.
	timedKept = 15 * time.Second
	stillKept = 30 * time.Second

	// longestKey bounds what callers can make us remember.
	longestKey = 512
)

// catalogFresh is short, so that a change is not seen late because of caches that
// we cannot reach. Asking again costs a 304.
var catalogFresh = []string{"public, max-age=1"}

// param is a query parameter of a read. Whoever leaves it out gets the fallback.
type param struct {
	name, fallback string
	// rare values are all different, such as positions on the globe: an answer to
	// one is nobody else's, and somebody's whereabouts are not to be kept.
	rare bool
}

// read is one way to read the catalog.
type read struct {
	name   string
	kept   time.Duration
	params []param
}

// question is what one request asks of a read: the id in its path and its
// parameters, whose order and defaults make no difference. Other parameters are
// ignored, so that they cannot push anything out of the cache.
type question struct {
	read   *read
	id     string
	values []string // as read.params; empty for the fallback
	rare   bool
	size   int
}

func (rd *read) question(r *http.Request) question {
	q := question{read: rd, id: mux.Vars(r)["id"]}
	q.size = len(q.id)
	if len(rd.params) == 0 || r.URL.RawQuery == "" {
		return q
	}
	query := r.URL.Query()
	q.values = make([]string, len(rd.params))
	for i, p := range rd.params {
		value := query.Get(p.name)
		if value == "" || value == p.fallback {
			continue
		}
		q.values[i] = value
		q.size += len(value)
		q.rare = q.rare || p.rare
	}
	return q
}

// get reads a parameter. An answer may depend on nothing that is not in the key,
// so asking for another one is a mistake of ours.
func (q question) get(name string) string {
	for i, p := range q.read.params {
		if p.name != name {
			continue
		}
		if q.values == nil || q.values[i] == "" {
			return p.fallback
		}
		return q.values[i]
	}
	panic("api: the parameter " + name + " is not part of the read " + q.read.name)
}

func (q question) limit() (int, error) { return limitFrom(q.get("limit")) }

// key names the answer among all answers. A NUL separates: no address has one.
func (q question) key(version int64) string {
	key := make([]byte, 0, 96)
	key = strconv.AppendInt(key, version, 10)
	key = append(key, ' ')
	key = append(key, q.read.name...)
	key = append(key, 0)
	key = append(key, q.id...)
	for _, value := range q.values {
		key = append(key, 0)
		key = append(key, value...)
	}
	if q.values == nil {
		for range q.read.params {
			key = append(key, 0)
		}
	}
	return string(key)
}

// answerFromCatalog answers a question that many ask, from memory when the
// answer is there.
func (a *api) answerFromCatalog(w http.ResponseWriter, r *http.Request, rd *read, answer func(context.Context, question) (any, error)) {
	q := rd.question(r)
	document, err := a.document(r.Context(), q, answer)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if a.keeps(q) {
		a.shortcuts.remember(r, func(w http.ResponseWriter, r *http.Request) bool { return a.answerFromMemory(w, r, q) })
	}
	writeDocument(w, r, catalogFresh, document)
}

// keeps tells whether answers to a question are kept at all.
func (a *api) keeps(q question) bool {
	return a.Documents != nil && a.Versions != nil && !q.rare && q.size <= longestKey
}

func (a *api) answerFromMemory(w http.ResponseWriter, r *http.Request, q question) bool {
	version, known := a.Versions.Version()
	if !known {
		return false
	}
	document, ready := a.Documents.Peek(q.key(version))
	if !ready {
		return false
	}
	writeDocument(w, r, catalogFresh, document)
	return true
}

func (a *api) document(ctx context.Context, q question, answer func(context.Context, question) (any, error)) (*cache.Document, error) {
	var (
		version int64
		known   bool
	)
	if a.keeps(q) {
		version, known = a.Versions.Version()
	}
	if !known {
		body, err := render(ctx, q, answer)
		if err != nil {
			return nil, err
		}
		return cache.PlainDocument(jsonType, body), nil
	}
	return a.Documents.Get(ctx, q.key(version), q.read.kept, func(ctx context.Context) (*cache.Document, bool, error) {
		ctx, cancel := context.WithTimeout(ctx, a.RequestTimeout)
		defer cancel()
		body, err := render(ctx, q, answer)
		if err != nil {
			return nil, false, err
		}
		// Going back to an older version happens when a primary is lost: then
		// nobody knows which of them was read.
		now, stillKnown := a.Versions.Version()
		return cache.NewDocument(jsonType, body), stillKnown && now >= version, nil
	})
}

func render(ctx context.Context, q question, answer func(context.Context, question) (any, error)) ([]byte, error) {
	value, err := answer(ctx, q)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("render %T: %w", value, err)
	}
	return body, nil
}

// noteChanges has the catalog's version looked at anew after a change by staff,
// before they hear of its success: what they read next has it.
func (a *api) noteChanges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.Versions == nil || r.Method == http.MethodGet || r.Method == http.MethodHead || !strings.HasPrefix(r.URL.Path, "/v1/admin/") {
			next.ServeHTTP(w, r)
			return
		}
		noting := &changeWriter{ResponseWriter: w, changed: func() { a.Versions.Changed(r.Context()) }}
		next.ServeHTTP(noting, r)
		noting.note(http.StatusOK) // for a handler that wrote nothing
	})
}

type changeWriter struct {
	http.ResponseWriter
	changed func()
	noted   bool
}

func (w *changeWriter) note(status int) {
	if w.noted {
		return
	}
	w.noted = true
	if status < http.StatusBadRequest {
		w.changed()
	}
}

func (w *changeWriter) WriteHeader(status int) {
	w.note(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *changeWriter) Write(body []byte) (int, error) {
	w.note(http.StatusOK)
	return w.ResponseWriter.Write(body)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *changeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
