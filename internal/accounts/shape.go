package accounts

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// maxToken is several times as long as an access token of ours.
const maxToken = 4 << 10

var errShape = errors.New("not the form of an access token")

// shaped refuses what two readers could read differently, before anything is parsed: a JWS
// of another form than ours (RFC 7515, section 3.1), base64 with other characters, a member
// that comes twice (RFC 8725, section 2.4), and a header that says more than ours, such as
// where to get a key (jku, x5u) or what must be understood (crit).
func shaped(token string) error {
	segments := strings.Split(token, ".")
	if len(token) > maxToken || len(segments) != 3 {
		return errShape
	}
	for _, segment := range segments {
		// Go's decoder skips line breaks, in any mode.
		if segment == "" || strings.ContainsAny(segment, "\r\n") {
			return errShape
		}
	}
	header, err := members(segments[0])
	if err != nil {
		return err
	}
	slices.Sort(header)
	if !slices.Equal(header, []string{"alg", "kid", "typ"}) {
		return errShape
	}
	_, err = members(segments[1])
	return err
}

// members names the members of an object in base64url. Go matches names without regard to
// case, so ours are in lower case.
func members(segment string) ([]string, error) {
	document, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, errShape
	}
	var names []string
	for decoder.More() {
		token, err := decoder.Token()
		name, is := token.(string)
		if err != nil || !is || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || slices.Contains(names, name) {
			return nil, errShape
		}
		names = append(names, name)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
	}
	if end, err := decoder.Token(); err != nil || end != json.Delim('}') {
		return nil, errShape
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errShape
	}
	return names, nil
}

// isID tells whether a text is a UUID as we write it. The parser also takes braces, URNs
// and upper case.
func isID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}
