package platform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Programs lie beside the repository's own state, not beside the platform's:
// all platforms of a checkout share them.
func (p *Platform) program(name string) string {
	return filepath.Join(p.opts.Root, ".boxoffice", "bin", name)
}

const (
	temporalProgram  = "boxoffice-temporal"
	boxofficeProgram = "boxoffice"
)

// BuildTemporal builds the Temporal server of the repository at root, for callers that want
// to wait for it now.
func BuildTemporal(ctx context.Context, root string, out io.Writer) error {
	p := &Platform{opts: Options{Root: root}, progress: newProgress(out, nil)}
	return p.buildTemporal(ctx)
}

// buildTemporal compiles the server when its sources changed. To find out by
// asking the compiler would take seconds on every start.
func (p *Platform) buildTemporal(ctx context.Context) error {
	release, err := p.exclusively(ctx, temporalProgram)
	if err != nil {
		return err
	}
	defer release()

	source := filepath.Join(p.opts.Root, "dev", "temporal")
	sum, err := sumOf(source)
	if err != nil {
		return err
	}
	program := p.program(temporalProgram)
	if built, err := os.ReadFile(program + ".sum"); err == nil && string(built) == sum && exists(program) {
		return nil
	}
	begun := time.Now()
	p.progress.printf("building the Temporal server, first run only (about 5 minutes)…")
	// Without symbols linking is faster.
	if err := p.goBuild(ctx, "the Temporal server", temporalProgram, source, "-ldflags=-s -w", "."); err != nil {
		return err
	}
	p.progress.printf("the Temporal server is built (%s)", took(begun))
	if err := writeWhole(program+".sum", []byte(sum)); err != nil {
		return fmt.Errorf("note what the Temporal server was built from: %w", err)
	}
	return nil
}

// buildBoxoffice leaves it to the compiler to find out what changed.
func (p *Platform) buildBoxoffice(ctx context.Context) error {
	release, err := p.exclusively(ctx, boxofficeProgram)
	if err != nil {
		return err
	}
	defer release()

	begun := time.Now()
	if !exists(p.program(boxofficeProgram)) {
		p.progress.printf("building boxoffice…")
	}
	// As the image has it, so that what is tried out here is what will run.
	if err := p.goBuild(ctx, "boxoffice", boxofficeProgram, p.opts.Root, "./cmd/boxoffice"); err != nil {
		return err
	}
	p.progress.printf("boxoffice is built (%s)", took(begun))
	return nil
}

// exclusively keeps two platforms, for example of two packages' tests, from building the
// same program at once.
func (p *Platform) exclusively(ctx context.Context, name string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(p.program(name)), 0o755); err != nil {
		return nil, fmt.Errorf("create the directory of programs: %w", err)
	}
	file, err := os.OpenFile(p.program(name)+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the build lock: %w", err)
	}
	if err := p.waitForLock(ctx, file, name); err != nil {
		file.Close()
		return nil, fmt.Errorf("take the build lock: %w", err)
	}
	return func() { file.Close() }, nil
}

func (p *Platform) waitForLock(ctx context.Context, file *os.File, name string) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for told := false; ; told = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if !told {
			p.progress.printf("another process is building %s, waiting for it…", name)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// goBuild compiles what is in dir. Without cgo it needs no C compiler. Its log
// lies where the program does, which outlives a throwaway platform.
func (p *Platform) goBuild(ctx context.Context, what, program, dir string, args ...string) error {
	args = append([]string{"build", "-trimpath", "-o", p.program(program)}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return step{
		name:    "build " + what,
		logPath: filepath.Join(p.opts.Root, ".boxoffice", "logs", "build-"+program+".log"),
		command: cmd,
	}.run(ctx)
}

// sumOf identifies the sources of a module together with the compiler.
func sumOf(dir string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isSource(entry.Name()) {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		fmt.Fprintln(sum, strings.TrimPrefix(path, dir))
		_, err = io.Copy(sum, file)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the sources: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func isSource(name string) bool {
	return name == "go.mod" || name == "go.sum" ||
		strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
