// Package servicekeys keeps the keys with which programs of partners call the API. An
// administrator makes a key for a partner, with scopes, an end and a budget; the database has
// a hash of it.
//
// What does not live here: which operation needs which scope (api/policy), and how a key
// travels over HTTP (api/rest).
package servicekeys

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// Prefix begins every key. Programs that look for secrets in texts know a key by it.
const Prefix = "bxk_"

// A key is bxk_<id>_<secret>_<checksum>, all of it in lower-case hexadecimal digits.
const secretBytes = 32

// Pattern is what a whole key looks like, for programs that look for secrets.
const Pattern = `bxk_[0-9a-f]{32}_[0-9a-f]{64}_[0-9a-f]{8}`

var whole = regexp.MustCompile(`^` + Pattern + `$`)

// generate makes a new key.
func generate() (id uuid.UUID, text string) {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // it never fails: see its documentation
	id = uuid.New()
	body := public(id) + "_" + hex.EncodeToString(secret)
	return id, body + "_" + checksum(body)
}

// public is the beginning of a key, by which it is found in lists and logs.
func public(id uuid.UUID) string { return Prefix + hex.EncodeToString(id[:]) }

// checksum tells a key that was typed or cut wrongly from one that there is not, without a
// question to the database. It is no secret and proves nothing.
func checksum(body string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) }

// idOf reads the id of a whole key.
func idOf(text string) (uuid.UUID, bool) {
	if !whole.MatchString(text) {
		return uuid.Nil, false
	}
	end := strings.LastIndexByte(text, '_')
	if checksum(text[:end]) != text[end+1:] {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text[len(Prefix) : len(Prefix)+32])
	return id, err == nil
}

// hashOf is what the database has of a key. A slow hash protects what people choose; 256
// random bits cannot be tried, and each request would pay for it.
func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// IsKey tells whether a text is meant as a key, also when it is not whole or in another
// case. Access tokens never begin like one: they begin with the letters of {".
func IsKey(text string) bool {
	return len(text) >= len(Prefix) && strings.EqualFold(text[:len(Prefix)], Prefix)
}
