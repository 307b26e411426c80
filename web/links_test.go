package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var link = regexp.MustCompile(`https://boxoffice\.example(/[^\s"<]*)`)

// The messages as package notify writes them: each link in them is a page of the app.
func TestLinksInMessagesArePages(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	messages, err := filepath.Glob("../internal/notify/testdata/*")
	require.NoError(t, err)
	kinds := map[string]bool{}
	for _, message := range messages {
		content, err := os.ReadFile(message)
		require.NoError(t, err)
		for _, found := range link.FindAllStringSubmatch(string(content), -1) {
			got := ask(handler, "GET", found[1])
			assert.Equal(t, 200, got.status, "%s in %s", found[1], message)
			words := strings.Split(found[1], "/")
			kinds[words[1]+words[len(words)-1]] = true
		}
	}
	assert.GreaterOrEqual(t, len(kinds), 4, "bookings, choices, shows and movies: %v", kinds)
}
