package rest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHoldsNUL(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"a":"\u0000"}`: true, `{"a":"x\\\u0000"}`: true, `{"\u0000":1}`: true, `{"a":"\n\u0000"}`: true,
		`{"a":"\\u0000"}`: false, `{"a":"\\\\u0000"}`: false, `{"a":"u0000"}`: false, `{"a":"\u00001"}`: true, `{"a":"\`: false, `\`: false, ``: false,
	} {
		assert.Equal(t, want, holdsNUL([]byte(body)), "%s", body)
	}
}
