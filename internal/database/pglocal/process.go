package pglocal

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type processSpec struct {
	path        string
	args        []string
	dir         string
	output      *os.File
	credential  *syscall.Credential
	outliveUs   bool
	parentDeath syscall.Signal
}

type process struct {
	pid    int
	exited <-chan struct{}
}

// startProcess starts the server in a session of its own, so that Ctrl-C in a
// terminal reaches us and not it. It waits for its end on the thread that
// started it: the kernel sends the parent-death signal when that thread ends,
// not when the process does, see prctl(2).
func startProcess(spec processSpec) (process, error) {
	cmd := exec.Command(spec.path, spec.args...)
	cmd.Dir = spec.dir
	cmd.Env = serverEnv()
	cmd.Stdout, cmd.Stderr = spec.output, spec.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: spec.credential}
	if !spec.outliveUs {
		dieWithParent(cmd.SysProcAttr, spec.parentDeath)
	}

	started := make(chan error, 1)
	exited := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return process{}, err
	}
	return process{pid: cmd.Process.Pid, exited: exited}, nil
}

// watch notices the end of a process that is not our child.
func watch(pid int) <-chan struct{} {
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		for alive(pid) {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return exited
}

// alive looks past zombies: in a container there may be no parent that reaps an orphan.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// runs says whether the process is a server over this cluster. Where there is
// no /proc the answer is yes, and connecting to it will tell.
func runs(pid int, cluster string) bool {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		return true
	}
	cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && strings.Contains(string(cmdline), cluster)
}

// childrenOf lists the backends of a postmaster. Without /proc it is empty;
// backends notice the death of their postmaster by themselves.
func childrenOf(pid int) []int {
	id := strconv.Itoa(pid)
	content, err := os.ReadFile(filepath.Join("/proc", id, "task", id, "children"))
	if err != nil {
		return nil
	}
	var children []int
	for field := range strings.FieldsSeq(string(content)) {
		if child, err := strconv.Atoi(field); err == nil {
			children = append(children, child)
		}
	}
	return children
}
