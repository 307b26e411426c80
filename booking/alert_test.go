package booking_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// The constants, their list, and the page for operators name the same kinds.
func TestAlertKindsAreListedAndDocumented(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, kind := range booking.AlertKinds() {
		listed = append(listed, string(kind))
	}
	assert.ElementsMatch(t, constantsOf(t, "alert.go", "AlertKind"), listed, "AlertKinds lists every constant")
	assert.ElementsMatch(t, kindsInDocs(t), listed, "docs/operating.md, under Alerts, has every kind, once")
}

// A kind that is written as text somewhere would be in no list.
func TestAlertsAreRaisedByConstant(t *testing.T) {
	t.Parallel()
	loose := regexp.MustCompile(`\.alert\(ctx, "|\bAlert\{[^}]*Kind:\s*"|raise_alert\([^)]*'[a-z_]+'|INTO alerts \([^)]*\)\s*(?:VALUES \(|SELECT )[^,]+, '`)
	var found []string
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if loose.Match(text) {
			found = append(found, path)
		}
		return err
	}))
	assert.Empty(t, found, "these raise an alert without a constant of package booking")
}

// constantsOf gives the values of the constants of a type in a file.
func constantsOf(t *testing.T, file, typeName string) (values []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != typeName {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			require.NoError(t, err)
			values = append(values, text)
		}
		return true
	})
	return values
}

// kindsInDocs gives what the table of alerts names in its first column.
func kindsInDocs(t *testing.T) (kinds []string) {
	t.Helper()
	page, err := os.ReadFile("../docs/operating.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(page), "\n| kind | means |")
	require.True(t, found, "docs/operating.md has the table of alerts")
	table, _, _ = strings.Cut(table, "\n\n")
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 1 {
			for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
				kinds = append(kinds, name[1])
			}
		}
	}
	return kinds
}
