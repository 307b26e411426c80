package api

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forged is an access token that we did not issue. Only the changed parts are wrong.
func forged(t *testing.T, w *world, method jwt.SigningMethod, key any, change func(header map[string]any, claims jwt.MapClaims)) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(w.customer, jwt.MapClaims{})
	require.NoError(t, err)
	claims := parsed.Claims.(jwt.MapClaims)
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"], token.Header["typ"] = parsed.Header["kid"], parsed.Header["typ"]
	change(token.Header, claims)
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

func TestFault56_ForgedTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	same := func(map[string]any, jwt.MapClaims) {}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)

	// The public key is public: it must not work as an HMAC secret.
	var set struct {
		Keys []struct {
			X string `json:"x"`
		} `json:"keys"`
	}
	w.do(t, call{method: "GET", path: "/.well-known/jwks.json"}).into(t, &set)
	public, err := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(public))
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

	own := testKey(t)
	tokens := map[string]string{
		"none": forged(t, w, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"none, kept signature": func() string {
			unsigned := forged(t, w, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same)
			return unsigned + "AAAA"
		}(),
		"public key as HMAC secret":      forged(t, w, jwt.SigningMethodHS256, public, same),
		"public PEM as HMAC secret":      forged(t, w, jwt.SigningMethodHS256, publicPEM, same),
		"RSA":                            forged(t, w, jwt.SigningMethodRS256, rsaKey, same),
		"another key under our kid":      forged(t, w, jwt.SigningMethodEdDSA, own, same),
		"kid as a path":                  forged(t, w, jwt.SigningMethodEdDSA, own, func(h map[string]any, _ jwt.MapClaims) { h["kid"] = "../../../../dev/null" }),
		"kid as SQL":                     forged(t, w, jwt.SigningMethodEdDSA, own, func(h map[string]any, _ jwt.MapClaims) { h["kid"] = "x' OR 1=1 --" }),
		"kid that is no text":            forged(t, w, jwt.SigningMethodEdDSA, own, func(h map[string]any, _ jwt.MapClaims) { h["kid"] = 7 }),
		"key brought along (jwk)":        forged(t, w, jwt.SigningMethodEdDSA, own, func(h map[string]any, _ jwt.MapClaims) { h["jwk"] = thumbprint(own) }),
		"a refresh token":                "c29tZSByYW5kb20gYnl0ZXM",
		"two dots":                       "..",
		"ours with one character turned": w.customer[:len(w.customer)-10] + "AAAAAAAAAA",
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			w.do(t, call{token: token, method: "GET", path: "/v1/me", status: 401, code: "unauthenticated"})
			w.do(t, call{token: token, method: "GET", path: "/v1/admin/bookings", status: 401, code: "unauthenticated"})
		})
	}
	for name, header := range map[string]string{"basic": "Basic " + w.customer, "bare": w.customer, "empty": "Bearer "} {
		t.Run(name, func(t *testing.T) {
			w.do(t, call{method: "GET", path: "/v1/me", headers: map[string]string{"Authorization": header}, status: 401, code: "unauthenticated"})
		})
	}
	w.do(t, call{method: "GET", path: "/v1/me?access_token=" + w.customer, status: 401, code: "unauthenticated"})
	w.do(t, call{token: w.customer, method: "GET", path: "/v1/me", status: 200})
}

// Tokens by our own key that say something wrong.
func TestFault56_TokensWithWrongClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(map[string]any, jwt.MapClaims){
		"expired":         func(_ map[string]any, c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
		"no expiry":       func(_ map[string]any, c jwt.MapClaims) { delete(c, "exp") },
		"other audience":  func(_ map[string]any, c jwt.MapClaims) { c["aud"] = "another-api" },
		"no audience":     func(_ map[string]any, c jwt.MapClaims) { delete(c, "aud") },
		"other issuer":    func(_ map[string]any, c jwt.MapClaims) { c["iss"] = "https://evil.example" },
		"not yet":         func(_ map[string]any, c jwt.MapClaims) { c["iat"] = time.Now().Add(time.Hour).Unix() },
		"subject no id":   func(_ map[string]any, c jwt.MapClaims) { c["sub"] = "1 OR 1=1" },
		"no role":         func(_ map[string]any, c jwt.MapClaims) { delete(c, "role") },
		"not for access":  func(h map[string]any, _ jwt.MapClaims) { h["typ"] = "JWT" },
		"without a kid":   func(h map[string]any, _ jwt.MapClaims) { delete(h, "kid") },
		"account deleted": func(_ map[string]any, c jwt.MapClaims) { c["sub"] = uuid.NewString() },
	} {
		t.Run(name, func(t *testing.T) {
			token := forged(t, w, jwt.SigningMethodEdDSA, w.tokenKey, change)
			before := w.rows()
			w.do(t, call{token: token, method: "GET", path: "/v1/me", status: 401, code: "unauthenticated"})
			if name != "account deleted" { // which only the database knows
				w.do(t, call{token: token, method: "POST", path: "/v1/bookings", body: bookBody(w.show, "A01"),
					headers: map[string]string{"Idempotency-Key": "k"}, status: 401, code: "unauthenticated"})
			}
			assert.Equal(t, before, w.rows())
		})
	}
	// The same forger can also make valid tokens: so only the claims fail here.
	good := forged(t, w, jwt.SigningMethodEdDSA, w.tokenKey, func(map[string]any, jwt.MapClaims) {})
	w.do(t, call{token: good, method: "GET", path: "/v1/me", status: 200})
}

func thumbprint(key ed25519.PrivateKey) map[string]string {
	x := base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	members, _ := json.Marshal(map[string]string{"crv": "Ed25519", "kty": "OKP", "x": x})
	sum := sha256.Sum256(members)
	return map[string]string{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": base64.RawURLEncoding.EncodeToString(sum[:])}
}
