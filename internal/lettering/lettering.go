// Package lettering sets text of any script for a page: it finds fonts that have the
// letters, shapes them, breaks lines, and draws them into a PDF.
//
// Latin, Greek and Cyrillic letters come from the Go fonts, which travel in the binary.
// Other scripts come from the fonts of the system. Letters that no font has are written
// in Latin letters by their sound: a box cannot be read.
//
// What does not live here: what stands on a page, and where.
package lettering

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"github.com/gosimple/unidecode"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/bidi"

	words "github.com/boxoffice/boxoffice/internal/text"
)

// ours is the family of the fonts in the binary.
const ours = "boxoffice"

// Setter sets text. It is for use by several goroutines, which wait for each other.
type Setter struct {
	mu     sync.Mutex
	fonts  *fontscan.FontMap
	script language.Script // of the letters that are being looked up
	shaper shaping.HarfbuzzShaper
	split  shaping.Segmenter
	wrap   shaping.LineWrapper
}

// New makes a Setter. It looks through the fonts of the system, which takes a second or
// two for the first one of a process. A system without fonts is no error: other scripts
// are then written in Latin letters.
func New(log *slog.Logger) (*Setter, error) {
	s := &Setter{fonts: fontscan.NewFontMap(quiet{})}
	for name, file := range map[string][]byte{"regular": goregular.TTF, "bold": gobold.TTF} {
		if err := s.fonts.AddFont(bytes.NewReader(file), name, ours); err != nil {
			return nil, fmt.Errorf("lettering: the %s font: %w", name, err)
		}
	}
	if err := s.useSystemFonts(); err != nil {
		log.Warn("no fonts of the system: titles in other scripts than Latin, Greek and Cyrillic are written in Latin letters", "error", err)
	}
	return s, nil
}

// useSystemFonts needs a directory for an index that lives no longer than the process:
// fonts that are installed later count from the next start on.
func (s *Setter) useSystemFonts() error {
	dir, err := os.MkdirTemp("", "boxoffice-fonts-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return s.fonts.UseSystemFonts(dir)
}

// quiet drops what the library says of each letter without a font.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// style is how text looks. Size is in points.
type style struct {
	Size float64
	Bold bool
}

// Block is text that is set: lines that fit a width.
type Block struct {
	Style style
	// Cut tells that not all of the text found room; an ellipsis stands for the rest.
	Cut   bool
	width fixed.Int26_6
	lines []shaping.Line
}

// Lines is how many lines the block has.
func (b Block) Lines() int { return len(b.lines) }

// Fit sets text in the largest of the sizes in which it needs at most so many lines, and
// cuts it when it needs more in the smallest. width is in points.
func (s *Setter) Fit(text string, bold bool, width float64, lines int, sizes ...float64) Block {
	s.mu.Lock()
	defer s.mu.Unlock()
	var block Block
	for _, size := range sizes {
		block = s.set(text, style{size, bold}, width, 0)
		if len(block.lines) <= lines {
			return block
		}
	}
	return s.set(text, block.Style, width, lines)
}

func (s *Setter) set(text string, style style, width float64, most int) Block {
	s.query(style)
	runes := []rune(s.readable(text, style))
	direction := directionOf(runes)
	block := Block{Style: style, width: points(width)}
	if len(runes) == 0 {
		return block
	}
	config := shaping.WrapConfig{Direction: direction, TruncateAfterLines: most}
	if most > 0 {
		config.Truncator = s.shape([]rune("…"), direction, style)[0]
	}
	lines, cut := s.wrap.WrapParagraphF(config, block.width, runes, shaping.NewSliceIterator(s.shape(runes, direction, style)))
	block.Cut = cut > 0
	for _, line := range lines { // the wrapper uses its own again
		line = slices.Clone(line)
		slices.SortFunc(line, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
		for i := range line {
			line[i].Glyphs = slices.Clone(line[i].Glyphs)
		}
		block.lines = append(block.lines, line)
	}
	return block
}

func (s *Setter) query(style style) {
	weight := font.WeightNormal
	if style.Bold {
		weight = font.WeightBold
	}
	s.fonts.SetQuery(fontscan.Query{Families: []string{ours, "Noto Sans", fontscan.SansSerif}, Aspect: font.Aspect{Weight: weight}})
}

func (s *Setter) shape(runes []rune, direction di.Direction, style style) []shaping.Output {
	input := shaping.Input{Text: runes, RunEnd: len(runes), Direction: direction, Size: points(style.Size)}
	var shaped []shaping.Output
	for _, run := range s.split.Split(input, finder{s}) {
		shaped = append(shaped, s.shaper.Shape(run))
	}
	return shaped
}

// finder finds the font of a letter. The library looks at fonts for the script of the
// text around; an emoji between Hebrew letters, which belongs to no script, needs more.
type finder struct{ *Setter }

// SetScript implements shaping.FontmapScript.
func (f finder) SetScript(script language.Script) {
	f.script = script
	f.fonts.SetScript(script)
}

// ResolveFace implements shaping.Fontmap.
func (f finder) ResolveFace(r rune) *font.Face {
	face := f.fonts.ResolveFace(r)
	if !shows(r) || has(face, r) {
		return face
	}
	defer f.fonts.SetScript(f.script)
	for _, script := range []language.Script{language.LookupScript(r), language.Common, language.Latin} {
		f.fonts.SetScript(script)
		if other := f.fonts.ResolveFace(r); has(other, r) {
			return other
		}
	}
	return face
}

func has(face *font.Face, r rune) bool {
	if face == nil {
		return false
	}
	glyph, ok := face.NominalGlyph(r)
	return ok && glyph != 0
}

// readable gives text in which every letter has a font.
func (s *Setter) readable(text string, style style) string {
	runes := []rune(words.OneLine(text))
	// Letters by their sound are ASCII, which our own fonts have: one round does it, and
	// a second one sees what stands beside them.
	for range 2 {
		lost := s.withoutFont(runes, style)
		if len(lost) == 0 {
			break
		}
		var out strings.Builder
		for i, r := range runes {
			switch {
			case !lost[i]:
				out.WriteRune(r)
			case shows(r):
				out.WriteString(unidecode.Unidecode(string(r)))
			}
		}
		runes = []rune(words.OneLine(out.String()))
	}
	return string(runes)
}

// withoutFont gives the places of the letters that would be drawn as a box. Which font a
// letter gets depends on those beside it, so only shaping tells.
func (s *Setter) withoutFont(runes []rune, style style) map[int]bool {
	lost := map[int]bool{}
	if len(runes) == 0 {
		return lost
	}
	for _, run := range s.shape(runes, directionOf(runes), style) {
		for _, glyph := range run.Glyphs {
			if glyph.GlyphID != 0 {
				continue
			}
			for i := range glyph.RunesCount() {
				lost[glyph.TextIndex()+i] = true
			}
		}
	}
	return lost
}

// shows tells whether a character needs a picture at all.
func shows(r rune) bool {
	return !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Variation_Selector, r) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// directionOf is that of the first letter that has one (UAX #9, rule P2).
func directionOf(runes []rune) di.Direction {
	for _, r := range runes {
		properties, _ := bidi.LookupRune(r)
		switch properties.Class() {
		case bidi.L:
			return di.DirectionLTR
		case bidi.R, bidi.AL:
			return di.DirectionRTL
		}
	}
	return di.DirectionLTR
}

func points(size float64) fixed.Int26_6 { return fixed.Int26_6(size * 64) }
