// Package codes makes the short codes and the long tokens by which people prove that a
// message reached them. They are derived from a key and the identity of the proof, so that
// the database holds nothing that could be used, and the process that writes the message
// need not be told by the process that asked for it.
//
// What does not live here: which proofs there are, how often one may guess, and until when
// (package accounts).
package codes

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Codes derives codes and tokens. It is safe for concurrent use.
type Codes struct{ keys [][]byte }

// Digits is how long a code is: 20 bits of chance (OWASP ASVS 5.0, 6.5.4).
const Digits = 6

const (
	forCodes  = "code"
	forTokens = "token"
	macSize   = sha256.Size
)

// New derives its keys from signing keys. The first makes codes, all are accepted, so that
// keys can be rotated while messages are on their way.
func New(keys []ed25519.PrivateKey) (*Codes, error) {
	if len(keys) == 0 {
		return nil, errors.New("codes: a key is missing")
	}
	c := new(Codes)
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key.Seed(), nil, "boxoffice codes of messages", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("codes: derive a key: %w", err)
		}
		c.keys = append(c.keys, derived)
	}
	return c, nil
}

// Code is the code of a proof for a purpose: six digits.
func (c *Codes) Code(purpose string, proof uuid.UUID) string {
	return code(c.keys[0], purpose, proof)
}

func code(key []byte, purpose string, proof uuid.UUID) string {
	number := binary.BigEndian.Uint64(mac(key, forCodes, purpose, proof)) % 1_000_000
	return fmt.Sprintf("%0*d", Digits, number)
}

// Matches compares a code that a person typed, in constant time.
func (c *Codes) Matches(typed, purpose string, proof uuid.UUID) bool {
	matches := 0
	for _, key := range c.keys {
		matches |= subtle.ConstantTimeCompare([]byte(typed), []byte(code(key, purpose, proof)))
	}
	return matches == 1
}

// Token is what a link carries: the proof's identity and 256 bits that only we can make.
func (c *Codes) Token(purpose string, proof uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(proof[:], mac(c.keys[0], forTokens, purpose, proof)...))
}

// Proof reads a token that was made for a purpose.
func (c *Codes) Proof(token, purpose string) (proof uuid.UUID, genuine bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != len(proof)+macSize {
		return uuid.Nil, false
	}
	copy(proof[:], raw)
	for _, key := range c.keys {
		if hmac.Equal(raw[len(proof):], mac(key, forTokens, purpose, proof)) {
			return proof, true
		}
	}
	return uuid.Nil, false
}

// mac binds the kind and the purpose: the code of one is worth nothing for another.
func mac(key []byte, kind, purpose string, proof uuid.UUID) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s\x00%s\x00", kind, purpose)
	h.Write(proof[:])
	return h.Sum(nil)
}
