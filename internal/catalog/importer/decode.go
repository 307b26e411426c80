package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/boxoffice/boxoffice/internal/jsondoc"
)

// A line is a struct whose fields are pointers: what is nil is not said, and
// stays as it is.

// specOf reads the fields of a line from its struct's tags.
func specOf[T any]() spec {
	types := spec{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if name := nameOf(field); name != "" {
			types[name] = field.Type.Elem()
		}
	}
	return types
}

func nameOf(field reflect.StructField) string { return field.Tag.Get("json") }

// decode reads a record into a line, every field by itself, so that all that is
// wrong is said at once.
func decode[T any](rec record, f *findings) T {
	var line T
	into := reflect.ValueOf(&line).Elem()
	fields := map[string]reflect.Value{}
	for _, field := range reflect.VisibleFields(into.Type()) {
		if name := nameOf(field); name != "" {
			fields[name] = into.FieldByIndex(field.Index)
		}
	}
	for _, name := range rec.order {
		field, known := fields[name]
		if !known {
			f.add(name, "There is no such field.")
			continue
		}
		if err := strict(rec.members[name], field.Addr().Interface()); err != nil {
			path, message := explain(err)
			if field.Type().Elem().Kind() == reflect.Map {
				message = "Must be a whole number of minor units for each category."
			}
			f.add(strings.TrimSuffix(name+"."+path, "."), "%s", message)
			field.SetZero()
		}
	}
	return line
}

// strict decodes JSON and refuses fields that the target does not have.
func strict(data []byte, into any) error {
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	return in.Decode(into)
}

func explain(err error) (path, message string) {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return jsondoc.Field(wrongType), fmt.Sprintf("Must be %s.", jsondoc.Kind(wrongType.Type))
	}
	// The library has no type for this one.
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return strings.Trim(name, `"`), "There is no such field."
	}
	return "", "Cannot be read: " + err.Error() + "."
}
