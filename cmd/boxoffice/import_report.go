package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/boxoffice/boxoffice/internal/catalog/importer"
)

// sayEvery keeps a log that is not a terminal from filling up with progress.
const sayEvery = 5 * time.Second

// importReport tells how an import goes while it goes: a bar on a terminal, else
// a line now and then, and the problems.
type importReport struct {
	out      io.Writer
	name     string
	most     int // problems to print
	problems int
	bar      *progressbar.ProgressBar // nil unless out is a terminal
	terminal bool
	resumed  bool
	said     time.Time

	file   *os.File
	errors *importer.ErrorFile
	failed error
}

func newImportReport(out *os.File, name string, most int, errorsPath string) (*importReport, error) {
	r := &importReport{out: out, name: name, most: most, terminal: term.IsTerminal(int(out.Fd()))}
	if errorsPath == "" {
		return r, nil
	}
	file, err := os.Create(errorsPath)
	if err != nil {
		return nil, fmt.Errorf("--errors: %w", err)
	}
	format := importer.JSONLines
	if strings.EqualFold(filepath.Ext(errorsPath), ".csv") {
		format = importer.CSV
	}
	r.file = file
	if r.errors, err = importer.NewErrorFile(file, format, name); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

func (r *importReport) problem(p importer.Problem) {
	if r.errors != nil && r.failed == nil {
		r.failed = r.errors.Write(p)
	}
	r.problems++
	if r.problems > r.most {
		return
	}
	if r.bar != nil {
		_ = r.bar.Clear() // else the line would begin behind it
	}
	fmt.Fprintf(r.out, "%s:%s\n", r.name, p)
}

func (r *importReport) progress(p importer.Progress) {
	if p.ResumedAfter > 0 && !r.resumed {
		r.resumed = true
		fmt.Fprintf(r.out, "%s: goes on after line %d, where an earlier import stopped; what it added, changed and refused is counted\n", r.name, p.ResumedAfter)
	}
	switch {
	case r.terminal:
		if r.bar == nil {
			r.bar = newBar(r.out, p.Size)
		}
		r.bar.Describe(fmt.Sprintf("line %d", p.Line))
		_ = r.bar.Set64(p.Bytes) // a bar that cannot be drawn is no reason to stop
	case p.Bytes == p.Size: // the end, which has a line of its own
	case r.said.IsZero() || time.Since(r.said) >= sayEvery:
		r.said = time.Now()
		fmt.Fprintf(r.out, "%s: %d %%, line %d: %d added, %d changed, %d refused\n", r.name, p.Bytes*100/p.Size, p.Line, p.Added, p.Changed, p.Refused)
	}
}

func newBar(out io.Writer, size int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(out),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionSetWidth(30),
		progressbar.OptionUseANSICodes(true),
	)
}

func (r *importReport) endProgress() {
	if r.bar != nil {
		_ = r.bar.Exit()
		fmt.Fprintln(r.out)
	}
	if more := r.problems - max(r.most, 0); more > 0 {
		fmt.Fprintf(r.out, "%s: and %d more problems: --max-errors prints more, --errors FILE keeps all\n", r.name, more)
	}
}

func (r *importReport) close() error {
	if r.file == nil {
		return nil
	}
	return errors.Join(r.failed, r.file.Close())
}
