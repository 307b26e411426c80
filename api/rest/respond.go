package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/cache"
)

const (
	JSON        = "application/json"
	problemType = "application/problem+json"
	privately   = "private, no-store"
)

// Page is how every list answers.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// PageOf is one page of a list, and the cursor of the next one.
func PageOf[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{} // a client iterates over [], not over null
	}
	return Page[T]{items, next}
}

// Answer sends a value that belongs to one person or one moment: not cached.
func Answer(w http.ResponseWriter, status int, value any) error {
	body, err := render(value)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	Write(w, status, JSON, body)
	return nil
}

// AnswerPrivate sends a value that depends on a cookie, which some caches do not look at.
func AnswerPrivate(w http.ResponseWriter, status int, value any) error {
	body, err := render(value)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", privately)
	Write(w, status, JSON, body)
	return nil
}

// AnswerCached sends a value that many ask for. The entity tag is a hash of the
// bytes, so every replica gives the same (RFC 9110, section 8.8.3).
func AnswerCached(w http.ResponseWriter, r *http.Request, fresh time.Duration, value any) error {
	body, err := render(value)
	if err != nil {
		return err
	}
	WriteCached(w, r, fresh, JSON, body)
	return nil
}

// NoContent answers 204.
func NoContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func render(value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("render %T: %w", value, err)
	}
	return body, nil
}

// WriteCached sends a body that many ask for, for how long it stays fresh.
func WriteCached(w http.ResponseWriter, r *http.Request, fresh time.Duration, contentType string, body []byte) {
	etag := cache.ETag(body)
	header := w.Header()
	header.Set("ETag", etag)
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(fresh.Seconds())))
	if known := r.Header.Get("If-None-Match"); known != "" && matches(known, etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	Write(w, http.StatusOK, contentType, body)
}

// Write sends a body with its length.
func Write(w http.ResponseWriter, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body))) // or a long body would go in chunks
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails
}

var varyEncoding = []string{"Accept-Encoding"}

// WriteDocument sends an answer that is ready, compressed when the client can
// read that.
func WriteDocument(w http.ResponseWriter, r *http.Request, freshness []string, d *cache.Document) {
	header := w.Header()
	header["Cache-Control"] = freshness
	compressed := false
	if len(d.Gzip) > 0 {
		header["Vary"] = append(header["Vary"], varyEncoding...)
		compressed = cache.Accepts(r.Header, "gzip")
	}
	if known := r.Header["If-None-Match"]; len(known) > 0 && notModified(w, d, compressed, strings.Join(known, ",")) {
		return
	}
	body := d.PutHeader(header, compressed)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the client is gone when this fails
}

// notModified answers a client that has the document, in either form.
func notModified(w http.ResponseWriter, d *cache.Document, compressed bool, known string) bool {
	etags := []string{d.ETag, d.GzipETag}
	if compressed {
		etags[0], etags[1] = etags[1], etags[0]
	}
	for _, etag := range etags {
		if etag != "" && matches(known, etag) {
			w.Header().Set("ETag", etag)
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// matches compares as RFC 9110, section 13.1.2, asks for: weakly, any of a list.
func matches(ifNoneMatch, etag string) bool {
	etag = strings.TrimPrefix(etag, "W/")
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == etag {
			return true
		}
	}
	return false
}
