// Package sealing encrypts small secrets before they are stored: AES-256-GCM, with the owner
// of the secret authenticated along with it.
//
// A sealed value begins with a version and the id of its key, in clear, so that the rows of
// an old key can be counted before the key is dropped.
package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
)

const (
	// KeySize is the length of a key in bytes.
	KeySize = 32
	// version is the form of a sealed value: this byte, the key's id, and what
	// cipher.NewGCMWithRandomNonce gives: nonce, text, tag.
	version = 1
	idSize  = 4
)

// ErrNotOpened is a value that was not sealed by one of the keys, or for another owner, or
// that was changed.
var ErrNotOpened = errors.New("sealing: the value does not open")

// Box seals with the first of its keys, and opens what any of them sealed.
type Box struct {
	first [idSize]byte
	keys  map[[idSize]byte]cipher.AEAD
}

// New makes a Box. A key is rotated by putting the next one in front and dropping the old
// one when no row has it any more.
func New(keys ...[]byte) (*Box, error) {
	if len(keys) == 0 {
		return nil, errors.New("sealing: there is no key")
	}
	b := &Box{keys: map[[idSize]byte]cipher.AEAD{}}
	for i, key := range keys {
		if len(key) != KeySize {
			return nil, fmt.Errorf("sealing: key %d has %d bytes, not %d", i+1, len(key), KeySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("sealing: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("sealing: %w", err)
		}
		id := idOf(key)
		if i == 0 {
			b.first = id
		}
		b.keys[id] = aead
	}
	return b, nil
}

// idOf names a key by its hash, of which 4 bytes tell nothing about 32 random ones.
func idOf(key []byte) (id [idSize]byte) {
	digest := sha256.Sum256(append([]byte("boxoffice sealing key "), key...))
	copy(id[:], digest[:])
	return id
}

// Seal encrypts a secret. What it belongs to, for example a column and the id of its row,
// must be named again to open it: so a sealed value is of no use in another row.
func (b *Box) Seal(secret []byte, belongsTo string) []byte {
	head := append([]byte{version}, b.first[:]...)
	return b.keys[b.first].Seal(head, nil, secret, aad(head, belongsTo))
}

// Open decrypts what Seal gave for the same owner. Error: ErrNotOpened.
func (b *Box) Open(sealed []byte, belongsTo string) ([]byte, error) {
	if len(sealed) < 1+idSize || sealed[0] != version {
		return nil, ErrNotOpened
	}
	head := sealed[:1+idSize]
	aead, known := b.keys[[idSize]byte(head[1:])]
	if !known {
		return nil, fmt.Errorf("%w: no key has the id %x", ErrNotOpened, head[1:])
	}
	secret, err := aead.Open(nil, nil, sealed[len(head):], aad(head, belongsTo))
	if err != nil {
		return nil, ErrNotOpened
	}
	return secret, nil
}

// Fresh tells whether a value was sealed with the first key: one that was not keeps an older
// key from being dropped.
func (b *Box) Fresh(sealed []byte) bool {
	return len(sealed) > idSize && sealed[0] == version && [idSize]byte(sealed[1:1+idSize]) == b.first
}

func aad(head []byte, belongsTo string) []byte {
	return append(append([]byte{}, head...), belongsTo...)
}
