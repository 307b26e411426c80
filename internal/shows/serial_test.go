package shows

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSerialsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10_000 {
		seen[NewSerial()] = true
	}
	assert.Len(t, seen, 10_000)
}
