package accounts

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

// sealPurpose keeps the key apart from anything else that is derived from a token.
const sealPurpose = "boxoffice: the successor of a refresh token"

// sealer encrypts with a key that only the replaced token gives (HKDF, RFC 5869, with
// SHA-256; AES-256-GCM with a random nonce). The database has the SHA-256 of that token,
// from which the key does not follow. So a copy of the database opens nothing, and there is
// no key of the platform's that could leak or would have to be rotated.
func sealer(token string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(token), nil, sealPurpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a refresh token: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal a refresh token: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts the successor of a token for clients that present that token.
func seal(token string, session uuid.UUID, successor string) ([]byte, error) {
	aead, err := sealer(token)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, []byte(successor), session[:]), nil
}

// open is the reverse of seal.
func open(token string, session uuid.UUID, sealed []byte) (string, error) {
	aead, err := sealer(token)
	if err != nil {
		return "", err
	}
	successor, err := aead.Open(nil, nil, sealed, session[:])
	if err != nil {
		return "", fmt.Errorf("open the successor of a refresh token: %w", err)
	}
	return string(successor), nil
}

var refreshesReused = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "boxoffice_refresh_tokens_reused_total",
	Help: "Sessions that this process ended because a replaced refresh token was used again: a copy exists.",
})

// Metrics are what a process tells about sessions.
func Metrics() []prometheus.Collector {
	return []prometheus.Collector{refreshesReused, codesTyped, codesRefused, identityLogIns}
}
