package accounts

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// forger makes tokens. What it does not change is as we issue it, and by our own key unless
// said otherwise: so each vector is refused for its own reason.
type forger struct {
	t      *testing.T
	tokens *Tokens
	key    ed25519.PrivateKey
}

type fields = map[string]any

func newForger(t *testing.T) *forger {
	t.Helper()
	key := newTokenKey(t)
	return &forger{t: t, tokens: newTokens(t, key), key: key}
}

func (f *forger) header(change fields) fields {
	return changed(fields{"alg": "EdDSA", "kid": f.tokens.signerID, "typ": tokenType}, change)
}

func (f *forger) claims(change fields) fields {
	now := time.Now()
	return changed(fields{
		"iss": issuer, "sub": somebody.ID, "aud": []string{audience}, "jti": uuid.NewString(),
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "role": "admin", "sid": family,
	}, change)
}

// changed sets members, and removes those that are nil.
func changed(members, change fields) fields {
	maps.Copy(members, change)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	return members
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (f *forger) json(members fields) string {
	f.t.Helper()
	text, err := json.Marshal(members)
	require.NoError(f.t, err)
	return string(text)
}

// raw signs a header and claims as they are written, by our key.
func (f *forger) raw(header, claims string) string {
	signed := encode(header) + "." + encode(claims)
	return signed + "." + encode(string(ed25519.Sign(f.key, []byte(signed))))
}

func (f *forger) with(header, claims fields) string {
	f.t.Helper()
	return f.raw(f.json(f.header(header)), f.json(f.claims(claims)))
}

// by signs with another algorithm or key.
func (f *forger) by(method jwt.SigningMethod, key any, header fields) string {
	f.t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(f.claims(nil)))
	token.Header = f.header(changed(fields{"alg": method.Alg()}, header))
	signed, err := token.SignedString(key)
	require.NoError(f.t, err)
	return signed
}

// unsigned has alg as it is written, and any signature.
func (f *forger) unsigned(alg, signature string) string {
	return encode(f.json(f.header(fields{"alg": alg}))) + "." + encode(f.json(f.claims(nil))) + "." + signature
}

// parts are the segments of a good token.
func (f *forger) parts() (header, claims, signature string) {
	all := strings.Split(f.with(nil, nil), ".")
	return all[0], all[1], all[2]
}

// Fault 56: alg none, key confusion, wrong audience, kid traversal, and relatives.
func TestFault56_HostileTokens(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	for _, good := range []string{f.with(nil, nil), f.with(nil, fields{"aud": audience}), f.with(nil, fields{"nbf": time.Now().Unix()})} {
		_, err := f.tokens.Verify(good)
		require.NoError(t, err, "the forger's tools work")
	}
	all := map[string]string{}
	for _, some := range []map[string]string{f.algorithms(), f.keyIDs(), f.headers(), f.wrongClaims(), f.encodings(), f.signatures()} {
		for name, token := range some {
			require.NotContains(t, all, name)
			all[name] = token
		}
	}
	assert.GreaterOrEqual(t, len(all), 60)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, err := f.tokens.Verify(all[name])
			assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "%v", err)
			assert.Nil(t, claims)
		})
	}
}

