package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTextsThatPeopleWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want string // part of what is wrong
	}{
		"Latin":                {"Amélie O'Neill-Çelik", ""},
		"Devanagari":           {"जवान", ""},
		"with a joiner":        {"क्\u200dष می\u200cخواهم 👨\u200d👩\u200d👧", ""},
		"initials":             {"A.R.Rahman", ""},
		"a sign alone":         {"$", ""},
		"emoji":                {"🎬", ""},
		"a bidi override":      {"abc\u202edef", "turn its direction"},
		"an isolate":           {"abc\u2067def", "turn its direction"},
		"a right-to-left mark": {"abc\u200f", "turn its direction"},
		"a control":            {"a\x07b", "controls"},
		"U+0000":               {"a\x00b", "controls"},
		"a line separator":     {"a\u2028b", "controls"},
		"a byte order mark":    {"\ufeffabc", "controls"},
		"broken UTF-8":         {"a\xffb", "controls"},
		"a lost character":     {"a\ufffdb", "U+FFFD"},
		"too long":             {strings.Repeat("é", 31), "at most 30"},
		"as long as it may be": {strings.Repeat("é", 30), ""},
		"nothing":              {"", "Must not be empty"},
		"zero width":           {"\u200b\u2060\u00ad", "nothing that can be seen"},
		"a grapheme joiner":    {"\u034f", "nothing that can be seen"},
		"Hangul fillers":       {"\u115f\u3164\uffa0", "nothing that can be seen"},
		"a variation selector": {"\ufe0f", "nothing that can be seen"},
		"marks without letter": {"\u0301\u0308", "nothing that can be seen"},
		"a braille blank":      {"\u2800", "nothing that can be seen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := WrongLine(c.text, 1, 30)
			if c.want == "" {
				assert.Empty(t, got)
			} else {
				assert.Contains(t, got, c.want)
			}
		})
	}
}

func TestStoredForms(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "é", Line(" e\u0301\u00a0"))
	assert.Equal(t, "one\ntwo\n\nthree four", Paragraphs("one\r\ntwo\r\rthree\tfour\n"))
	assert.Equal(t, "é one two three", OneLine(" e\u0301\r\none\x00two\u2028\xff three\t"))
	assert.Empty(t, WrongParagraphs("one\ntwo", 1, 30))
	assert.NotEmpty(t, WrongLine("one\ntwo", 1, 30))
	assert.Empty(t, WrongParagraphs("סרט טוב!\u200f\nفيلم\u061c 7", 1, 30), "as keyboards write it")
	assert.Contains(t, WrongParagraphs("\u200e\u200f\u061c", 1, 30), "nothing that can be seen")
	assert.Contains(t, WrongParagraphs("abc\u202edef", 1, 30), "turn its direction")
	assert.Contains(t, WrongParagraphs("\n\n", 1, 30), "nothing that can be seen")
}
