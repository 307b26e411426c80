package importer

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrorFile writes problems for a program or a spreadsheet to read.
type ErrorFile struct {
	name  string
	lines *json.Encoder
	rows  *csv.Writer
}

// NewErrorFile writes problems of the file with a name to w, one a line.
func NewErrorFile(w io.Writer, format Format, name string) (*ErrorFile, error) {
	e := &ErrorFile{name: name}
	if format != CSV {
		e.lines = json.NewEncoder(w)
		return e, nil
	}
	e.rows = csv.NewWriter(w)
	return e, e.row("file", "line", "column", "kind", "field", "message")
}

// Write writes a problem.
func (e *ErrorFile) Write(p Problem) error {
	kind := "error"
	if p.Note {
		kind = "note"
	}
	if e.rows != nil {
		return e.row(e.name, strconv.Itoa(p.Line), strconv.Itoa(p.Column), kind, p.Field, p.Message)
	}
	err := e.lines.Encode(struct {
		File    string `json:"file"`
		Line    int    `json:"line"`
		Column  int    `json:"column,omitempty"`
		Kind    string `json:"kind"`
		Field   string `json:"field,omitempty"`
		Message string `json:"message"`
	}{e.name, p.Line, p.Column, kind, p.Field, p.Message})
	if err != nil {
		return fmt.Errorf("write the errors: %w", err)
	}
	return nil
}

func (e *ErrorFile) row(cells ...string) error {
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	if err := e.rows.Write(cells); err != nil {
		return fmt.Errorf("write the errors: %w", err)
	}
	// At once: an import that is stopped has told what went wrong until then.
	if e.rows.Flush(); e.rows.Error() != nil {
		return fmt.Errorf("write the errors: %w", e.rows.Error())
	}
	return nil
}

// inert keeps a spreadsheet from reading a formula into a cell
// (owasp.org/www-community/attacks/CSV_Injection).
func inert(cell string) string {
	if strings.ContainsAny(firstRune(cell), "=+-@\t\r\n＝＋－＠") {
		return "'" + cell
	}
	return cell
}
