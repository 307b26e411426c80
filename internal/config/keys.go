package config

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// CodecKeys encrypt what Temporal stores. The first encrypts, all decrypt, so
// that a key is rotated by putting the new one in front.
type CodecKeys []codecKey

// codecKey is an AES-256 key with the id that marks what it encrypted.
type codecKey struct {
	ID     string
	Secret []byte
}

// UnmarshalText reads id:base64, by comma.
func (k *CodecKeys) UnmarshalText(text []byte) error {
	var keys CodecKeys
	seen := map[string]bool{}
	for one := range strings.SplitSeq(string(text), ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(one), ":")
		key, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case !found || id == "":
			return ownError(fmt.Sprintf("key %d has no id.", len(keys)+1))
		case err != nil || len(key) != 32:
			return ownError(fmt.Sprintf("key %d is not the base64 of 32 bytes (openssl rand -base64 32 makes one).", len(keys)+1))
		case seen[id]:
			return ownError(fmt.Sprintf("key %d has the id of another.", len(keys)+1))
		}
		seen[id] = true
		keys = append(keys, codecKey{ID: id, Secret: key})
	}
	*k = keys
	return nil
}

// SealingKeys seal secrets before they are stored. The first seals, all open.
type SealingKeys [][]byte

// UnmarshalText reads base64, by comma.
func (k *SealingKeys) UnmarshalText(text []byte) error {
	var keys SealingKeys
	for one := range strings.SplitSeq(string(text), ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(one))
		if err != nil || len(key) != 32 {
			return ownError(fmt.Sprintf("key %d is not the base64 of 32 bytes (openssl rand -base64 32 makes one).", len(keys)+1))
		}
		keys = append(keys, key)
	}
	*k = keys
	return nil
}

// Switch is a setting that is on or off.
type Switch bool

// UnmarshalText reads on or off.
func (s *Switch) UnmarshalText(text []byte) error {
	switch string(text) {
	case "on":
		*s = true
	case "off":
		*s = false
	default:
		return ownError("is neither on nor off.")
	}
	return nil
}

// loadKeys reads the signing keys, and in dev makes throwaway ones for the
// processes that sign.
func (c *Config) loadKeys(wrong *settingErrors, processes []Process) {
	c.JWTKeys = c.signingKeys(wrong, processes, fieldNamed("JWTSigningKeyFile"), c.JWTSigningKeyFile, "customers have to log in again after a restart")
	c.TicketKeys = c.signingKeys(wrong, processes, fieldNamed("TicketSigningKeyFile"), c.TicketSigningKeyFile, "tickets shown before a restart do not scan after it, and links in messages do not open")
}

func (c *Config) signingKeys(wrong *settingErrors, processes []Process, f field, file, consequence string) []ed25519.PrivateKey {
	if file == "" {
		if _, needed := f.neededBy(processes); !c.Dev() || !needed {
			return nil
		}
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			wrong.add(f.name, "is not set, and no throwaway key could be made: %v.", err)
			return nil
		}
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s is not set: using a throwaway key, so %s", f.name, consequence))
		return []ed25519.PrivateKey{key}
	}
	keys, err := readSigningKeys(file)
	if err != nil {
		wrong.add(f.name, "%v. openssl genpkey -algorithm ed25519 -out %s makes a key.", err, file)
	}
	return keys
}

// readSigningKeys reads the PKCS #8 keys (RFC 5958, RFC 8410) of a PEM file.
func readSigningKeys(file string) ([]ed25519.PrivateKey, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	var keys []ed25519.PrivateKey
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s holds a %s that is not PKCS #8", file, block.Type)
		}
		key, ok := parsed.(ed25519.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("%s holds a key that is not Ed25519", file)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no PEM block", file)
	}
	return keys, nil
}