func (f *forger) algorithms() map[string]string {
	public := f.key.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(f.t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(f.t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f.t, err)
	_, _, signature := f.parts()
	tokens := map[string]string{
		"HS256 with the public key":      f.by(jwt.SigningMethodHS256, []byte(public), nil),
		"HS256 with the public PEM":      f.by(jwt.SigningMethodHS256, publicPEM, nil),
		"HS256 with the public DER":      f.by(jwt.SigningMethodHS256, der, nil),
		"HS256 with the public JWKS":     f.by(jwt.SigningMethodHS256, f.tokens.JWKS(), nil),
		"HS256 with an empty secret":     f.by(jwt.SigningMethodHS256, []byte{}, nil),
		"HS384 with the public key":      f.by(jwt.SigningMethodHS384, []byte(public), nil),
		"HS512 with the public key":      f.by(jwt.SigningMethodHS512, []byte(public), nil),
		"RS256":                          f.by(jwt.SigningMethodRS256, rsaKey, nil),
		"PS256":                          f.by(jwt.SigningMethodPS256, rsaKey, nil),
		"ES256":                          f.by(jwt.SigningMethodES256, ecKey, nil),
		"ES256 with a zero signature":    f.unsigned("ES256", encode(strings.Repeat("\x00", 64))),
		"EdDSA with a zero signature":    f.unsigned("EdDSA", encode(strings.Repeat("\x00", 64))),
		"alg none with a good signature": f.unsigned("none", signature),
		"alg is missing":                 f.with(fields{"alg": nil}, nil),
		"alg is a list":                  f.with(fields{"alg": []string{"EdDSA"}}, nil),
		"alg is in lower case":           f.with(fields{"alg": "eddsa"}, nil),
		"alg names the curve":            f.with(fields{"alg": "Ed25519"}, nil),
		"alg looks like EdDSA":           f.with(fields{"alg": "EdDSА"}, nil), // the last letter is Cyrillic
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", "none ", "nοne", ""} { // one o is Greek
		tokens["alg "+none+"|"] = f.unsigned(none, "")
	}
	return tokens
}

func (f *forger) keyIDs() map[string]string {
	own := newTokenKey(f.t)
	tokens := map[string]string{
		"kid of ours, key of another": f.by(jwt.SigningMethodEdDSA, own, nil),
		"kid of the other key":        f.by(jwt.SigningMethodEdDSA, own, fields{"kid": newJWK(own.Public().(ed25519.PublicKey)).ID}),
	}
	for name, kid := range map[string]any{
		"is missing": nil, "is empty": "", "is not known": "other", "is a path": "../../../../dev/null", "is an address": "https://evil.example/key",
		"is a file": "file:///dev/null", "is SQL": "x' UNION SELECT 'key' --", "is a command": "|/usr/bin/id", "is long": strings.Repeat("k", 2000),
		"is a number": 1, "is an object": fields{"id": f.tokens.signerID}, "is a list": []string{f.tokens.signerID}, "is true": true,
		"has a space": f.tokens.signerID + " ", "has a NUL": f.tokens.signerID + "\x00", "has a line break": f.tokens.signerID + "\n",
		"is in upper case": strings.ToUpper(f.tokens.signerID), "is padded": f.tokens.signerID + "=",
	} {
		tokens["kid "+name] = f.with(fields{"kid": kid}, nil)
	}
	return tokens
}

func (f *forger) headers() map[string]string {
	own := newTokenKey(f.t)
	ownJWK := newJWK(own.Public().(ed25519.PublicKey))
	good := f.json(f.header(nil))
	tokens := map[string]string{
		"jwk of another, signed by it":  f.by(jwt.SigningMethodEdDSA, own, fields{"jwk": ownJWK}),
		"jwk, no kid":                   f.by(jwt.SigningMethodEdDSA, own, fields{"jwk": ownJWK, "kid": nil}),
		"jku of another, signed by it":  f.by(jwt.SigningMethodEdDSA, own, fields{"jku": "https://evil.example/jwks.json"}),
		"alg twice, none first":         f.raw(`{"alg":"none",`+good[1:], f.json(f.claims(nil))),
		"alg twice, none last":          f.raw(good[:len(good)-1]+`,"alg":"none"}`, f.json(f.claims(nil))),
		"kid twice":                     f.raw(`{"kid":"other",`+good[1:], f.json(f.claims(nil))),
		"ALG beside alg":                f.raw(`{"ALG":"none",`+good[1:], f.json(f.claims(nil))),
		"header is a list":              f.raw(`[`+good+`]`, f.json(f.claims(nil))),
		"header is null":                f.raw(`null`, f.json(f.claims(nil))),
		"header is text":                f.raw(`"EdDSA"`, f.json(f.claims(nil))),
		"header is no JSON":             f.raw(`{alg:EdDSA}`, f.json(f.claims(nil))),
		"header has more after its end": f.raw(good+`{}`, f.json(f.claims(nil))),
		"header has a byte order mark":  f.raw("\ufeff"+good, f.json(f.claims(nil))),
	}
	for name, value := range map[string]any{
		"jku": "https://boxoffice.example/jwks.json", "x5u": "https://evil.example/cert.pem", "x5c": []string{"MIIB"}, "x5t": "AAAA",
		"jwk": ownJWK, "crit": []string{"exp"}, "b64": false, "cty": "JWT", "zip": "DEF", "enc": "A256GCM", "url": "https://evil.example",
	} {
		tokens["header with "+name] = f.with(fields{name: value}, nil)
	}
	for name, typ := range map[string]any{
		"is missing": nil, "is JWT": "JWT", "is another of ours": "ticket+jwt", "is in upper case": "AT+JWT", "is a list": []string{tokenType},
		"is of a log-out": "logout+jwt", "has its prefix": "application/at+jwt", "is a number": 1,
	} {
		tokens["typ "+name] = f.with(fields{"typ": typ}, nil)
	}
	return tokens
}

func (f *forger) wrongClaims() map[string]string {
	now := time.Now()
	good := f.json(f.claims(nil))
	header := f.json(f.header(nil))
	tokens := map[string]string{
		"sub twice":                    f.raw(header, `{"sub":"`+uuid.NewString()+`",`+good[1:]),
		"SUB beside sub":               f.raw(header, good[:len(good)-1]+`,"SUB":"`+uuid.NewString()+`"}`),
		"sub with a long s beside sub": f.raw(header, good[:len(good)-1]+`,"ſub":"`+uuid.NewString()+`"}`),
		"role twice":                   f.raw(header, good[:len(good)-1]+`,"role":"customer"}`),
		"exp twice":                    f.raw(header, good[:len(good)-1]+`,"exp":9999999999}`),
		"claims are a list":            f.raw(header, `[`+good+`]`),
		"claims are null":              f.raw(header, `null`),
		"claims are no JSON":           f.raw(header, `sub=1`),
		"claims are empty":             f.raw(header, `{}`),
		"claims have more after them":  f.raw(header, good+good),
		"claims are cut":               f.raw(header, good[:len(good)-1]),
		"claims are a nested token":    f.raw(header, f.with(nil, nil)),
	}
	for claim, values := range map[string]map[string]any{
		"iss": {"is missing": nil, "is empty": "", "is another": "https://evil.example", "has a slash more": issuer + "/", "is a list": []string{issuer},
			"is over http": "http://boxoffice.example", "looks like ours": "https://bоxoffice.example"}, // the first o is Cyrillic
		"aud": {"is missing": nil, "is empty": "", "is an empty list": []string{}, "is another": "scanner", "is another of a list": []string{"scanner"},
			"is also another": []string{audience, "scanner"}, "is an object": fields{"a": audience}, "is in upper case": "BOXOFFICE-API"},
		"exp": {"is missing": nil, "is over": now.Add(-time.Minute).Unix(), "is years ahead": now.AddDate(10, 0, 0).Unix(), "is an hour ahead": now.Add(time.Hour).Unix(),
			"is text": "9999999999", "is endless": 1e300, "is negative": -1, "is zero": 0, "is in milliseconds": now.Add(time.Minute).UnixMilli()},
		"iat": {"is missing": nil, "is ahead": now.Add(time.Hour).Unix(), "is text": "now", "is long ago": now.Add(-time.Hour).Unix(), "is a list": []int{1}},
		"nbf": {"is ahead": now.Add(time.Hour).Unix(), "is text": "now"},
		"sub": {"is missing": nil, "is empty": "", "is a name": "admin", "is SQL": "1 OR 1=1", "is in braces": "{" + somebody.ID + "}", "is a URN": "urn:uuid:" + somebody.ID,
			"is in upper case": strings.ToUpper(somebody.ID), "has no dashes": strings.ReplaceAll(somebody.ID, "-", ""), "has a NUL": somebody.ID + "\x00",
			"is a number": 1, "is a list": []string{somebody.ID}, "has wide digits": strings.Replace(somebody.ID, "7", "７", 1)},
		"sid":  {"is missing": nil, "is empty": "", "is a name": "current", "is a list": []string{family}, "is in upper case": strings.ToUpper(family)},
		"role": {"is missing": nil, "is empty": "", "is a list": []string{"admin"}, "is a number": 1},
	} {
		for name, value := range values {
			tokens[claim+" "+name] = f.with(nil, fields{claim: value})
		}
	}
	return tokens
}

func (f *forger) encodings() map[string]string {
	header, claims, signature := f.parts()
	whole := header + "." + claims + "." + signature
	standard := func(segment string) string {
		decoded, err := base64.RawURLEncoding.DecodeString(segment)
		require.NoError(f.t, err)
		return base64.StdEncoding.EncodeToString(decoded)
	}
	return map[string]string{
		"empty": "", "one dot": ".", "two dots": "..", "three dots": "...", "words": "let me in", "binary": "\x00\xff",
		"header alone": header, "no signature": header + "." + claims, "empty signature": header + "." + claims + ".",
		"empty header": "." + claims + "." + signature, "empty claims (detached)": header + ".." + signature,
		"a segment more": whole + ".AAAA", "an empty segment more": whole + ".", "five segments (JWE)": header + ".AAAA.AAAA." + claims + "." + signature,
		"JSON serialization": `{"protected":"` + header + `","payload":"` + claims + `","signature":"` + signature + `"}`,
		"padded signature":   whole + "==", "padded header": header + "=." + claims + "." + signature,
		"standard base64":     header + "." + standard(claims) + "." + standard(signature),
		"a line break at end": whole + "\n", "a line break inside": header + "." + claims + "." + signature[:8] + "\r\n" + signature[8:],
		"a space before": " " + whole, "a space behind": whole + " ", "a NUL behind": whole + "\x00", "percent-encoded dots": header + "%2e" + claims + "%2e" + signature,
		"wide dots":            header + "．" + claims + "．" + signature,
		"last bits not zero":   whole[:len(whole)-1] + nextLetter(whole[len(whole)-1]),
		"huge":                 f.with(nil, fields{"jti": strings.Repeat("x", 1<<20)}),
		"longer than any":      f.with(nil, fields{"jti": strings.Repeat("x", maxToken)}),
		"deep":                 f.raw(f.json(f.header(nil)), `{"a":`+strings.Repeat("[", 900)+strings.Repeat("]", 900)+`,`+f.json(f.claims(fields{"sub": nil}))[1:]),
		"many dots":            strings.Repeat("a.", 1<<16),
		"a scheme before":      "Bearer " + whole,
		"two tokens":           whole + "," + whole,
		"a browser's token":    "b." + encode(strings.Repeat("r", 32)),
		"an app's token":       encode(strings.Repeat("r", 32)),
		"a ticket's like form": encode("{}") + "." + encode("{}") + "." + signature,
	}
}

// nextLetter has the same leading four bits in base64url. A signature of 64 bytes leaves
// the last four of its last letter unused.
func nextLetter(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)+1])
}

