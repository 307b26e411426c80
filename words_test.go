package boxoffice_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hard are words that people who learned English later stumble over, and words that have
// a plain twin in docs/words.md.
var hard = regexp.MustCompile(`(?i)\b(whoever|whosoever|heeds?|mends?|anyhow|of (its|their) own accord)\b`)

// TestWords keeps hard words out of pages and out of comments of the product's code.
func TestWords(t *testing.T) {
	t.Parallel()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != "." || entry.Name() == "node_modules"):
			return fs.SkipDir
		case path == filepath.Join("docs", "words.md"):
		case strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(path)
			assert.Empty(t, hard.FindString(string(text)), path)
			return err
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, group := range file.Comments {
				assert.Empty(t, hard.FindString(group.Text()), path)
			}
		}
		return nil
	}))
}
