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

// Keys are the payload keys, the one that encrypts first. The others only
// decrypt: that is how keys rotate.
type Keys []Key

const (
	encoding    = "binary/encrypted"
	metadataKey = "encryption-key-id"
)

// Codec encrypts payloads with AES-256-GCM, so that Temporal's database and its
// operators see no contents. It implements converter.PayloadCodec.
type Codec struct {
	first string
	seals map[string]cipher.AEAD
}

// NewCodec makes a codec that encrypts with the first key and decrypts with all.
func NewCodec(keys Keys) (*Codec, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("temporal: a codec needs a key")
	}
	codec := &Codec{first: keys[0].ID, seals: map[string]cipher.AEAD{}}
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
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
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

// Decode implements converter.PayloadCodec. What is not encrypted passes through.
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	opened := make([]*common.Payload, len(payloads))
	for i, payload := range payloads {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != encoding {
			opened[i] = payload
			continue
		}
		id := string(payload.GetMetadata()[metadataKey])
		seal, ok := c.seals[id]
		if !ok {
			return nil, fmt.Errorf("temporal: no payload key %q", id)
		}
		plain, err := seal.Open(nil, nil, payload.GetData(), []byte(id))
		if err != nil {
			return nil, fmt.Errorf("temporal: decrypt payload: %w", err)
		}
		opened[i] = &common.Payload{}
		if err := proto.Unmarshal(plain, opened[i]); err != nil {
			return nil, fmt.Errorf("temporal: decode payload: %w", err)
		}
	}
	return opened, nil
}

// CodecHandler lets the Temporal UI read payloads. Whoever serves it decides who
// may call it.
func CodecHandler(keys Keys) (http.Handler, error) {
	codec, err := NewCodec(keys)
	if err != nil {
		return nil, err
	}
	return converter.NewPayloadCodecHTTPHandler(codec), nil
}