func (f *forger) signatures() map[string]string {
	header, claims, signature := f.parts()
	decoded, err := base64.RawURLEncoding.DecodeString(signature)
	require.NoError(f.t, err)
	by := func(change func([]byte) []byte) string {
		return header + "." + claims + "." + encode(string(change(slices.Clone(decoded))))
	}
	other := strings.Split(f.with(nil, fields{"sub": uuid.NewString()}), ".")
	return map[string]string{
		"signature with its first byte changed": by(func(s []byte) []byte { s[0] ^= 1; return s }),
		"signature with its last byte changed":  by(func(s []byte) []byte { s[63] ^= 1; return s }),
		"signature a byte short":                by(func(s []byte) []byte { return s[:63] }),
		"signature a byte long":                 by(func(s []byte) []byte { return append(s, 0) }),
		"signature in reverse":                  by(func(s []byte) []byte { slices.Reverse(s); return s }),
		"signature plus the group's order":      by(plusOrder),
		"signature of other claims":             header + "." + claims + "." + other[2],
		"claims of another signature":           header + "." + other[1] + "." + signature,
		"signature of the claims alone":         header + "." + claims + "." + encode(string(ed25519.Sign(f.key, []byte(claims)))),
		"signature of the decoded claims":       header + "." + claims + "." + encode(string(ed25519.Sign(f.key, []byte(f.json(f.claims(nil)))))),
	}
}

