package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
)

// wrong collects what a check reports.
func wrong(check func(rules.Report)) []string {
	var found []string
	check(func(field, format string, args ...any) {
		found = append(found, field+": "+fmt.Sprintf(format, args...))
	})
	return found
}

func TestLine(t *testing.T) {
	t.Parallel()
	for text, refused := range map[string]string{
		"Amélie": "", "  Ran ": "", "क्षत्रिय": "", "=HYPERLINK()": "",
		"": "Must not be empty.", "\u200b": "Has nothing that can be seen.", "a\tb": "controls", "a\u202eb": "controls",
		"a\ufffdb": "U+FFFD", strings.Repeat("x", 11) + "xxx": "at most 13",
	} {
		var stored *string
		found := wrong(func(r rules.Report) { stored = r.Line("title", &text, 1, 13) })
		if refused == "" {
			assert.Empty(t, found, "%q", text)
			assert.Equal(t, strings.TrimSpace(text), *stored)
			continue
		}
		if assert.Len(t, found, 1, "%q", text) {
			assert.Contains(t, found[0], refused, "%q", text)
		}
	}
	assert.Nil(t, rules.Report(nil).Line("title", nil, 1, 13), "what is left out stays so")
}

func TestSlugOf(t *testing.T) {
	t.Parallel()
	for text, slug := range map[string]string{
		"The Red Shoes": "the-red-shoes", "Amélie": "amelie", "snake_case": "snake-case", "!!!": "",
		"2a997d12-ae56-5011-a6b2-eb38f13e414a": "", // would mean an id
	} {
		assert.Equal(t, slug, rules.SlugOf(text))
	}
	long := rules.SlugOf(strings.Repeat("word ", 40))
	assert.LessOrEqual(t, len(long), 80)
	assert.True(t, strings.HasSuffix(long, "-word"), "cut between words: %s", long)
}
