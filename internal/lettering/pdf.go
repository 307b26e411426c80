package lettering

import (
	"bytes"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
)

const (
	mmPerPoint = 25.4 / 72
	// leading is the distance of lines, as a share of the size. Scripts with marks above
	// and below need more than Latin does.
	leading = 1.35
	ascent  = 1.0 // from the top of a line to its baseline
)

// Height is how high the block is, in mm.
func (b Block) Height() float64 { return float64(len(b.lines)) * b.Style.Size * leading * mmPerPoint }

// Draw draws the block into a PDF whose unit is mm, with its upper left corner at x and
// y. Lines begin at the left, those that are read from the right too: they stand among
// others, as in our mails. Letters are drawn as outlines, so the file needs no fonts.
func (b Block) Draw(pdf *fpdf.Fpdf, x, y float64) {
	for i, line := range b.lines {
		at := x
		baseline := y + (float64(i)*leading+ascent)*b.Style.Size*mmPerPoint
		for _, run := range line {
			at = drawRun(pdf, run, at, baseline)
		}
	}
}

// DrawCentered is Draw with each line in the middle of the block's width.
func (b Block) DrawCentered(pdf *fpdf.Fpdf, x, y float64) {
	for i, line := range b.lines {
		at := x + (float(b.width)-advance(line))*mmPerPoint/2
		baseline := y + (float64(i)*leading+ascent)*b.Style.Size*mmPerPoint
		for _, run := range line {
			at = drawRun(pdf, run, at, baseline)
		}
	}
}

func advance(line shaping.Line) (points float64) {
	for _, run := range line {
		points += float(run.Advance)
	}
	return points
}

func drawRun(pdf *fpdf.Fpdf, run shaping.Output, x, y float64) (end float64) {
	scale := float(run.Size) / float64(run.Face.Upem()) * mmPerPoint
	drawn := false
	for _, glyph := range run.Glyphs {
		left, base := x+float(glyph.XOffset)*mmPerPoint, y-float(glyph.YOffset)*mmPerPoint
		switch data := run.Face.GlyphData(glyph.GlyphID).(type) {
		case font.GlyphOutline:
			drawn = drawOutline(pdf, data, scale, left, base) || drawn
		case font.GlyphBitmap:
			if drawn { // a path must end before a picture begins
				pdf.DrawPath("F")
				drawn = false
			}
			drawPicture(pdf, data, glyph, left, base)
		}
		x += float(glyph.Advance) * mmPerPoint
	}
	if drawn {
		pdf.DrawPath("F")
	}
	return x
}

func drawOutline(pdf *fpdf.Fpdf, outline font.GlyphOutline, scale, x, y float64) bool {
	at := func(p opentype.SegmentPoint) (float64, float64) {
		return x + float64(p.X)*scale, y - float64(p.Y)*scale
	}
	open := false
	for _, segment := range outline.Segments {
		x0, y0 := at(segment.Args[0])
		x1, y1 := at(segment.Args[1])
		x2, y2 := at(segment.Args[2])
		switch segment.Op {
		case opentype.SegmentOpMoveTo:
			if open {
				pdf.ClosePath()
			}
			pdf.MoveTo(x0, y0)
			open = true
		case opentype.SegmentOpLineTo:
			pdf.LineTo(x0, y0)
		case opentype.SegmentOpQuadTo:
			pdf.CurveTo(x0, y0, x1, y1)
		case opentype.SegmentOpCubeTo:
			pdf.CurveBezierCubicTo(x0, y0, x1, y1, x2, y2)
		}
	}
	if open {
		pdf.ClosePath()
	}
	return open
}

// drawPicture draws a colored emoji, which is a picture in its font.
func drawPicture(pdf *fpdf.Fpdf, picture font.GlyphBitmap, glyph shaping.Glyph, x, y float64) {
	if picture.Format != font.PNG {
		return
	}
	name := fmt.Sprintf("glyph-%d-%d", glyph.GlyphID, len(picture.Data))
	options := fpdf.ImageOptions{ImageType: "PNG"}
	pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(picture.Data))
	if pdf.Err() {
		pdf.ClearError() // a ticket without an emoji is better than none
		return
	}
	pdf.ImageOptions(name, x+float(glyph.XBearing)*mmPerPoint, y-float(glyph.YBearing)*mmPerPoint,
		float(glyph.Width)*mmPerPoint, -float(glyph.Height)*mmPerPoint, false, options, 0, "")
}

func float[N ~int32](v N) float64 { return float64(v) / 64 }
