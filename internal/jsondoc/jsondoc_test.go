package jsondoc

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTooDeep(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for document, deep := range map[string]bool{
		nested(MaxDepth):                         false,
		nested(MaxDepth + 1):                     true,
		strings.Repeat(`{"a":`, MaxDepth+1):      true,
		`["` + strings.Repeat("[", 100) + `"]`:   false,
		`["\"` + strings.Repeat("[", 100) + `"]`: false,
		`["\\",` + nested(MaxDepth) + `]`:        true,
		`[` + strings.Repeat("[],", 100) + `[]]`: false,
	} {
		assert.Equal(t, deep, TooDeep([]byte(document)), document)
	}
}

func TestFieldNamesWhatTheWriterWrote(t *testing.T) {
	t.Parallel()
	type Inner struct {
		Format string `json:"format"`
	}
	type item struct{ Inner }
	var into struct {
		Inner
		List []item         `json:"list"`
		Map  map[string]int `json:"map"`
	}
	for document, want := range map[string]string{
		`{"format":5}`:            "format",
		`{"list":[{"format":5}]}`: "list.format",
		`{"list":{}}`:             "list",
		`{"map":{"Gold":"x"}}`:    "map",
		`[]`:                      "",
	} {
		var wrongType *json.UnmarshalTypeError
		require.ErrorAs(t, json.Unmarshal([]byte(document), &into), &wrongType)
		assert.Equal(t, want, Field(wrongType), document)
	}
}
