package temporal

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

var (
	oldKey = Key{ID: "old", Secret: []byte("01234567890123456789012345678901")}
	newKey = Key{ID: "new", Secret: []byte("abcdefghijabcdefghijabcdefghijab")}
)

func TestPayloadsAreUnreadableWithoutTheKey(t *testing.T) {
	t.Parallel()
	codec, err := newCodec(Keys{oldKey})
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
	before, err := newCodec(Keys{oldKey})
	require.NoError(t, err)
	after, err := newCodec(Keys{newKey, oldKey})
	require.NoError(t, err)
	gone, err := newCodec(Keys{newKey})
	require.NoError(t, err)

	plain := []*common.Payload{{Data: []byte("C7")}}
	sealed, err := before.Encode(plain)
	require.NoError(t, err)
	opened, err := after.Decode(sealed)
	require.NoError(t, err)
	require.Equal(t, "C7", string(opened[0].GetData()))
	_, err = gone.Decode(sealed)
	require.ErrorContains(t, err, `payload key "old": this process does not have it`)

	sealed[0].Data[3] ^= 1
	_, err = after.Decode(sealed)
	require.ErrorContains(t, err, "another secret", "a changed payload must be refused")
}

// Inside a workflow task a worker must panic, everywhere else it must give an error.
func TestWorkerLeavesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	theirs, err := newCodec(Keys{newKey})
	require.NoError(t, err)
	sealed, err := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), theirs).ToPayload("C7")
	require.NoError(t, err)
	ours, err := newCodec(Keys{oldKey})
	require.NoError(t, err)
	var told []string
	ours.unreadable = func(err *UnreadableError) { told = append(told, err.KeyID) }
	data := leaver{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), ours)}

	var seat string
	require.Panics(t, func() { _ = data.FromPayload(sealed, &seat) })
	require.Panics(t, func() { _ = data.FromPayloads(&common.Payloads{Payloads: []*common.Payload{sealed}}, &seat) })
	var unreadable *UnreadableError
	require.ErrorAs(t, data.WithContext(t.Context()).FromPayload(sealed, &seat), &unreadable)
	require.Equal(t, []string{"new", "new", "new"}, told)

	ours.mayWrite = func() error { return errors.New("a key is missing") }
	require.Panics(t, func() { _, _ = data.ToPayload("C7") })
	require.Panics(t, func() { _, _ = data.ToPayloads("C7") })
	_, err = data.WithContext(t.Context()).ToPayload("C7")
	require.ErrorAs(t, err, &unreadable)
}

func TestUnencryptedPayloadsPass(t *testing.T) {
	t.Parallel()
	codec, err := newCodec(Keys{oldKey})
	require.NoError(t, err)
	opened, err := codec.Decode([]*common.Payload{{Data: []byte("plain")}})
	require.NoError(t, err)
	require.Equal(t, "plain", string(opened[0].GetData()))
}

func TestCodecHandlerDecodes(t *testing.T) {
	t.Parallel()
	handler, err := CodecHandler(Keys{oldKey})
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("POST", "/decode", strings.NewReader(`{"payloads":[{"data":"QzA3"}]}`)))
	require.Equal(t, 200, answer.Code)
	require.JSONEq(t, `{"payloads":[{"data":"QzA3"}]}`, answer.Body.String())
}

// What no call of the client decodes is read with the same keys.
func TestReadDecodesWithTheKeys(t *testing.T) {
	t.Parallel()
	codec, err := newCodec(Keys{oldKey})
	require.NoError(t, err)
	payloads, err := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec).ToPayloads("C7")
	require.NoError(t, err)
	plain, err := converter.GetDefaultDataConverter().ToPayloads("C7")
	require.NoError(t, err)
	var back string
	require.NoError(t, Read(Keys{newKey, oldKey}, payloads, &back))
	require.Equal(t, "C7", back)
	require.Error(t, Read(Keys{newKey}, payloads, &back))
	require.Error(t, Read(Keys{{ID: "short"}}, payloads, &back))
	back = ""
	require.NoError(t, Read(nil, plain, &back))
	require.Equal(t, "C7", back)
}
