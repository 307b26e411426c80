package temporal

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

const (
	oldKey = "old:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	newKey = "new:YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI="
)

func keys(t *testing.T, text string) Keys {
	t.Helper()
	parsed, err := ParseKeys(text)
	require.NoError(t, err)
	return parsed
}

func TestPayloadsAreUnreadableWithoutTheKey(t *testing.T) {
	t.Parallel()
	codec, err := NewCodec(keys(t, oldKey))
	require.NoError(t, err)
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec)
	payload, err := data.ToPayload(map[string]string{"seat": "C7"})
	require.NoError(t, err)
	require.NotContains(t, string(payload.GetData()), "C7")

	again, err := data.ToPayload(map[string]string{"seat": "C7"})
	require.NoError(t, err)
	require.False(t, bytes.Equal(payload.GetData(), again.GetData()), "the same text must not look the same twice")

	var back map[string]string
	require.NoError(t, data.FromPayload(payload, &back))
	require.Equal(t, "C7", back["seat"])
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	before, err := NewCodec(keys(t, oldKey))
	require.NoError(t, err)
	after, err := NewCodec(keys(t, newKey+","+oldKey))
	require.NoError(t, err)
	gone, err := NewCodec(keys(t, newKey))
	require.NoError(t, err)

	plain := []*common.Payload{{Data: []byte("C7")}}
	sealed, err := before.Encode(plain)
	require.NoError(t, err)
	opened, err := after.Decode(sealed)
	require.NoError(t, err)
	require.Equal(t, "C7", string(opened[0].GetData()))
	_, err = gone.Decode(sealed)
	require.ErrorContains(t, err, `no payload key "old"`)

	sealed[0].Data[3] ^= 1
	_, err = after.Decode(sealed)
	require.Error(t, err, "a changed payload must be refused")
}

func TestUnencryptedPayloadsPass(t *testing.T) {
	t.Parallel()
	codec, err := NewCodec(keys(t, oldKey))
	require.NoError(t, err)
	opened, err := codec.Decode([]*common.Payload{{Data: []byte("plain")}})
	require.NoError(t, err)
	require.Equal(t, "plain", string(opened[0].GetData()))
}

func TestParseKeysNamesTheBadOne(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "x:", ":YQ==", "x:YQ==", oldKey + ",x:!"} {
		_, err := ParseKeys(text)
		require.ErrorContains(t, err, "payload key", text)
	}
	parsed, err := ParseKeys("")
	require.NoError(t, err)
	require.Empty(t, parsed)
}

func TestCodecHandlerDecodes(t *testing.T) {
	t.Parallel()
	handler, err := CodecHandler(keys(t, oldKey))
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("POST", "/decode", strings.NewReader(`{"payloads":[{"data":"QzA3"}]}`)))
	require.Equal(t, 200, answer.Code)
	require.JSONEq(t, `{"payloads":[{"data":"QzA3"}]}`, answer.Body.String())
}
