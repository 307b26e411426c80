package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/internal/jsondoc"
)

// maxLine bounds what one line may make us hold in memory.
const maxLine = 1 << 20

// record is a line of a file, taken apart into fields.
type record struct {
	line    int
	members map[string]json.RawMessage
	// order keeps the fields as they stand in the file, for the report.
	order []string
	// columns says which cell of a CSV a field is.
	columns map[string]int
}

// source reads a file line by line.
type source interface {
	// next gives the next line that is not empty. Problems refuse that line alone.
	// The error is io.EOF at the end; any other ends the import.
	next() (record, []Problem, error)
	// read counts the bytes behind it.
	read() int64
}

var errNotUTF8 = errors.New("the file is not in UTF-8: it begins with the mark of UTF-16. Save it as UTF-8")

// skipMark drops the byte order mark that some programs put before UTF-8.
func skipMark(r *bufio.Reader) (int64, error) {
	mark, err := r.Peek(3)
	switch {
	case len(mark) >= 2 && (mark[0] == 0xFF && mark[1] == 0xFE || mark[0] == 0xFE && mark[1] == 0xFF):
		return 0, errNotUTF8
	case bytes.Equal(mark, []byte("\xEF\xBB\xBF")):
		_, err = r.Discard(3)
		return 3, err
	case err != nil && !errors.Is(err, io.EOF):
		return 0, err
	}
	return 0, nil
}

// jsonLines is one JSON object a line (jsonlines.org).
type jsonLines struct {
	in     *bufio.Reader
	line   int
	behind int64
}

func openJSONLines(r io.Reader) (*jsonLines, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	skipped, err := skipMark(in)
	if err != nil {
		return nil, err
	}
	return &jsonLines{in: in, behind: skipped}, nil
}

func (s *jsonLines) read() int64 { return s.behind }

func (s *jsonLines) next() (record, []Problem, error) {
	for {
		text, tooLong, err := s.readLine()
		if err != nil {
			return record{}, nil, err
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 && !tooLong {
			continue
		}
		rec, problem := s.takeApart(text, tooLong)
		if problem != nil {
			return record{line: s.line}, []Problem{*problem}, nil
		}
		return rec, nil, nil
	}
}

// readLine gives the next line. Of one that is too long it reads on to the end
// but keeps nothing.
func (s *jsonLines) readLine() (text []byte, tooLong bool, err error) {
	begun := false
	for {
		part, err := s.in.ReadSlice('\n')
		s.behind += int64(len(part))
		if len(part) > 0 {
			begun = true
		}
		switch {
		case tooLong:
		case len(text)+len(part) > maxLine+len("\r\n"):
			text, tooLong = nil, true
		default:
			text = append(text, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && begun:
			s.line++
			return text, tooLong, nil
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return nil, false, err
		}
	}
}

func (s *jsonLines) takeApart(text []byte, tooLong bool) (record, *Problem) {
	wrong := func(column int, format string, args ...any) *Problem {
		return &Problem{Line: s.line, Column: column, Message: fmt.Sprintf(format, args...)}
	}
	if tooLong {
		return record{}, wrong(0, "Is longer than %d bytes.", maxLine)
	}
	if at := invalidUTF8(text); at >= 0 {
		return record{}, wrong(at+1, "Is not UTF-8 here.")
	}
	if jsondoc.TooDeep(text) {
		return record{}, wrong(0, "Is nested more than %d levels deep.", jsondoc.MaxDepth)
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); errors.As(err, &syntax) {
		return record{}, wrong(int(syntax.Offset), "Is not JSON: %s.", syntax)
	}
	rec := record{line: s.line}
	if text[0] != '{' || json.Unmarshal(text, &rec.members) != nil {
		return record{}, wrong(1, "Must be a JSON object.")
	}
	order, repeated := names(text)
	if repeated != "" {
		return record{}, &Problem{Line: s.line, Field: printable(repeated), Message: "Is there twice."}
	}
	rec.order = order
	return rec, nil
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// names gives the fields of an object in their order, and the path of one that
// some object within has twice: no rule says which of the two counts
// (RFC 8259, section 4).
func names(text []byte) (order []string, repeated string) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var walk func(path string)
	walk = func(path string) {
		token, err := in.Token()
		open, nested := token.(json.Delim)
		if err != nil || !nested {
			return
		}
		seen := map[string]bool{}
		for i := 0; in.More(); i++ {
			if open == '[' {
				walk(fmt.Sprintf("%s[%d]", path, i))
				continue
			}
			key, _ := in.Token() // the text is known to be JSON
			name, _ := key.(string)
			at := name
			if path != "" {
				at = path + "." + name
			} else {
				order = append(order, name)
			}
			if seen[name] && repeated == "" {
				repeated = at
			}
			seen[name] = true
			walk(at)
		}
		_, _ = in.Token() // the closing bracket
	}
	walk("")
	return order, repeated
}
