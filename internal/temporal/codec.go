package temporal

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"net/http"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// Key is an AES-256 key with the name it is stored under in each payload.
type Key struct {
	ID     string
	Secret []byte
}

// Keys are the payload keys. The first one encrypts. The others only decrypt: that is how
// keys rotate.
type Keys []Key

// UnreadableError says that a payload cannot be read, or must not be written, with
// the keys of this process. The keys of another process may be right, so what met it
// is to be done later.
type UnreadableError struct {
	KeyID string // that the payload is encrypted with
	Cause string
}

// Error implements error.
func (e *UnreadableError) Error() string {
	return fmt.Sprintf("temporal: payload key %q: %s", e.KeyID, e.Cause)
}

const (
	encoding    = "binary/encrypted"
	metadataKey = "encryption-key-id"
)

// codec encrypts payloads with AES-256-GCM, so that Temporal's database and its
// operators see no contents. It implements converter.PayloadCodec.
type codec struct {
	first string
	seals map[string]cipher.AEAD
	// unreadable is told of every payload that cannot be read; nil tells none.
	unreadable func(*UnreadableError)
	// mayWrite refuses to encrypt, if it gives an error; nil never does.
	mayWrite func() error
}

// newCodec makes a codec that encrypts with the first key and decrypts with all.
func newCodec(keys Keys) (*codec, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("temporal: a codec needs a key")
	}
	codec := &codec{first: keys[0].ID, seals: map[string]cipher.AEAD{}}
	for _, key := range keys {
		block, err := aes.NewCipher(key.Secret)
		if err != nil {
			return nil, fmt.Errorf("temporal: payload key %s: %w", key.ID, err)
		}
		seal, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("temporal: payload key %s: %w", key.ID, err)
		}
		codec.seals[key.ID] = seal
	}
	return codec, nil
}

// Encode implements converter.PayloadCodec.
func (c *codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	if c.mayWrite != nil {
		if err := c.mayWrite(); err != nil {
			return nil, &UnreadableError{KeyID: c.first, Cause: "this process must not write with it: " + err.Error()}
		}
	}
	sealed := make([]*common.Payload, len(payloads))
	for i, payload := range payloads {
		plain, err := proto.Marshal(payload)
		if err != nil {
			return nil, fmt.Errorf("temporal: encode payload: %w", err)
		}
		sealed[i] = &common.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKey: []byte(c.first)},
			// The key's name is authenticated, so a payload cannot be moved to another.
			Data: c.seals[c.first].Seal(nil, nil, plain, []byte(c.first)),
		}
	}
	return sealed, nil
}

// Decode implements converter.PayloadCodec. A payload that is not encrypted passes through.
// The error is an UnreadableError.
func (c *codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	opened := make([]*common.Payload, len(payloads))
	for i, payload := range payloads {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != encoding {
			opened[i] = payload
			continue
		}
		plain, err := c.open(string(payload.GetMetadata()[metadataKey]), payload.GetData())
		if err != nil {
			if c.unreadable != nil {
				c.unreadable(err)
			}
			return nil, err
		}
		opened[i] = plain
	}
	return opened, nil
}

func (c *codec) open(id string, sealed []byte) (*common.Payload, *UnreadableError) {
	seal, ok := c.seals[id]
	if !ok {
		return nil, &UnreadableError{KeyID: id, Cause: "this process does not have it"}
	}
	plain, err := seal.Open(nil, nil, sealed, []byte(id))
	if err != nil {
		return nil, &UnreadableError{KeyID: id, Cause: "this process has another secret under this name, or the payload was changed"}
	}
	payload := &common.Payload{}
	if err := proto.Unmarshal(plain, payload); err != nil {
		return nil, &UnreadableError{KeyID: id, Cause: "what it encrypts is not a payload"}
	}
	return payload, nil
}

// Proof is a text encrypted with a key. A process that can Read it has the same key.
func (k Key) Proof() ([]byte, error) {
	codec, err := newCodec(Keys{k})
	if err != nil {
		return nil, err
	}
	sealed, err := codec.Encode([]*common.Payload{{Data: []byte(proofText)}})
	if err != nil {
		return nil, err
	}
	return proto.Marshal(sealed[0])
}

const proofText = "boxoffice"

// Read reads the proof of a key. The error is an UnreadableError if these keys do
// not hold that key.
func (k Keys) Read(proof []byte) error {
	codec, err := newCodec(k)
	if err != nil {
		return err
	}
	var sealed common.Payload
	if err := proto.Unmarshal(proof, &sealed); err != nil {
		return fmt.Errorf("temporal: proof of a payload key: %w", err)
	}
	_, err = codec.Decode([]*common.Payload{&sealed})
	return err
}

// CodecHandler lets the Temporal UI read payloads. Its server decides who
// may call it.
func CodecHandler(keys Keys) (http.Handler, error) {
	codec, err := newCodec(keys)
	if err != nil {
		return nil, err
	}
	return converter.NewPayloadCodecHTTPHandler(codec), nil
}