// plusOrder is another signature that holds by the equation alone: S + L (RFC 8032, section
// 5.1.7 and 8.4, which demands S < L).
func plusOrder(signature []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(signature[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(signature[:32], sum...)
}

// Keys overlap: the next one signs, the old one verifies until it is dropped.
func TestFault56_AKeyThatWasDroppedVerifiesNothing(t *testing.T) {
	t.Parallel()
	old, next := newTokenKey(t), newTokenKey(t)
	token, err := newTokens(t, old).Issue(somebody, family)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		keys []ed25519.PrivateKey
		good bool
	}{
		"before": {[]ed25519.PrivateKey{old}, true}, "published": {[]ed25519.PrivateKey{old, next}, true},
		"signs": {[]ed25519.PrivateKey{next, old}, true}, "dropped": {[]ed25519.PrivateKey{next}, false},
	} {
		_, err := newTokens(t, c.keys...).Verify(token)
		assert.Equal(t, c.good, err == nil, name)
	}
}

// What every access token says (RFC 9068, section 2.2).
func TestAccessTokensSayWhoAndForWhom(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, newTokenKey(t))
	token, err := tokens.Issue(somebody, family)
	require.NoError(t, err)
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, claims)
	require.NoError(t, err)
	assert.Equal(t, fields{"alg": "EdDSA", "kid": tokens.signerID, "typ": "at+jwt"}, fields(parsed.Header))
	assert.Equal(t, []string{"aud", "exp", "iat", "iss", "jti", "role", "sid", "sub"}, slices.Sorted(maps.Keys(claims)))
	assert.Equal(t, issuer, claims["iss"])
	assert.Equal(t, []any{audience}, claims["aud"])
	assert.InDelta(t, 15*60, claims["exp"].(float64)-claims["iat"].(float64), 0)
	assert.Less(t, len(token), maxToken/4)
}
