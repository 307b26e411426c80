package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/cache"
)

// versions gives the version of the catalog for answers that are made now. A read after the
// call of Version has that version or a later one.
type versions interface {
	Version() (version int64, known bool)
	// Changed is called after a write by this process, before it is answered.
	Changed(ctx context.Context)
}

const (
	// How long an answer may be kept although the catalog does not change. Shows go on and
	// off sale by the clock; a list may be stale, because the hold decides.
	timedKept = 15 * time.Second
	stillKept = 30 * time.Second

	// longestKey bounds what callers can make us keep.
	longestKey = 512
)

// catalogFresh is short, because we cannot clear the caches of clients and proxies. A new
// request costs a 304.
var catalogFresh = []string{"public, max-age=1"}

// param is a query parameter of a read. Without it, the fallback counts.
type param struct {
	name, fallback string
	// rare values are all different, such as positions on the globe: no other client asks
	// for the same, and a person's position must not be kept.
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

// get reads a parameter. An answer may only depend on what is in the key, so asking for
// another parameter is a bug of ours.
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

func (q question) limit() (int, error) { return rest.ParseLimit(q.get("limit")) }

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
func (s *service) answerFromCatalog(w http.ResponseWriter, r *http.Request, rd *read, answer func(context.Context, question) (any, error)) error {
	q := rd.question(r)
	document, err := s.document(r.Context(), q, answer)
	if err != nil {
		return err
	}
	if s.keeps(q) {
		s.Remember(r, func(w http.ResponseWriter, r *http.Request) bool { return s.answerFromMemory(w, r, q) })
	}
	rest.WriteDocument(w, r, catalogFresh, document)
	return nil
}

// keeps tells whether answers to a question are kept at all.
func (s *service) keeps(q question) bool {
	return s.Documents != nil && s.Versions != nil && !q.rare && q.size <= longestKey
}

func (s *service) answerFromMemory(w http.ResponseWriter, r *http.Request, q question) bool {
	version, known := s.Versions.Version()
	if !known {
		return false
	}
	document, ready := s.Documents.Peek(q.key(version))
	if !ready {
		return false
	}
	rest.WriteDocument(w, r, catalogFresh, document)
	return true
}

func (s *service) document(ctx context.Context, q question, answer func(context.Context, question) (any, error)) (*cache.Document, error) {
	var (
		version int64
		known   bool
	)
	if s.keeps(q) {
		version, known = s.Versions.Version()
	}
	if !known {
		body, err := render(ctx, q, answer)
		if err != nil {
			return nil, err
		}
		return cache.PlainDocument(rest.JSON, body), nil
	}
	return s.Documents.Get(ctx, q.key(version), q.read.kept, func(ctx context.Context) (*cache.Document, bool, error) {
		ctx, cancel := context.WithTimeout(ctx, s.RequestTimeout)
		defer cancel()
		body, err := render(ctx, q, answer)
		if err != nil {
			return nil, false, err
		}
		// The version goes back when a primary is lost. Then it is unknown which version
		// was read.
		now, stillKnown := s.Versions.Version()
		return cache.NewDocument(rest.JSON, body), stillKnown && now >= version, nil
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
