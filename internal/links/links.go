// Package links signs the addresses that open one booking for reading, without a log-in:
// those in messages, and the one to which a payment returns. Who has such an address has a
// ticket in hand, so it opens that booking and nothing else of its account, and it ends
// some days after the show.
//
// Nothing is stored. A token is a version and a MAC over the version, the scope and the
// booking's id. The keys of the MAC are derived from those of tickets (HKDF, RFC 5869): a
// signature of one never holds for the other, and both change together. The first key
// signs, all verify.
//
// What does not live here: whether the link has expired, which only a reader of the show
// knows (see Expired), and what a reader may see.
package links

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Scope is what a link is good for.
type Scope string

// Read is for the booking, its stream and its ticket.
const Read Scope = "read"

// Parameter is the part of an address's query that carries the token. The query, since
// logs have the path only.
const Parameter = "key"

// ShortPath is the path of short addresses.
const ShortPath = "/b"

const (
	// version is the first character of a token. A later form gets another one.
	version = "1"
	// size is how much of the MAC a token carries: half of it, which RFC 2104 allows, and
	// which leaves room for words in an SMS.
	size = sha256.Size / 2
	// idLength is that of a booking's id in a short address.
	idLength = 22
	// purpose separates these keys from others that are derived from the same secrets.
	purpose = "boxoffice: links that open one booking"
	// keptAfterShow is how long after the end of its show a booking is still opened by its
	// link: long enough to see that money has come back.
	keptAfterShow = 7 * 24 * time.Hour
)

// encoding is strict: exactly one text says a token.
var encoding = base64.RawURLEncoding.Strict()

// Links makes and checks tokens, and knows how browsers keep them.
type Links struct {
	keys   [][]byte
	base   string
	cookie http.Cookie
}

// New makes links to the platform at publicURL. The keys are those of tickets.
func New(publicURL string, keys []ed25519.PrivateKey) (*Links, error) {
	public, err := url.Parse(publicURL)
	if err != nil || public.Host == "" || public.Scheme != "https" && public.Scheme != "http" {
		return nil, fmt.Errorf("links: PublicURL %q is no address: write it like https://boxoffice.example", publicURL)
	}
	if len(keys) == 0 {
		return nil, errors.New("links: a key is missing: give those of tickets")
	}
	l := &Links{base: strings.TrimRight(publicURL, "/"), cookie: cookieOf(public.Scheme == "https")}
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key.Seed(), nil, purpose, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("links: derive a key: %w", err)
		}
		l.keys = append(l.keys, derived)
	}
	return l, nil
}

// Expired tells whether links to a booking have ended. The show's end is as it stands now:
// a show that was moved takes its links along.
func Expired(showEnds, now time.Time) bool { return now.After(showEnds.Add(keptAfterShow)) }

// Address is a page of the app with the token of the booking. The path begins with a slash,
// a query of it comes before the token.
func (l *Links) Address(path string, scope Scope, bookingID string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return l.base + path + mark + Parameter + "=" + l.Token(scope, bookingID)
}

// Own tells whether an address is one of this app, with a path that begins so.
func (l *Links) Own(address, path string) bool { return strings.HasPrefix(address, l.base+path) }

// Short is the address of a booking with its token for a message that pays by the character:
// no longer than the booking's own address.
func (l *Links) Short(scope Scope, bookingID string) string {
	id, err := uuid.Parse(bookingID)
	if err != nil {
		return l.base + ShortPath
	}
	return l.base + ShortPath + "?" + version + encoding.EncodeToString(id[:]) + l.Token(scope, bookingID)[len(version):]
}

// ReadShort takes the query of a short address apart. What messengers add to a query follows
// an ampersand. Whether the token opens the booking is not said yet.
func ReadShort(query string) (bookingID, token string, readable bool) {
	query, _, _ = strings.Cut(query, "&")
	text, found := strings.CutPrefix(query, version)
	if !found || len(text) <= idLength {
		return "", "", false
	}
	id, err := encoding.DecodeString(text[:idLength])
	if err != nil || len(id) != len(uuid.UUID{}) {
		return "", "", false
	}
	return uuid.UUID(id).String(), version + text[idLength:], true
}

// Token signs. The same booking has the same token until the key changes: a message that
// is sent again says the same.
func (l *Links) Token(scope Scope, bookingID string) string {
	id, err := uuid.Parse(bookingID)
	if err != nil {
		return "" // which opens nothing
	}
	return version + encoding.EncodeToString(sign(l.keys[0], scope, id))
}

// Verify tells whether the token opens this booking, for this scope.
func (l *Links) Verify(token string, scope Scope, bookingID string) bool {
	text, found := strings.CutPrefix(token, version)
	id, wrong := uuid.Parse(bookingID)
	// Even a strict decoder skips line breaks, so the length counts.
	if !found || wrong != nil || len(text) != encoding.EncodedLen(size) {
		return false
	}
	given, err := encoding.DecodeString(text)
	if err != nil || len(given) != size {
		return false
	}
	fits := false
	for _, key := range l.keys {
		fits = hmac.Equal(given, sign(key, scope, id)) || fits
	}
	return fits
}

// sign is of parts that cannot run into each other: the id has a fixed length.
func sign(key []byte, scope Scope, id uuid.UUID) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(version + "\x00" + string(scope) + "\x00"))
	mac.Write(id[:])
	return mac.Sum(nil)[:size]
}
