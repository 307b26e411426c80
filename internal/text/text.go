// Package text has the one set of rules for texts that people write: names, titles,
// reviews, notes, reasons. They stand in mails, files and lists beside the text of
// others, so none may turn around, end or hide what stands beside it.
//
// What does not live here: rules for addresses, numbers and codes, and what a field
// means.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line gives text of one line as it is stored: composed (Unicode NFC), without space
// around it.
func Line(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// Paragraphs gives text that may have several lines as it is stored. They end in \n
// alone, and a tab is a space.
func Paragraphs(s string) string {
	return Line(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(s))
}

// OneLine gives any text as one line of what can be read, for files and pages where a
// line has an end: composed, with one space for every run of space and controls.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(s, "")))
	return strings.Join(strings.Fields(s), " ")
}

// WrongLine says what is wrong with text of one line, in its stored form; it is empty
// when nothing is. least is 0 or 1 characters.
func WrongLine(s string, least, most int) string {
	if strings.ContainsFunc(s, implicit) {
		return turns
	}
	return wrong(s, least, most)
}

const turns = "Has characters that are not text: controls, or marks that turn its direction around."

func wrong(s string, least, most int) string {
	switch {
	case hasControls(s):
		return turns
	case strings.ContainsRune(s, utf8.RuneError):
		return "Has U+FFFD, which stands where a character was lost."
	case utf8.RuneCountInString(s) > most:
		return fmt.Sprintf("Has at most %d characters.", most)
	case least > 0 && s == "":
		return "Must not be empty."
	case s != "" && !strings.ContainsFunc(s, visible):
		return "Has nothing that can be seen."
	}
	return ""
}

// WrongParagraphs is WrongLine for text that may have several lines. It stands for itself,
// so it may have the marks that keyboards for Hebrew and Arabic write between letters and
// signs (UAX #9, section 2.6); in a name they would move what stands beside it.
func WrongParagraphs(s string, least, most int) string {
	return wrong(strings.ReplaceAll(s, "\n", " "), least, most)
}

func implicit(r rune) bool { return r == '\u200e' || r == '\u200f' || r == '\u061c' }

// hasControls also finds what is invisible but turns text around or ends it. Joiners
// stay: Persian, Hindi and emoji need them.
func hasControls(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && !implicit(r) ||
			r == '\u2028' || r == '\u2029' || r == '\ufeff'
	})
}

// visible tells whether a character alone shows anything: no space, no mark without its
// letter, none of those that stand for nothing (UAX #44, Default_Ignorable_Code_Point).
func visible(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && r != brailleBlank &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !unicode.Is(unicode.Variation_Selector, r)
}
