package boxoffice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// goTestName and webTestName are what docs/security.md names in backticks.
	goTestName  = regexp.MustCompile("`(Test\\w+)`")
	webTestName = regexp.MustCompile("`(web/[\\w./-]+\\.test\\.ts): ([^`]+)`")
	// requirementRow is a row of a table of ASVS: number, level, state.
	requirementRow = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+) \| [12] \| [^|]+ \| ([^|]+) \| (.*) \|$`)
)

// requirementStates are the answers that a row may give. "met" needs a test.
var requirementStates = []string{"met", "met by absence", "not met", "not built yet", "not applicable"}

// TestSecurityTableNamesTestsThatExist keeps docs/security.md true: each test that it names
// is in the repository, each requirement has one row, and what is met has a test.
func TestSecurityTableNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	existing := goTests(t)
	page, err := os.ReadFile(filepath.Join("docs", "security.md"))
	require.NoError(t, err)
	assert.Empty(t, missingTests(string(page), existing))

	seen := map[string]bool{}
	for _, row := range requirementRow.FindAllStringSubmatch(string(page), -1) {
		number, state, shown := row[1], row[2], row[3]
		assert.False(t, seen[number], "%s has two rows", number)
		seen[number] = true
		assert.Contains(t, requirementStates, state, number)
		if state == "met" {
			assert.True(t, goTestName.MatchString(shown) || webTestName.MatchString(shown), "%s is met: which test shows it?", number)
		}
	}
	for chapter, rows := range map[string]int{"6.": 35, "7.": 18, "8.": 7, "9.": 7, "10.": 29} {
		n := 0
		for number := range seen {
			if strings.HasPrefix(number, chapter) {
				n++
			}
		}
		assert.Equal(t, rows, n, "requirements of levels 1 and 2 in chapter V%s", strings.TrimSuffix(chapter, "."))
	}

	t.Run("a made-up name is found", func(t *testing.T) {
		t.Parallel()
		text := "`TestWords` `TestNobodyWroteThis` `web/e2e/proof.test.ts: A forgotten password is replaced by the link of a mail` " +
			"`web/e2e/proof.test.ts: Nobody wrote this` `web/e2e/none.test.ts: Nor this`"
		assert.Equal(t, []string{"TestNobodyWroteThis", "web/e2e/proof.test.ts: Nobody wrote this", "web/e2e/none.test.ts: Nor this"}, missingTests(text, existing))
	})
}

// missingTests are the tests that a text names and that do not exist.
func missingTests(text string, existing map[string]bool) []string {
	var missing []string
	for _, name := range goTestName.FindAllStringSubmatch(text, -1) {
		if !existing[name[1]] {
			missing = append(missing, name[1])
		}
	}
	for _, name := range webTestName.FindAllStringSubmatch(text, -1) {
		file, err := os.ReadFile(filepath.FromSlash(name[1]))
		quoted := func(quote string) bool { return strings.Contains(string(file), "("+quote+name[2]+quote) }
		if err != nil || !slices.ContainsFunc([]string{"'", `"`, "`"}, quoted) {
			missing = append(missing, name[1]+": "+name[2])
		}
	}
	return missing
}

// goTests are the names of all test functions of the repository, those of dev/ included.
func goTests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != "." || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
		return nil
	}))
	return names
}

var (
	passwordField  = regexp.MustCompile(`\{[^{}]*name: '(?:current_)?password'[^{}]*\}`)
	passwordHidden = regexp.MustCompile(`type: 'password'`)
	passwordKept   = regexp.MustCompile(`autocomplete: '(current|new)-password'`)
	pasteBlocked   = regexp.MustCompile(`(?i)onpaste|on:paste|addEventListener\(['"]paste`)
)

// TestPasswordFieldsHideAndArePasted reads the app's screens: each field for a password hides
// what is typed and tells password managers what it is, and no screen interferes with paste
// (OWASP ASVS 5.0, 6.2.6 and 6.2.7).
func TestPasswordFieldsHideAndArePasted(t *testing.T) {
	t.Parallel()
	fields := 0
	require.NoError(t, filepath.WalkDir(filepath.Join("web", "src"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".svelte", ".ts"}, filepath.Ext(path)) {
			return err
		}
		text, err := os.ReadFile(path)
		assert.False(t, pasteBlocked.Match(text), "%s listens to paste", path)
		if filepath.Ext(path) != ".svelte" {
			return err
		}
		for _, field := range passwordField.FindAll(text, -1) {
			fields++
			assert.True(t, passwordHidden.Match(field), "%s: %s", path, field)
			assert.True(t, passwordKept.Match(field), "%s: %s", path, field)
		}
		return err
	}))
	assert.GreaterOrEqual(t, fields, 3, "log-in, registration, a new password")
}
