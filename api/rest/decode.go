package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/jsondoc"
)

// maxNamed is how many fields a problem names; of the others it gives the number.
const maxNamed = 20

// Decode reads a JSON body strictly. A body that cannot be read is malformed_request, with
// the field named if there is one. The caller reports a body that can be read but is
// invalid.
func Decode(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readJSON(w, r)
	if err != nil {
		return err
	}
	return decodeBody(body, into)
}

// DecodeOptional is decode for a body that may be left out.
func DecodeOptional(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readJSON(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	return decodeBody(body, into)
}

func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		if err != nil || media != JSON {
			return nil, booking.E(codeUnsupportedMedia, "Send the body as application/json.")
		}
	}
	return ReadBody(w, r)
}

func decodeBody(body []byte, into any) error {
	// Postgres has no place for this character, so no field may hold it.
	if holdsNUL(body) {
		return booking.E(booking.CodeMalformed, "The body contains the character U+0000.")
	}
	if jsondoc.TooDeep(body) {
		return booking.E(booking.CodeMalformed, "The body is nested more than %d levels deep.", jsondoc.MaxDepth)
	}
	if string(bytes.TrimSpace(body)) == "null" { // which would decode into anything, and change nothing
		return booking.E(booking.CodeMalformed, "The body must be a JSON object.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(into); err != nil {
		return malformed(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return booking.E(booking.CodeMalformed, "There is something after the JSON document.")
	}
	var unknown unknownFields
	unknown.find("", body, reflect.TypeOf(into))
	if len(unknown.named) > 0 {
		e := booking.E(booking.CodeMalformed, "The body has fields that this request does not know.%s", andMore(unknown.more))
		e.Fields = unknown.named
		return e
	}
	return nil
}

// ReadBody reads a body, within the limit of its route. Codes: body_too_large,
// malformed_request.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := exchangeOf(r.Context()).bodyLimit
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, booking.E(codeBodyTooLarge, "The body may have at most %d bytes.", limit)
	case err != nil:
		return nil, booking.E(booking.CodeMalformed, "The body could not be read to its end.").Wrap(err)
	}
	return body, nil
}

func malformed(err error) error {
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		field := jsondoc.Field(wrongType)
		e := booking.E(booking.CodeMalformed, "The field %s has the wrong type.", field)
		e.Fields = []booking.FieldError{{
			Field:   field,
			Message: fmt.Sprintf("Must be %s, not %s.", jsondoc.Kind(wrongType.Type), wrongType.Value),
		}}
		return e
	case errors.As(err, &wrongType):
		return booking.E(booking.CodeMalformed, "The body must be a JSON object.")
	default:
		return booking.E(booking.CodeMalformed, "The body is not a JSON document.").Wrap(err)
	}
}

// holdsNUL finds U+0000 in a JSON document: written as an escape. An escaped backslash does
// not begin one. Raw control characters are no JSON.
func holdsNUL(body []byte) bool {
	for at := bytes.IndexByte(body, '\\'); at >= 0 && at+1 < len(body); {
		if bytes.HasPrefix(body[at:], []byte(`\u0000`)) {
			return true
		}
		next := bytes.IndexByte(body[at+2:], '\\')
		if next < 0 {
			return false
		}
		at += 2 + next
	}
	return false
}

// unknownFields are the fields of a JSON object that a struct does not have: the first ones
// by name, and the number of the others. encoding/json would match names without regard to
// case, and stop at the first.
type unknownFields struct {
	named booking.FieldErrors
	more  int
}

func (u *unknownFields) find(prefix string, data []byte, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice {
		u.findInList(prefix, data, t.Elem())
		return
	}
	var object map[string]json.RawMessage
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Map || json.Unmarshal(data, &object) != nil {
		return
	}
	known := fieldsOf(t)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		if t.Kind() == reflect.Map {
			u.find(Clip(prefix+name)+".", value, t.Elem())
		} else if fieldType, ok := known[name]; ok {
			u.find(prefix+name+".", value, fieldType)
		} else if len(u.named) < maxNamed {
			u.named.Add(Clip(prefix+name), "There is no such field.")
		} else {
			u.more++
		}
	}
}

// fieldsOf gives the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" { // what is embedded has none
			fields[name] = field.Type
		}
	}
	return fields
}

func (u *unknownFields) findInList(prefix string, data []byte, element reflect.Type) {
	for element.Kind() == reflect.Pointer {
		element = element.Elem()
	}
	var list []json.RawMessage
	if !nests(element) || json.Unmarshal(data, &list) != nil {
		return
	}
	for i, item := range list {
		u.find(fmt.Sprintf("%s[%d].", strings.TrimSuffix(prefix, "."), i), item, element)
	}
}

// nests tells whether values of a type can hold fields at all.
func nests(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map || t.Kind() == reflect.Slice
}

// andMore says how many fields were left out of a problem.
func andMore(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " One more is not listed."
	default:
		return fmt.Sprintf(" %d more are not listed.", n)
	}
}

// Clip shortens what a caller sent, so that an answer can repeat it.
func Clip(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
