package servicekeys

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

func TestAServiceKeyIsWholeOrNot(t *testing.T) {
	t.Parallel()
	id, key := generate()
	other, next := generate()
	assert.NotEqual(t, id, other)
	assert.NotEqual(t, key[37:101], next[37:101], "the secret is another one each time")
	assert.Len(t, key, 110)
	assert.Regexp(t, "^"+Pattern+"$", key)
	assert.True(t, strings.HasPrefix(key, public(id)+"_"))
	got, ok := idOf(key)
	assert.True(t, ok)
	assert.Equal(t, id, got)

	body := key[:strings.LastIndexByte(key, '_')]
	swapped := []byte(key)
	for i := 40; ; i++ { // two neighbors that differ, as fingers swap them
		if swapped[i] != swapped[i+1] {
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			break
		}
	}
	upper := strings.ToUpper(key)
	for name, text := range map[string]string{
		"nothing": "", "the prefix": Prefix, "cut at the end": key[:109], "cut in the secret": key[:80], "without its checksum": body,
		"checksum of another": body + next[strings.LastIndexByte(next, '_'):], "one more": key + "0", "space behind": key + " ", "line behind": key + "\n",
		"upper case": upper, "upper-case prefix": "BXK_" + key[4:], "upper-case secret": key[:37] + upper[37:], "swapped digits": string(swapped),
		"dashes": strings.ReplaceAll(key, "_", "-"), "another prefix": "sk_" + key[4:], "an id with dashes": Prefix + uuid.NewString() + key[36:],
		"a digit that is none": key[:50] + "g" + key[51:], "full-width digit": key[:50] + "１" + key[51:], "NUL": key[:50] + "\x00" + key[51:],
		"twice": key + key, "an access token": "eyJhbGciOiJFZERTQSJ9.e30.x", "secret of another, its own checksum": key[:37] + next[37:101] + key[101:],
	} {
		_, ok := idOf(text)
		assert.False(t, ok, name)
	}
	// One wrong digit anywhere is told.
	for i := len(Prefix); i < len(key); i++ {
		for _, digit := range "0123456789abcdef_" {
			if typo := key[:i] + string(digit) + key[i+1:]; typo != key {
				_, ok := idOf(typo)
				assert.False(t, ok, typo)
			}
		}
	}
}

func TestWhatIsMeantAsAServiceKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"bxk_": true, "BXK_abc": true, "Bxk_1": true, "bxk": false, "": false, "eyJhbxk_": false, " bxk_": false, "bxk-1": false,
	} {
		assert.Equal(t, want, IsKey(text), text)
	}
}

func TestTheDatabaseHasAHashOfTheWholeKey(t *testing.T) {
	t.Parallel()
	_, key := generate()
	sum := sha256.Sum256([]byte(key))
	assert.Equal(t, sum[:], hashOf(key))
}
