// Package jsondoc has what the API and the importer of files both need to read JSON
// that strangers wrote.
//
// What does not live here: how each of them decodes, and what it says of a mistake.
package jsondoc

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// MaxDepth is deeper than any field of a request or a file goes.
const MaxDepth = 16

// TooDeep tells whether a document is nested more than MaxDepth levels deep. It counts
// brackets outside of strings before anything is decoded, so that a hostile document
// costs one pass over its bytes.
func TooDeep(document []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, c := range document {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// Field is the path of the field that has the wrong type, as its writer knows it:
// encoding/json puts Go's names of embedded structs into the path. No field of ours
// begins with a capital letter. Empty when the document itself has the wrong type.
func Field(err *json.UnmarshalTypeError) string {
	path := slices.DeleteFunc(strings.Split(err.Field, "."), func(name string) bool {
		return name != "" && 'A' <= name[0] && name[0] <= 'Z'
	})
	return strings.Join(path, ".")
}

// Kind names what a field takes, for the person who wrote something else.
func Kind(t reflect.Type) string {
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
