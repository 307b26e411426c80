package platform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrRunning says that another process runs a platform over the same state.
var ErrRunning = errors.New("the platform is already running")

// lock is held through flock(2), which the kernel lets go when its holder dies,
// however it dies. The process id in it is for people.
type lock struct{ file *os.File }

func acquire(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w, as process %d", ErrRunning, holder(path))
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid()))); err != nil {
		file.Close()
		return nil, fmt.Errorf("write the lock: %w", err)
	}
	return &lock{file: file}, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

func (l *lock) release() { _ = l.file.Close() }

func holder(path string) int {
	content, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return pid
}

// Running returns the process that runs a platform over stateDir, or 0.
func Running(stateDir string) (pid int, err error) {
	path := filepath.Join(stateDir, "lock")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	l, err := acquire(path)
	if errors.Is(err, ErrRunning) {
		if pid = holder(path); pid != 0 {
			return pid, nil
		}
	}
	if err != nil {
		return 0, err
	}
	l.release()
	return 0, nil
}
