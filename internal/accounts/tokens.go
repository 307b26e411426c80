package accounts

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	tokenLife = 15 * time.Minute
	// leeway is for the clocks of our own replicas.
	leeway = 30 * time.Second
	// tokenType keeps other tokens that we sign from passing for access tokens
	// (RFC 9068, section 2.1).
	tokenType = "at+jwt"
	// audience is who access tokens are meant for.
	audience = "boxoffice-api"
)

// Claims is what an access token says.
type Claims struct {
	Subject       string // account id
	Role          string
	SessionFamily string
	// LacksFactor is a session that may do nothing as staff before it shows a second factor.
	// Standing finds it out; the token does not say.
	LacksFactor bool
}

// Tokens signs and reads access tokens: JWTs (RFC 7519) signed with Ed25519
// (RFC 8037).
type Tokens struct {
	signer    ed25519.PrivateKey
	signerID  string
	verifiers map[string]ed25519.PublicKey // by key id
	jwks      []byte
	issuer    string
	parser    *jwt.Parser
	now       func() time.Time
}

// NewTokens uses the first key to sign and all of them to verify, so that a key
// is rotated by putting the next one in front and dropping the old one later.
func NewTokens(keys []ed25519.PrivateKey, issuer string) (*Tokens, error) {
	if len(keys) == 0 {
		return nil, errors.New("access tokens need a signing key")
	}
	t := &Tokens{signer: keys[0], verifiers: map[string]ed25519.PublicKey{}, issuer: issuer, now: time.Now}
	set := jwkSet{Keys: []jwk{}}
	for i, key := range keys {
		public := newJWK(key.Public().(ed25519.PublicKey))
		if i == 0 {
			t.signerID = public.ID
		}
		t.verifiers[public.ID] = key.Public().(ed25519.PublicKey)
		set.Keys = append(set.Keys, public)
	}
	var err error
	if t.jwks, err = json.Marshal(set); err != nil {
		return nil, fmt.Errorf("render the key set: %w", err)
	}
	t.parser = jwt.NewParser(
		// The algorithm is ours to choose, never the token's.
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(func() time.Time { return t.now() }), jwt.WithStrictDecoding(),
	)
	return t, nil
}

// wireClaims is Claims as it travels.
type wireClaims struct {
	jwt.RegisteredClaims
	Role   string `json:"role"`
	Family string `json:"sid"`
}

// Issue signs an access token for an account within a session.
func (t *Tokens) Issue(account Account, family string) (string, error) {
	now := t.now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, wireClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.issuer, Subject: account.ID, Audience: jwt.ClaimStrings{audience}, ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(tokenLife)),
		},
		Role: account.Role, Family: family,
	})
	token.Header["kid"] = t.signerID
	token.Header["typ"] = tokenType
	signed, err := token.SignedString(t.signer)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return signed, nil
}

// Verify reads an access token. Code: unauthenticated.
func (t *Tokens) Verify(token string) (*Claims, error) {
	var claims wireClaims
	if err := shaped(token); err != nil {
		return nil, notValid().Wrap(err)
	}
	if _, err := t.parser.ParseWithClaims(token, &claims, t.keyOf); err != nil {
		if errors.Is(err, jwt.ErrTokenExpired) {
			return nil, booking.E(booking.CodeUnauthenticated, "The access token has expired. Refresh it.").Wrap(err)
		}
		return nil, notValid().Wrap(err)
	}
	// One that lives longer than ours, or is also for others, is not one that we issued.
	if !isID(claims.Subject) || !isID(claims.Family) || claims.Role == "" || len(claims.Audience) != 1 ||
		claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > tokenLife {
		return nil, notValid()
	}
	return &Claims{Subject: claims.Subject, Role: claims.Role, SessionFamily: claims.Family}, nil
}

func notValid() *booking.Error {
	return booking.E(booking.CodeUnauthenticated, "The access token is not valid.")
}

// keyOf finds a key by the id that the token names, among ours only: the id is
// a map's key and never a path or an address.
func (t *Tokens) keyOf(token *jwt.Token) (any, error) {
	if token.Header["typ"] != tokenType {
		return nil, errors.New("not an access token")
	}
	id, _ := token.Header["kid"].(string)
	key, known := t.verifiers[id]
	if !known {
		return nil, errors.New("unknown key")
	}
	return key, nil
}

// JWKS is the public keys as a document (RFC 7517).
func (t *Tokens) JWKS() []byte { return t.jwks }

type jwkSet struct {
	Keys []jwk `json:"keys"`
}

type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// newJWK names the key by its thumbprint (RFC 7638; RFC 8037, appendix A.3).
func newJWK(key ed25519.PublicKey) jwk {
	x := base64.RawURLEncoding.EncodeToString(key)
	thumbprint := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return jwk{
		Type: "OKP", Curve: "Ed25519", X: x, ID: base64.RawURLEncoding.EncodeToString(thumbprint[:]),
		Use: "sig", Algorithm: jwt.SigningMethodEdDSA.Alg(),
	}
}
