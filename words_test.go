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

// hard are words that are difficult for readers who learned English later. A sentence
// without them names who acts, or uses the field's term from docs/words.md.
var hard = regexp.MustCompile(`(?i)\b(` + strings.ReplaceAll(strings.Join([]string{
	`whoever`, `whosoever`, `nobody`, `somebody`, `everybody`, `anybody`, `those who`,
	`anew`, `anyhow`, `all the same`, `no sooner`, `by then`, `for good`,
	`hears? of`, `heard of`, `heed(s|ed)?`, `mend(s|ed)?`, `of (its|their) own accord`,
	`(becomes|became) of`, `(is|are|was|were) none`, `turn(s|ed)? away`, `a look at`, `goes by`,
	`(an|is|was|be|were) ill`,
}, "|"), " ", `\s+`) + `)\b`)

// keptWords are texts that stay as they are, by file: README.md repeats a setting's text,
// and the account has this name in every Unix.
var keptWords = map[string]string{
	filepath.Join("internal", "database", "pglocal", "place.go"): `account "nobody"`,
	"README.md": "What becomes of a ticket when the customer's bank takes the payment back",
}

var sqlComment = regexp.MustCompile(`(?m)--.*$`)

// TestWords keeps hard words out of the pages, and out of the comments of Go code, tests
// included, and of the SQL functions.
func TestWords(t *testing.T) {
	t.Parallel()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		check := func(text string) {
			if kept := keptWords[path]; kept != "" {
				assert.Contains(t, text, kept, "%s needs no exception any more", path)
				text = strings.ReplaceAll(text, kept, "")
			}
			for _, word := range hard.FindAllString(text, -1) {
				assert.Fail(t, "hard word", "%s: %q", path, word)
			}
		}
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != "." || entry.Name() == "node_modules"):
			return fs.SkipDir
		case path == filepath.Join("docs", "words.md"):
		case strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(path)
			check(string(text))
			return err
		case strings.HasSuffix(path, ".sql") && filepath.Dir(path) == filepath.Join("schema", "functions"):
			text, err := os.ReadFile(path)
			check(strings.ReplaceAll(strings.Join(sqlComment.FindAllString(string(text), -1), "\n"), "\n-- ", "\n"))
			return err
		case strings.HasSuffix(path, ".go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			var comments strings.Builder
			for _, group := range file.Comments {
				comments.WriteString(group.Text())
			}
			check(comments.String())
		}
		return nil
	}))
}
