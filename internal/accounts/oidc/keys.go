package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// signed are the algorithms that an ID token may be signed with. Those with a shared secret
// (HS256) and none are not among them: with them a public key, or nothing, would do.
var signed = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

var (
	errUnknownKey = errors.New("no key of the issuer has this key id")
	errNoKeyID    = errors.New("the token names no key, and the issuer has several")
	errSignature  = errors.New("the signature is of another key")
)

// keySet is the keys of one issuer. It is in place of the library's own, which keeps a key
// that the issuer has taken back until another is missed, and fetches for each unknown key.
type keySet struct{ keys *kept[[]jose.JSONWebKey] }

var _ oidc.KeySet = keySet{}

func newKeySet(client *http.Client, address func(context.Context) (string, error), now func() time.Time) keySet {
	return keySet{&kept[[]jose.JSONWebKey]{now: now, fetch: func(ctx context.Context) ([]jose.JSONWebKey, error) {
		from, err := address(ctx)
		if err != nil {
			return nil, err
		}
		return fetchKeys(ctx, client, from)
	}}}
}

// VerifySignature implements oidc.KeySet.
func (s keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, signed)
	switch {
	case err != nil:
		return nil, err
	case len(jws.Signatures) != 1:
		return nil, errSignature
	}
	keys, err := s.keys.get(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("fetch the keys of the issuer: %w", err)
	}
	payload, err := verify(jws, keys)
	if err == nil || errors.Is(err, errNoKeyID) {
		return payload, err
	}
	// The issuer may have new keys.
	if keys, err = s.keys.get(ctx, true); err != nil {
		return nil, fmt.Errorf("fetch the keys of the issuer: %w", err)
	}
	return verify(jws, keys)
}

func verify(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, error) {
	header := jws.Signatures[0].Header
	if header.KeyID == "" && len(keys) != 1 {
		return nil, errNoKeyID
	}
	wrong := errUnknownKey
	for _, key := range keys {
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		payload, err := jws.Verify(&key)
		if err == nil {
			return payload, nil
		}
		wrong = errSignature
	}
	return nil, wrong
}

// fetchKeys takes a good answer only: a page that says that the issuer is away is no key set.
func fetchKeys(ctx context.Context, client *http.Client, address string) ([]jose.JSONWebKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the key set has status %d", response.StatusCode)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	keys := usable(raw.Keys)
	if len(keys) == 0 {
		return nil, errors.New("the key set has no key for signatures")
	}
	return keys, nil
}

// usable leaves out keys that sign no ID tokens. A kind of key that we do not know is no
// fault of the others (RFC 7517, section 5).
func usable(raw []json.RawMessage) []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, one := range raw {
		var key jose.JSONWebKey
		if json.Unmarshal(one, &key) != nil || !key.Valid() || !key.IsPublic() || key.Use != "" && key.Use != "sig" {
			continue
		}
		if key.Algorithm != "" && !slices.Contains(signed, jose.SignatureAlgorithm(key.Algorithm)) {
			continue
		}
		keys = append(keys, key)
	}
	return keys
}
