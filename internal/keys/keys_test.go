package keys

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFillMakesWhatIsMissingOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	made, err := Fill(dir)
	require.NoError(t, err)
	require.Len(t, made, len(Variables()))
	read := func() map[string]string {
		contents := map[string]string{}
		for _, path := range made {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotEmpty(t, content, path)
			contents[path] = string(content)
			info, err := os.Stat(path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode(), "%s is for its owner only", path)
		}
		return contents
	}
	before := read()

	lost := made[0]
	require.NoError(t, os.Remove(lost))
	again, err := Fill(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{lost}, again)
	after := read()
	assert.NotEqual(t, before[lost], after[lost], "a key is never made twice")
	delete(before, lost)
	delete(after, lost)
	assert.Equal(t, before, after)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, len(made), "nothing else is left there")
}

func TestFillNamesWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Fill(file)
	assert.ErrorContains(t, err, file)
}
