package importer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// listSign parts the entries of a list within a cell.
const listSign = "|"

var errRowTooLong = fmt.Errorf("a row is longer than %d bytes: is a quotation mark not closed?", maxLine)

// csvRows is a CSV (RFC 4180) whose first row names the fields. An empty cell
// says nothing about its field.
type csvRows struct {
	in     *csv.Reader
	guard  *guard
	header []string
	types  spec
	begins int64
	above  int // lines that stand above the header
}

// guard stops the CSV reader when one row goes on without end, which it would
// keep in memory.
type guard struct {
	in   io.Reader
	left int
}

func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := g.in.Read(p)
	g.left -= n
	return n, err
}

// refill allows the next row its length, beyond what was read ahead already.
func (g *guard) refill() { g.left = maxLine }

func openCSV(r io.Reader, types spec) (*csvRows, []Problem, error) {
	plain := bufio.NewReader(r)
	skipped, err := skipMark(plain)
	if err != nil {
		return nil, nil, err
	}
	separator, said, err := findSeparator(plain, types)
	if err != nil {
		return nil, nil, err
	}
	g := &guard{in: plain, left: maxLine}
	in := csv.NewReader(g)
	in.Comma = separator
	in.FieldsPerRecord = -1 // counted here, so that the row can be named
	s := &csvRows{in: in, guard: g, types: types, begins: skipped + said}
	if said > 0 {
		s.above = 1
	}
	header, err := in.Read()
	switch {
	case errors.Is(err, io.EOF):
		return s, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("read the header row: %w", err)
	}
	return s, s.takeHeader(header), nil
}

func (s *csvRows) takeHeader(cells []string) []Problem {
	f := findings{line: s.above + 1, columns: map[string]int{}}
	for i, cell := range withoutEmptyEnd(cells) {
		name := columnName(cell)
		t, known := s.types[name]
		_, twice := f.columns[name]
		f.columns[name] = i + 1
		switch {
		case name == "":
			f.add("", "This column has no name. Name it, or take it out.")
		case twice:
			f.add(name, "Is there twice.")
		case !known || !fitsCell(t):
			f.add(name, "There is no such column. Choose from %s. The columns were split at %s; commas, semicolons and tabs are understood.",
				strings.Join(s.types.columns(), ", "), separatorNames[s.in.Comma])
		}
		s.header = append(s.header, name)
	}
	return f.all
}

// withoutEmptyEnd drops the empty cells that spreadsheets leave at the end of rows.
func withoutEmptyEnd(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

func (s *csvRows) read() int64 { return s.begins + s.in.InputOffset() }

func (s *csvRows) next() (record, []Problem, error) {
	for {
		s.guard.refill()
		cells, err := s.in.Read()
		var broken *csv.ParseError
		switch {
		case errors.As(err, &broken) && !errors.Is(err, errRowTooLong):
			line := s.above + broken.StartLine
			return record{line: line}, []Problem{{
				Line: line, Message: fmt.Sprintf("Is not CSV: %s at line %d, byte %d.", broken.Err, s.above+broken.Line, broken.Column),
			}}, nil
		case err != nil:
			return record{}, nil, err
		}
		if !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			continue
		}
		line, _ := s.in.FieldPos(0)
		rec, problems := s.takeApart(s.above+line, cells)
		return rec, problems, nil
	}
}

func (s *csvRows) takeApart(line int, cells []string) (record, []Problem) {
	rec := record{line: line, members: map[string]json.RawMessage{}, columns: map[string]int{}}
	f := findings{line: line, columns: rec.columns}
	if full := withoutEmptyEnd(cells); len(cells) > len(s.header) {
		cells = cells[:max(len(full), len(s.header))]
	}
	if len(cells) != len(s.header) {
		f.add("", "Has %d cells, and the header has %d.", len(cells), len(s.header))
		return rec, f.all
	}
	for i, cell := range cells {
		name := s.header[i]
		rec.columns[name] = i + 1
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		if !utf8.ValidString(cell) {
			f.add(name, "Is not UTF-8.")
			continue
		}
		rec.members[name] = fromCell(cell, s.types[name])
		rec.order = append(rec.order, name)
	}
	return rec, f.all
}

// fitsCell tells whether a field can be written in a cell at all.
func fitsCell(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice:
		return t.Elem().Kind() == reflect.String
	case reflect.Map:
		return true
	default:
		return t.Kind() != reflect.Struct
	}
}

// fromCell writes a cell as the JSON that would say the same. What cannot be read
// stays text, and is refused where JSON of the wrong type is.
func fromCell(cell string, t reflect.Type) json.RawMessage {
	switch t.Kind() {
	case reflect.String:
		return asJSON(cell)
	case reflect.Slice:
		list := []string{}
		for entry := range strings.SplitSeq(cell, listSign) {
			list = append(list, strings.TrimSpace(entry))
		}
		return asJSON(list)
	case reflect.Map:
		pairs := map[string]json.RawMessage{}
		for entry := range strings.SplitSeq(cell, listSign) {
			name, value, _ := strings.Cut(entry, ":")
			name = strings.TrimSpace(name)
			if _, twice := pairs[name]; twice {
				return asJSON(cell)
			}
			pairs[name] = number(strings.TrimSpace(value))
		}
		return asJSON(pairs)
	case reflect.Bool:
		switch strings.ToLower(cell) {
		case "true", "yes", "1":
			return json.RawMessage("true")
		case "false", "no", "0":
			return json.RawMessage("false")
		}
		return asJSON(cell)
	default:
		return number(cell)
	}
}

func number(cell string) json.RawMessage {
	if json.Valid([]byte(cell)) && strings.ContainsAny(cell[:1], "-0123456789") {
		return json.RawMessage(cell)
	}
	return asJSON(cell)
}

func asJSON(value any) json.RawMessage {
	content, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("importer: %T is not JSON: %v", value, err))
	}
	return content
}

// spec is the fields of a kind of line, with their types.
type spec map[string]reflect.Type

// columns names the fields that a CSV may have.
func (s spec) columns() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(name string) bool { return !fitsCell(s[name]) })
}
