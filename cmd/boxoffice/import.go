package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
)

type importCommand struct {
	Kind string `arg:"" enum:"movies,theaters,shows" help:"What the file is about: movies, theaters or shows."`
	File string `arg:"" help:"The file; - reads standard input."`

	Format    string `enum:",jsonl,csv" default:"" help:"jsonl (JSON lines) or csv. By default what the file's name ends in says it."`
	DryRun    bool   `help:"Check everything, the database's rules too, and write nothing."`
	Strict    bool   `help:"Write all lines or, when one is refused, none."`
	Restart   bool   `help:"Begin anew what was imported before, in part or in full."`
	Batch     int    `default:"1000" help:"How many lines are written at a time."`
	MaxErrors int    `default:"20" help:"How many problems are printed."`
	Errors    string `placeholder:"FILE" help:"Write every problem to this file: CSV if its name ends in .csv, else JSON lines."`
}

// Run imports a file.
func (c *importCommand) Run(ctx context.Context) (err error) {
	if c.Batch < 1 || c.Batch > 100_000 {
		return fmt.Errorf("--batch is %d: choose between 1 and 100000", c.Batch)
	}
	cfg, _, err := load(config.Import)
	if err != nil {
		return err
	}
	file, name, err := c.open()
	if err != nil {
		return err
	}
	defer file.Close()
	if sameFile(c.Errors, file) {
		return fmt.Errorf("--errors %s would write over the file itself", c.Errors)
	}
	report, err := newImportReport(os.Stderr, name, c.MaxErrors, c.Errors)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, report.close()) }()

	db, err := database.Open(ctx, cfg.DatabaseURL, database.WithName("boxoffice import"))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := database.CheckMigrated(ctx, db); err != nil {
		return err
	}
	began := time.Now()
	sum, err := importer.Run(ctx, db, file, importer.Options{
		Kind: importer.Kind(c.Kind), Format: c.format(), Name: filepath.Base(name),
		DryRun: c.DryRun, Strict: c.Strict, Restart: c.Restart, BatchLines: c.Batch, Charging: charging,
		Report: report.problem, Progress: report.progress,
	})
	report.endProgress()
	return c.conclude(ctx, report, sum, err, time.Since(began))
}

// open gives the file in a form that can be read twice: once for what it is, and
// once for what it says.
func (c *importCommand) open() (file *os.File, name string, err error) {
	if c.File != "-" {
		if file, err = os.Open(c.File); err != nil {
			return nil, "", err
		}
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			file.Close()
			return nil, "", fmt.Errorf("%s is not a regular file: write - and send it to standard input", c.File)
		}
		return file, c.File, nil
	}
	if file, err = os.CreateTemp("", "boxoffice-import-"); err != nil {
		return nil, "", fmt.Errorf("keep standard input: %w", err)
	}
	defer os.Remove(file.Name()) // it lives on until it is closed
	if _, err = io.Copy(file, os.Stdin); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, "", fmt.Errorf("keep standard input: %w", err)
	}
	return file, "stdin", nil
}

func sameFile(path string, file *os.File) bool {
	one, err := os.Stat(path)
	other, errToo := file.Stat()
	return err == nil && errToo == nil && os.SameFile(one, other)
}

func (c *importCommand) format() importer.Format {
	switch {
	case c.Format != "":
		return importer.Format(c.Format)
	case slices.Contains([]string{".csv", ".tsv"}, strings.ToLower(filepath.Ext(c.File))):
		return importer.CSV
	}
	return importer.JSONLines
}

// conclude reports the result of the import. An error makes the command fail.
func (c *importCommand) conclude(ctx context.Context, report *importReport, sum importer.Summary, err error, took time.Duration) error {
	switch {
	case err != nil && ctx.Err() != nil:
		if !sum.Written {
			return errors.New("stopped before anything was written")
		}
		return fmt.Errorf("stopped after %d lines: the same command goes on from there", sum.Lines())
	case errors.Is(err, importer.ErrBusy):
		return fmt.Errorf("another import of %s is running: wait for its end", c.Kind)
	case err != nil:
		return fmt.Errorf("import %s: %w", report.name, err)
	case sum.AlreadyImported:
		fmt.Printf("%s: already imported (%d added, %d changed); --restart does it again\n", report.name, sum.Added, sum.Changed)
		return nil
	}
	did := ""
	if c.DryRun {
		did = "would be: "
	}
	rate := fmt.Sprintf("%d lines in %s, %.0f a second", sum.Lines(), took.Round(time.Millisecond), float64(sum.Lines())/max(took.Seconds(), 0.001))
	if sum.ResumedAfter > 0 { // not all of them in this time
		rate = "the rest in " + took.Round(time.Millisecond).String()
	}
	fmt.Printf("%s: %s%d added, %d changed, %d unchanged, %d repeated, %d refused; %s\n",
		report.name, did, sum.Added, sum.Changed, sum.Unchanged, sum.Repeated, sum.Refused, rate)
	switch {
	case sum.Refused == 0:
		return nil
	case c.DryRun:
		return fmt.Errorf("%d lines would be refused", sum.Refused)
	case !sum.Written, sum.Refused == sum.Lines():
		return fmt.Errorf("%d lines were refused, so nothing was written", sum.Refused)
	}
	return fmt.Errorf("%d lines were refused; the others are in. Once the cause is gone, the same command tries them again", sum.Refused)
}
