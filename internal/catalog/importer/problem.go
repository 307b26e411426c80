package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is what is wrong with a line, or with one of its fields.
type Problem struct {
	// Line counts from 1, the header of a CSV included.
	Line int
	// Column is where in the line: of a CSV the number of the cell, of JSON lines
	// the byte at which the syntax breaks. 0 when the whole line is meant.
	Column int
	// Field is the name of the field, with its path, for example "credits[2].name".
	// Empty when the whole line is meant.
	Field string
	// Message says what to write instead.
	Message string
	// Note says that the line was not refused: there was nothing to do for it.
	Note bool
}

// String is line, column and field as compilers write them, without the file.
func (p Problem) String() string {
	text := strconv.Itoa(p.Line)
	if p.Column > 0 {
		text += ":" + strconv.Itoa(p.Column)
	}
	text += ": "
	if p.Field != "" {
		text += p.Field + ": "
	}
	if p.Note {
		text += "note: "
	}
	return text + p.Message
}

// findings are the problems of one line.
type findings struct {
	line    int
	columns map[string]int // of a CSV, by field
	all     []Problem
}

func (f *findings) add(field, format string, args ...any) {
	f.all = append(f.all, Problem{
		Line: f.line, Column: f.columns[root(field)], Field: printable(field), Message: fmt.Sprintf(format, args...),
	})
}

func (f *findings) note(format string, args ...any) {
	f.all = append(f.all, Problem{Line: f.line, Message: fmt.Sprintf(format, args...), Note: true})
}

// about tells whether there is a problem with a field or a part of it.
func (f *findings) about(field string) bool {
	return slices.ContainsFunc(f.all, func(p Problem) bool {
		rest, within := strings.CutPrefix(p.Field, field)
		return within && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// refused tells whether the line cannot be imported.
func (f *findings) refused() bool {
	return slices.ContainsFunc(f.all, func(p Problem) bool { return !p.Note })
}

// root is the first part of a field's path: the name of the column.
func root(field string) string {
	for i, r := range field {
		if r == '.' || r == '[' {
			return field[:i]
		}
	}
	return field
}

// printable is for what stands in the file and is shown on a terminal, where an
// escape sequence would be obeyed.
func printable(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	quoted := strconv.Quote(text)
	if plain := quoted[1 : len(quoted)-1]; plain == text {
		return text
	}
	return quoted
}

func byLine(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return problems
}
