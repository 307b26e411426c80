package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
)

// separators may stand between the cells of a row. RFC 4180 knows the comma;
// spreadsheets write semicolons where the comma is the decimal mark, and tabs.
const separators = ",;\t"

var separatorNames = map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs"}

// findSeparator gives what separates the cells, and skips a line that says so
// ("sep=;", which Excel writes and reads). Without such a line it is the one that gives
// the most columns that are known; the names of columns contain no separator, so the
// choice is safe.
func findSeparator(r *bufio.Reader, types spec) (separator rune, skipped int64, err error) {
	line := peekLine(r)
	if said, ok := saidSeparator(line); ok {
		if len(said) != 1 || !strings.Contains(separators, said) {
			return 0, 0, fmt.Errorf("the first line says that %q separates the columns. Use a comma, a semicolon or a tab", printable(said))
		}
		n, err := r.Discard(len(line))
		return rune(said[0]), int64(n), err
	}
	separator, most := ',', 0
	for _, candidate := range separators {
		if n := known(line, candidate, types); n > most {
			separator, most = candidate, n
		}
	}
	return separator, 0, nil
}

func saidSeparator(line []byte) (said string, ok bool) {
	text := strings.Trim(strings.TrimRight(string(line), "\r\n"), `"`)
	const sign = "sep="
	if len(text) < len(sign) || !strings.EqualFold(text[:len(sign)], sign) {
		return "", false
	}
	// Spreadsheets fill a row up with separators.
	return firstRune(text[len(sign):]), true
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

func known(line []byte, separator rune, types spec) (n int) {
	in := csv.NewReader(bytes.NewReader(line))
	in.Comma = separator
	cells, err := in.Read()
	if err != nil {
		return 0
	}
	for _, cell := range cells {
		if _, ok := types[columnName(cell)]; ok {
			n++
		}
	}
	return n
}

func columnName(cell string) string { return strings.ToLower(strings.TrimSpace(cell)) }

// peekLine gives the first line with its end, or as much of it as the reader keeps.
// It reads no further than it has to: the rest may not be written yet.
func peekLine(r *bufio.Reader) []byte {
	for n := 1; ; n = r.Buffered() + 1 {
		_, err := r.Peek(n)
		seen, _ := r.Peek(r.Buffered())
		if i := bytes.IndexByte(seen, '\n'); i >= 0 {
			return seen[:i+1]
		}
		if err != nil || r.Buffered() == r.Size() {
			return seen // an error of reading comes again with the next read
		}
	}
}
