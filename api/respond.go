package api

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
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// page is how every list answers.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

func pageOf[T any](items []T, next string) page[T] {
	if items == nil {
		items = []T{} // a client iterates over [], not over null
	}
	return page[T]{items, next}
}

// answer sends a value that belongs to one person or one moment: not cached.
func (a *api) answer(w http.ResponseWriter, r *http.Request, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		a.fail(w, r, fmt.Errorf("render %T: %w", value, err))
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	write(w, status, jsonType, body)
}

// answerCached sends a value that many ask for. The entity tag is a hash of the
// bytes, so every replica gives the same (RFC 9110, section 8.8.3).
func (a *api) answerCached(w http.ResponseWriter, r *http.Request, fresh time.Duration, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		a.fail(w, r, fmt.Errorf("render %T: %w", value, err))
		return
	}
	writeCached(w, r, fresh, jsonType, body, etagOf(body))
}

func writeCached(w http.ResponseWriter, r *http.Request, fresh time.Duration, contentType string, body []byte, etag string) {
	header := w.Header()
	header.Set("ETag", etag)
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(fresh.Seconds())))
	if known := r.Header.Get("If-None-Match"); known != "" && matches(known, etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	write(w, http.StatusOK, contentType, body)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body))) // or a long body would go in chunks
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails
}

func etagOf(body []byte) string { return cache.ETag(body) }

var varyEncoding = []string{"Accept-Encoding"}

// writeDocument sends an answer that is ready, compressed when the client can
// read that.
func writeDocument(w http.ResponseWriter, r *http.Request, freshness []string, d *cache.Document) {
	header := w.Header()
	header["Cache-Control"] = freshness
	compressed := false
	if len(d.Gzip) > 0 {
		header["Vary"] = append(header["Vary"], varyEncoding...)
		compressed = acceptsGzip(r.Header)
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

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3). Clients that
// take anything ("*") do not ask for gzip.
func acceptsGzip(header http.Header) bool {
	for _, line := range header["Accept-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				weight = strings.ReplaceAll(weight, " ", "")
				return weight == "" || strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != ""
			}
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
