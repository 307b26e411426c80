package platform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
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

// BuildTemporal builds the Temporal server of the repository at root, for who
// wants to wait for it now.
func BuildTemporal(ctx context.Context, root string, out io.Writer) error {
	p := &Platform{opts: Options{Root: root}, progress: newProgress(out)}
	return p.buildTemporal(ctx)
}

// buildTemporal compiles the server when its sources changed. To find out by
// asking the compiler would take seconds on every start.
func (p *Platform) buildTemporal(ctx context.Context) error {
	release, err := p.exclusively(temporalProgram)
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
	// Without cgo it needs no C compiler; without symbols linking is faster.
	if err := goBuild(ctx, source, []string{"CGO_ENABLED=0"}, "-trimpath", "-ldflags=-s -w", "-o", program, "."); err != nil {
		return fmt.Errorf("build the Temporal server: %w", err)
	}
	p.progress.printf("the Temporal server is built (%s)", took(begun))
	return writeWhole(program+".sum", []byte(sum))
}

// buildBoxoffice leaves it to the compiler to find out what changed.
func (p *Platform) buildBoxoffice(ctx context.Context) error {
	release, err := p.exclusively(boxofficeProgram)
	if err != nil {
		return err
	}
	defer release()

	begun := time.Now()
	if !exists(p.program(boxofficeProgram)) {
		p.progress.printf("building boxoffice…")
	}
	// As the image has it, so that what is tried out here is what will run.
	if err := goBuild(ctx, p.opts.Root, []string{"CGO_ENABLED=0"}, "-trimpath", "-o", p.program(boxofficeProgram), "./cmd/boxoffice"); err != nil {
		return fmt.Errorf("build boxoffice: %w", err)
	}
	p.progress.printf("boxoffice is built (%s)", took(begun))
	return nil
}

// exclusively keeps two platforms, of two packages' tests say, from building
// the same program at once.
func (p *Platform) exclusively(name string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(p.program(name)), 0o755); err != nil {
		return nil, fmt.Errorf("create the directory of programs: %w", err)
	}
	file, err := os.OpenFile(p.program(name)+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the build lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("take the build lock: %w", err)
	}
	return func() { file.Close() }, nil
}

func goBuild(ctx context.Context, dir string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

// sumOf identifies the sources of a module together with the compiler.
func sumOf(dir string) (string, error) {
	var files []string
	for _, pattern := range []string{"*.go", "go.mod", "go.sum"} {
		matches, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, name := range files {
		fmt.Fprintln(sum, filepath.Base(name))
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the sources: %w", err)
		}
		_, err = io.Copy(sum, file)
		file.Close()
		if err != nil {
			return "", fmt.Errorf("read the sources: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
