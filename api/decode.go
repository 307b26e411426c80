package api

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
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	maxBody  = 1 << 20
	maxDepth = 16

	defaultLimit = 20
	maxLimit     = 100
)

// decode reads a JSON body strictly. What cannot be read is malformed_request,
// with the field named where there is one; what can be read but does not pass is
// the caller's to report.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readJSON(w, r)
	if err != nil {
		return err
	}
	return decodeBody(body, into)
}

// decodeOptional is decode for a body that may be left out.
func decodeOptional(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readJSON(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	return decodeBody(body, into)
}

func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		if err != nil || media != jsonType {
			return nil, booking.E(codeUnsupportedMedia, "Send the body as application/json.")
		}
	}
	return readBody(w, r)
}

func decodeBody(body []byte, into any) error {
	// Postgres has no place for this character, so no field may hold it.
	if bytes.Contains(body, []byte(`\u0000`)) {
		return booking.E(booking.CodeMalformed, "The body contains the character U+0000.")
	}
	if tooDeep(body) {
		return booking.E(booking.CodeMalformed, "The body is nested more than %d levels deep.", maxDepth)
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
	if unknown := unknownFields("", body, reflect.TypeOf(into)); len(unknown) > 0 {
		e := booking.E(booking.CodeMalformed, "The body has fields that this request does not know.")
		e.Fields = unknown
		return e
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, booking.E(codeBodyTooLarge, "The body may have at most %d bytes.", maxBody)
	case err != nil:
		return nil, booking.E(booking.CodeMalformed, "The body could not be read to its end.").Wrap(err)
	}
	return body, nil
}

func malformed(err error) error {
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		e := booking.E(booking.CodeMalformed, "The field %s has the wrong type.", wrongType.Field)
		e.Fields = []booking.FieldError{{
			Field:   wrongType.Field,
			Message: fmt.Sprintf("Must be %s, not %s.", kindName(wrongType.Type), wrongType.Value),
		}}
		return e
	case errors.As(err, &wrongType):
		return booking.E(booking.CodeMalformed, "The body must be a JSON object.")
	default:
		return booking.E(booking.CodeMalformed, "The body is not a JSON document.").Wrap(err)
	}
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// tooDeep counts brackets outside of strings before anything is decoded, so that
// a hostile body costs one pass over its bytes.
func tooDeep(body []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// unknownFields names every field of a JSON object that a struct does not have.
// encoding/json would match names without regard to case, and stop at the first.
func unknownFields(prefix string, data []byte, t reflect.Type) []booking.FieldError {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice {
		return unknownInList(prefix, data, t.Elem())
	}
	var object map[string]json.RawMessage
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Map || json.Unmarshal(data, &object) != nil {
		return nil
	}
	known := fieldsOf(t)
	var unknown []booking.FieldError
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		if t.Kind() == reflect.Map {
			unknown = append(unknown, unknownFields(clip(prefix+name)+".", value, t.Elem())...)
			continue
		}
		if fieldType, ok := known[name]; ok {
			unknown = append(unknown, unknownFields(prefix+name+".", value, fieldType)...)
			continue
		}
		unknown = append(unknown, booking.FieldError{Field: clip(prefix + name), Message: "There is no such field."})
	}
	return unknown
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

func unknownInList(prefix string, data []byte, element reflect.Type) []booking.FieldError {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return nil
	}
	var unknown []booking.FieldError
	for i, item := range list {
		at := fmt.Sprintf("%s[%d].", strings.TrimSuffix(prefix, "."), i)
		unknown = append(unknown, unknownFields(at, item, element)...)
	}
	return unknown
}

// clip keeps what a caller sent short enough to be told back.
func clip(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// pathID reads a UUID from the path. Anything else names nothing: 404.
func pathID(r *http.Request, what string) (string, error) {
	id, err := uuid.Parse(mux.Vars(r)["id"])
	if err != nil {
		return "", booking.E(booking.CodeNotFound, "There is no such %s.", what)
	}
	return id.String(), nil
}

// limitOf reads ?limit.
func limitOf(r *http.Request) (int, error) { return limitFrom(r.URL.Query().Get("limit")) }

func limitFrom(text string) (int, error) {
	if text == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, booking.Invalid(booking.FieldError{
			Field: "limit", Message: fmt.Sprintf("Must be a whole number from 1 to %d.", maxLimit),
		})
	}
	return limit, nil
}
