package sandbox

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form is a parsed request of Stripe's: form-encoded, with nesting written as
// metadata[booking_id]=… and lists as expand[]=… or expand[0]=….
type form struct {
	value string
	isSet bool // a value was given here, maybe the empty one
	kids  map[string]*form
}

// parseForm turns flat pairs into the tree they describe.
func parseForm(values url.Values) (*form, *stripeError) {
	root := &form{}
	for name, given := range values {
		path, ok := splitName(name)
		if !ok {
			return nil, invalidRequest("", "", "Invalid request parameter name: "+name)
		}
		for i, value := range given {
			at := root
			for _, part := range path {
				if part == "" {
					part = strconv.Itoa(i)
				}
				at = at.child(part)
			}
			at.set(value)
		}
	}
	return root, nil
}

// splitName turns a[b][] into a, b and an empty part.
func splitName(name string) ([]string, bool) {
	head, rest, nested := strings.Cut(name, "[")
	if head == "" {
		return nil, false
	}
	path := []string{head}
	for nested {
		var part string
		part, rest, nested = strings.Cut(rest, "]")
		if !nested || (rest != "" && rest[0] != '[') {
			return nil, false
		}
		path = append(path, part)
		if len(path) > 8 {
			return nil, false // nothing in the API nests deeper
		}
		rest, nested = strings.CutPrefix(rest, "[")
	}
	return path, true
}

func (f *form) child(name string) *form {
	if f.kids == nil {
		f.kids = map[string]*form{}
	}
	if f.kids[name] == nil {
		f.kids[name] = &form{}
	}
	return f.kids[name]
}

func (f *form) set(value string) { f.value, f.isSet = value, true }

// at returns the part of that name, or an empty one.
func (f *form) at(names ...string) *form {
	for _, name := range names {
		kid := f.kids[name]
		if kid == nil {
			return &form{}
		}
		f = kid
	}
	return f
}

func (f *form) has(name string) bool { return f.kids[name] != nil }

func (f *form) text(name string) string { return f.at(name).value }

// list returns the values of expand[]=a&expand[]=b in the order given.
func (f *form) list(name string) []string {
	at := f.at(name)
	byNumber := func(one, other string) int {
		a, _ := strconv.Atoi(one)
		b, _ := strconv.Atoi(other)
		return a - b
	}
	var out []string
	for _, key := range slices.SortedFunc(maps.Keys(at.kids), byNumber) {
		out = append(out, at.kids[key].value)
	}
	return out
}

// integer reads an amount or a number; ok is false when it was not given.
func (f *form) integer(name string) (n int64, ok bool, err *stripeError) {
	at := f.at(name)
	if !at.isSet {
		return 0, false, nil
	}
	n, bad := strconv.ParseInt(at.value, 10, 64)
	if bad != nil {
		return 0, false, invalidRequest("parameter_invalid_integer", name, "Invalid integer: "+at.value)
	}
	return n, true, nil
}

func (f *form) boolean(name string) (bool, *stripeError) {
	switch at := f.at(name); {
	case !at.isSet, at.value == "false":
		return false, nil
	case at.value == "true":
		return true, nil
	default:
		return false, invalidRequest("", name, "Invalid boolean: "+at.value)
	}
}

// choice reads one of a fixed set of words.
func (f *form) choice(name string, allowed ...string) (string, *stripeError) {
	value := f.text(name)
	if value == "" || slices.Contains(allowed, value) {
		return value, nil
	}
	return "", invalidRequest("", name, "Invalid "+name+": must be one of "+strings.Join(allowed, ", ")+".")
}

// only refuses every name that is not allowed, as Stripe does.
func (f *form) only(prefix string, allowed ...string) *stripeError {
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(f.kids)) {
		if !slices.Contains(allowed, name) {
			unknown = append(unknown, nested(prefix, name))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	text := "Received unknown parameter: "
	if len(unknown) > 1 {
		text = "Received unknown parameters: "
	}
	return invalidRequest("parameter_unknown", unknown[0], text+strings.Join(unknown, ", "))
}

// nested writes a name as the request did.
func nested(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "[" + name + "]"
}

// mergeMetadata applies metadata[k]=v to what is there; an empty value removes
// the key, and an empty metadata= removes them all.
// https://docs.stripe.com/api/metadata
func (f *form) mergeMetadata(old map[string]string) (map[string]string, *stripeError) {
	merged := map[string]string{}
	at := f.at("metadata")
	if !at.isSet {
		maps.Copy(merged, old)
	}
	for k, v := range at.kids {
		switch {
		case len(v.kids) > 0:
			return nil, invalidRequest("", "metadata["+k+"]", "Metadata values must be strings.")
		case len(k) > 40:
			return nil, invalidRequest("", "metadata", "Metadata keys can be up to 40 characters long.")
		case len(v.value) > 500:
			return nil, invalidRequest("", "metadata["+k+"]", "Metadata values can be up to 500 characters long.")
		case v.value == "":
			delete(merged, k)
		default:
			merged[k] = v.value
		}
	}
	if len(merged) > 50 {
		return nil, invalidRequest("", "metadata", "You can have up to 50 metadata keys.")
	}
	return merged, nil
}
