package lettering

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/shaping"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// titles are of real films, in ten scripts, and what they are in Latin letters.
var titles = map[string]string{
	"Amélie – Łódź": "Latin", "Солярис": "Cyrillic", "Το βλέμμα του Οδυσσέα": "Greek", "जवान": "Devanagari", "அமரன்": "Tamil",
	"怪物": "Han", "千と千尋の神隠し": "Japanese", "기생충": "Hangul", "كفرناحوم": "Arabic", "ลุงบุญมีระลึกชาติ": "Thai", "שתיקת הארכיון": "Hebrew",
}

func newSetter(t *testing.T) *Setter {
	t.Helper()
	s, err := New(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return s
}

// boxes counts glyphs that stand for "no such letter".
func boxes(b Block) (n, glyphs int) {
	for _, line := range b.lines {
		for _, run := range line {
			for _, glyph := range run.Glyphs {
				glyphs++
				if glyph.GlyphID == 0 {
					n++
				}
			}
		}
	}
	return n, glyphs
}

// With any set of fonts, no letter is drawn as a box.
func TestNoLetterIsABox(t *testing.T) {
	t.Parallel()
	s := newSetter(t)
	for title, script := range titles {
		block := s.Fit(title, true, 300, 3, 20, 16)
		n, glyphs := boxes(block)
		assert.Zero(t, n, "%s: %s", script, title)
		assert.Positive(t, glyphs, "%s: %s", script, title)
		readable := s.readable(title, style{20, true})
		if readable != title {
			t.Logf("NO FONT for %s here: %q is written %q", script, title, readable)
			assert.Empty(t, os.Getenv("REQUIRE_FONTS"), "this machine is said to have fonts for every script: Debian's fonts-noto-core and fonts-noto-cjk")
			assert.NotContains(t, readable, "?")
		}
	}
	for _, odd := range []string{"\U00020000", "🎬 Movie 🎞", "👨\u200d👩\u200d👧", "\ue000", "\U0010fffd", "a\u0301\u0302\u0303", "𞤀𞤁", "\ufffd", "\x00\x07"} {
		n, _ := boxes(s.Fit(odd, false, 300, 2, 12))
		assert.Zero(t, n, "%q", odd)
	}
}

func TestTextFitsItsPlace(t *testing.T) {
	t.Parallel()
	s := newSetter(t)
	short := s.Fit("Amélie", true, 300, 3, 20, 16, 13)
	assert.Equal(t, style{20, true}, short.Style)
	assert.Equal(t, 1, short.Lines())
	smaller := s.Fit("A title that is rather long for a line of its size", true, 300, 1, 20, 16, 11)
	assert.Less(t, smaller.Style.Size, 20.0)
	assert.Equal(t, 1, smaller.Lines())
	assert.False(t, smaller.Cut)
	for _, long := range []string{strings.Repeat("abcdefghi ", 60), strings.Repeat("x", 900), strings.Repeat("कहानी ", 120), strings.Repeat("قصة ", 200)} {
		cut := s.Fit(long, true, 300, 3, 20, 16, 13)
		assert.Equal(t, 3, cut.Lines())
		assert.True(t, cut.Cut)
		for _, line := range cut.lines {
			assert.LessOrEqual(t, advance(line), 301.0, "nothing stands out of its place")
		}
	}
	assert.Zero(t, s.Fit("", false, 300, 2, 10).Lines())
	assert.Zero(t, s.Fit(" \n\t", false, 300, 2, 10).Lines())
}

// What is read first stands at the right in one text and at the left in another.
func TestDirection(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]di.Direction{
		"(שלום 2)": di.DirectionRTL, "كفرناحوم 7": di.DirectionRTL, "A שלום": di.DirectionLTR, "7": di.DirectionLTR, "🎬 שלום": di.DirectionRTL,
	} {
		assert.Equal(t, want, directionOf([]rune(text)), text)
	}
}

// A letter that has a font has it beside the letters of any script.
func TestLettersKeepTheirFontBesideOthers(t *testing.T) {
	t.Parallel()
	s := newSetter(t)
	for _, odd := range []string{"🎬", "→", "½", "₹", "♥"} {
		if s.readable(odd, style{Size: 10}) != odd {
			t.Logf("NO FONT for %s here", odd)
			assert.Empty(t, os.Getenv("REQUIRE_FONTS"), odd)
			continue
		}
		for title := range titles {
			if s.readable(title, style{Size: 10}) == title {
				assert.Contains(t, s.readable(title+" "+odd+" "+title, style{Size: 10}), odd, title)
			}
		}
	}
}

// Every kind of letter can be drawn.
func TestDrawing(t *testing.T) {
	t.Parallel()
	s := newSetter(t)
	draw := func() []byte {
		pdf := fpdf.New("P", "mm", "A5", "")
		pdf.AddPage()
		y := 10.0
		for title := range titles {
			block := s.Fit(title+" 🎬", true, 300, 2, 16)
			block.Draw(pdf, 10, y)
			block.DrawCentered(pdf, 10, y)
			y += 8
		}
		var file bytes.Buffer
		require.NoError(t, pdf.Output(&file))
		return file.Bytes()
	}
	assert.True(t, bytes.HasPrefix(draw(), []byte("%PDF-")))
	assert.Greater(t, len(draw()), 3000)
}

// A font whose picture cannot be read costs the picture, not the ticket.
func TestABrokenPictureIsLeftOut(t *testing.T) {
	t.Parallel()
	pdf := fpdf.New("P", "mm", "A5", "")
	pdf.AddPage()
	drawPicture(pdf, font.GlyphBitmap{Format: font.PNG, Data: []byte("\x89PNG\r\n\x1a\nbroken")}, shaping.Glyph{}, 10, 10)
	require.NoError(t, pdf.Error())
	require.NoError(t, pdf.Output(&bytes.Buffer{}))
}
