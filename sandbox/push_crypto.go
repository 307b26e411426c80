package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var vapidHeader = regexp.MustCompile(`(?i)^vapid\s+(.*)$`)

// checkVAPID checks who sends, as push services do, and gives the sender's key.
func checkVAPID(header string, to *browser, now time.Time) (key string, refusal *reply) {
	found := vapidHeader.FindStringSubmatch(header)
	if found == nil {
		return "", pushRefusal(http.StatusUnauthorized, "Authorization must be: vapid t=…, k=…")
	}
	parameters := map[string]string{}
	for part := range strings.SplitSeq(found[1], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parameters[name] = value
	}
	key = strings.TrimRight(parameters["k"], "=")
	public, err := publicKey(key)
	if err != nil {
		return "", pushRefusal(http.StatusUnauthorized, "k must be a point of P-256, 65 bytes in base64url.")
	}
	endpoint, err := url.Parse(to.Endpoint)
	if err != nil {
		return "", pushRefusal(http.StatusInternalServerError, "The subscription has no address.")
	}
	var claims jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(parameters["t"], &claims, func(*jwt.Token) (any, error) { return public, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(endpoint.Scheme+"://"+endpoint.Host),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now }))
	switch {
	case err != nil:
		return "", pushRefusal(http.StatusForbidden, "The signature does not hold: "+err.Error())
	case claims.ExpiresAt.After(now.Add(24 * time.Hour)):
		return "", pushRefusal(http.StatusForbidden, "The token lasts longer than a day.")
	case badSubject(claims.Subject):
		return "", pushRefusal(http.StatusForbidden, "BadJwtToken: sub must be a mailto: or https: address of a host on the internet.")
	case to.ServerKey != "" && to.ServerKey != key:
		return "", pushRefusal(http.StatusForbidden, "The browser subscribed with another key.")
	}
	return key, nil
}

// badSubject is as strict as Apple is.
func badSubject(subject string) bool {
	u, err := url.Parse(subject)
	if err != nil || u.Scheme != "mailto" && u.Scheme != "https" {
		return true
	}
	host := u.Hostname()
	if u.Scheme == "mailto" {
		_, host, _ = strings.Cut(u.Opaque, "@")
	}
	labels := strings.Split(host, ".")
	return len(labels) < 2 || slices.Contains([]string{"localhost", "local", "invalid", "test", "example"}, labels[len(labels)-1])
}

func publicKey(key string) (*ecdsa.PublicKey, error) {
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return nil, err
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

// The header of an encrypted message: salt, record size, the length of the sender's key,
// the key (RFC 8188, section 2.1).
const (
	saltSize   = 16
	pointSize  = 65
	headerSize = saltSize + 4 + 1 + pointSize
)

// decrypt is what a browser does with a message (RFC 8291, section 3; RFC 8188).
func decrypt(body []byte, to *browser) ([]byte, error) {
	if len(body) < headerSize+16+1 {
		return nil, errors.New("it is shorter than its header")
	}
	salt, size, sender := body[:saltSize], binary.BigEndian.Uint32(body[saltSize:]), body[saltSize+5:headerSize]
	if int(body[saltSize+4]) != pointSize {
		return nil, errors.New("its key has another size than a point of P-256")
	}
	record := body[headerSize:]
	if size < 18 || len(record) > int(size) {
		return nil, errors.New("it has more than one record")
	}
	private, err := ecdh.P256().NewPrivateKey(to.Private)
	if err != nil {
		return nil, err
	}
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(private.PublicKey().Bytes()) + string(sender)
	secret, err := hkdf.Key(sha256.New, shared, to.Auth, info, 32)
	if err != nil {
		return nil, err
	}
	return open(record, secret, salt)
}

// open decrypts the one record and takes its padding off.
func open(record, secret, salt []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	text, err := gcm.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, errors.New("it is encrypted for another browser, or damaged")
	}
	text = []byte(strings.TrimRight(string(text), "\x00"))
	if len(text) == 0 || text[len(text)-1] != 2 {
		return nil, errors.New("it does not end in the mark of the last record")
	}
	return text[:len(text)-1], nil
}
