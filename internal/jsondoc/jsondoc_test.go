package jsondoc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
