package boxoffice_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestContributingIsTrue checks each path, test and make target that CONTRIBUTING.md
// names. An unknown word with a slash or a file's ending counts as a path.
func TestContributingIsTrue(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("CONTRIBUTING.md")
	require.NoError(t, err)
	text := string(content)

	isPath := regexp.MustCompile(`^[\w.-]+(/[\w.-]*)+$|^\w+\.(go|md|mod|yml)$`)
	var paths int
	for _, match := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
		name := match[1]
		if isPath.MatchString(name) {
			paths++
			_, err := os.Stat(name)
			assert.NoError(t, err)
		}
		if strings.HasPrefix(name, "Test") {
			assert.Contains(t, tests(t), name)
		}
	}
	assert.Greater(t, paths, 20, "paths are found")

	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
		assert.Regexp(t, `(?m)^`+match[1]+`:`, string(makefile), "make %s", match[1])
	}
	for _, match := range regexp.MustCompile(`go test (?:-C dev )?(\./\S+) -run (\S+)`).FindAllStringSubmatch(text, -1) {
		assert.Regexp(t, `\w*`+match[2], strings.Join(tests(t), "\n"), match[0])
	}
}

var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// tests are the names of all tests of the repository.
func tests(t *testing.T) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, match := range testFunction.FindAllSubmatch(content, -1) {
			names = append(names, string(match[1]))
		}
		return err
	}))
	return names
}
