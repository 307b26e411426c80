package cache

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
)

// Document is an answer as it goes over the wire, made once and sent many times.
// It is never changed.
type Document struct {
	Body []byte
	// Gzip is Body compressed; empty where that saves little.
	Gzip []byte
	// ETag is the entity tag of Body, quotes included (RFC 9110, section 8.8.3).
	ETag string
	// GzipETag is that of Gzip: a strong tag names bytes.
	GzipETag string
	// ContentType of Body.
	ContentType string

	// The values that every answer repeats, as header values. They are never changed
	// either.
	headers, gzipHeaders headerValues
}

type headerValues struct{ etag, contentType, contentLength []string }

// PutHeader writes the headers of the body into a header with canonical names, and returns
// the body that they describe.
func (d *Document) PutHeader(header map[string][]string, compressed bool) (body []byte) {
	values, body := &d.headers, d.Body
	if compressed {
		values, body = &d.gzipHeaders, d.Gzip
		header["Content-Encoding"] = gzipEncoding
	}
	header["Etag"] = values.etag
	header["Content-Type"] = values.contentType
	header["Content-Length"] = values.contentLength
	return body
}

var gzipEncoding = []string{"gzip"}

func (d *Document) prepare() *Document {
	kind := []string{d.ContentType}
	d.headers = headerValues{[]string{d.ETag}, kind, []string{strconv.Itoa(len(d.Body))}}
	d.gzipHeaders = headerValues{[]string{d.GzipETag}, kind, []string{strconv.Itoa(len(d.Gzip))}}
	return d
}

// A smaller body fits into one packet with its headers.
const worthCompressing = 1024

// NewDocument compresses a body and gives it an entity tag, which is a hash of
// the bytes, so that every process gives the same.
func NewDocument(contentType string, body []byte) *Document {
	d := &Document{Body: body, ETag: ETag(body), ContentType: contentType}
	d.compress()
	return d.prepare()
}

// TaggedDocument is NewDocument with an entity tag of the caller's, for a body
// whose meaning its hash does not tell.
func TaggedDocument(contentType, etag string, body []byte) *Document {
	d := &Document{Body: body, ETag: etag, ContentType: contentType}
	d.compress()
	return d.prepare()
}

// PlainDocument is NewDocument without compression, for a body that is sent once.
func PlainDocument(contentType string, body []byte) *Document {
	return (&Document{Body: body, ETag: ETag(body), ContentType: contentType}).prepare()
}

// ETag is a strong entity tag of a body.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// Accepts tells whether a client takes an encoding, by its Accept-Encoding (RFC 9110,
// section 12.5.3). Clients that take anything ("*") do not ask for one.
func Accepts(header http.Header, encoding string) bool {
	for _, line := range header["Accept-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), encoding) {
				weight = strings.ReplaceAll(weight, " ", "")
				return weight == "" || strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != ""
			}
		}
	}
	return false
}

func (d *Document) compress() {
	if len(d.Body) < worthCompressing {
		return
	}
	var buffer bytes.Buffer
	w, _ := gzip.NewWriterLevel(&buffer, gzip.DefaultCompression) // the level is valid
	_, _ = w.Write(d.Body)                                        // a buffer takes everything
	_ = w.Close()
	if buffer.Len() < len(d.Body)*9/10 {
		d.Gzip = bytes.Clone(buffer.Bytes())
		d.GzipETag = d.ETag[:len(d.ETag)-1] + `-gzip"`
	}
}

// size is about what a document takes in memory.
func (d *Document) size() int { return len(d.Body) + len(d.Gzip) + len(d.ETag)*2 + 512 }

var (
	checksums   = crc32.MakeTable(crc32.Castagnoli)
	errDocument = errors.New("this is not a document")
)

// encode writes the fields behind their lengths, after a checksum and the key: a document
// that was cut short, or belongs to another key, is refused.
func (d *Document) encode(key string) []byte {
	out := make([]byte, 4, d.size()+len(key))
	for _, field := range [][]byte{[]byte(key), []byte(d.ContentType), []byte(d.ETag), []byte(d.GzipETag), d.Body, d.Gzip} {
		out = binary.AppendUvarint(out, uint64(len(field)))
		out = append(out, field...)
	}
	binary.BigEndian.PutUint32(out, crc32.Checksum(out[4:], checksums))
	return out
}

func decodeDocument(key string, content []byte) (*Document, error) {
	if len(content) < 4 || binary.BigEndian.Uint32(content) != crc32.Checksum(content[4:], checksums) {
		return nil, errDocument
	}
	content = content[4:]
	var fields [6][]byte
	for i := range fields {
		length, read := binary.Uvarint(content)
		if read <= 0 || length > uint64(len(content)-read) {
			return nil, errDocument
		}
		content = content[read:]
		fields[i], content = content[:length:length], content[length:]
	}
	if string(fields[0]) != key {
		return nil, errDocument
	}
	d := &Document{
		ContentType: string(fields[1]), ETag: string(fields[2]), GzipETag: string(fields[3]), Body: fields[4], Gzip: fields[5],
	}
	return d.prepare(), nil
}
