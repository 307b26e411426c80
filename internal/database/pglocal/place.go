package pglocal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// place is a directory together with the account that Postgres uses in it.
// The credential is nil when that account is our own.
type place struct {
	dir        string
	moved      bool
	credential *syscall.Credential
}

func (p place) cluster() string      { return filepath.Join(p.dir, "cluster") }
func (p place) passwordFile() string { return filepath.Join(p.dir, "password") }
func (p place) logFile() string      { return filepath.Join(p.dir, "postgres.log") }

func (p place) initialized() bool { return p.majorVersion() != "" }

func (p place) majorVersion() string {
	version, _ := readTrimmed(filepath.Join(p.cluster(), "PG_VERSION"))
	return version
}

func (p place) readPassword() (string, error) {
	password, err := readTrimmed(p.passwordFile())
	if err != nil {
		return "", fmt.Errorf("read the password of the local postgres: %w", err)
	}
	return password, nil
}

// settle finds the directory to use for dir. Postgres refuses to run as root,
// so root hands the directory to an unprivileged account, and when that
// account cannot reach it (it lies below a private home, say) the data moves
// to a place that it can reach, with a symbolic link where it was expected.
func settle(dir string, durable bool, logger *slog.Logger) (place, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return place{}, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return place{}, fmt.Errorf("create the parent of the data directory: %w", err)
	}
	// The server found over this directory later is known by its path, so one
	// directory must have one spelling.
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return place{}, fmt.Errorf("resolve the data directory: %w", err)
	}
	dir = filepath.Join(parent, filepath.Base(dir))
	real := dir
	if target, err := os.Readlink(dir); err == nil {
		real = target
	}
	if os.Geteuid() != 0 {
		return place{dir: real}, createDir(real, nil)
	}

	credential := accountFor(real)
	moved := real != dir
	if !reachable(filepath.Dir(real), credential) {
		real, moved = elsewhere(dir, durable, credential), true
		logger.Info("the data directory moves to where postgres, which does not run as root, can reach it", "wanted", dir, "used", real)
		if err := replaceByLink(dir, real); err != nil {
			return place{}, err
		}
	}
	return place{dir: real, moved: moved, credential: credential}, createDir(real, credential)
}

func createDir(dir string, credential *syscall.Credential) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	if credential == nil {
		return nil
	}
	if err := handOver(dir, credential); err != nil {
		return fmt.Errorf("hand the data directory to the postgres account: %w", err)
	}
	return nil
}

// handOver changes the owner, of everything when the cluster is root's: then
// somebody copied it, or took back a whole tree with chown.
func handOver(dir string, credential *syscall.Credential) error {
	if owner, ok := ownerOf(filepath.Join(dir, "cluster")); !ok || owner.Uid != 0 {
		return os.Chown(dir, int(credential.Uid), int(credential.Gid))
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(credential.Uid), int(credential.Gid))
	})
}

// accountFor is the account that already owns the cluster, so that a checkout
// which was first used without root keeps working; else the distribution's
// postgres account, else the account "nobody".
func accountFor(dir string) *syscall.Credential {
	if owner, ok := ownerOf(filepath.Join(dir, "cluster")); ok && owner.Uid != 0 {
		return &owner
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if errUID == nil && errGID == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

func ownerOf(path string) (owner syscall.Credential, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return owner, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner, false
	}
	return syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}, true
}

// reachable says whether the account may traverse dir and everything above it.
func reachable(dir string, credential *syscall.Credential) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		execute := fs.FileMode(0o001)
		switch {
		case stat.Uid == credential.Uid:
			execute = 0o100
		case stat.Gid == credential.Gid:
			execute = 0o010
		}
		if info.Mode()&execute == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// elsewhere names a directory that depends on dir alone, so that it is found
// again. Temporary data stays where the system cleans up by itself.
func elsewhere(dir string, durable bool, credential *syscall.Credential) string {
	sum := sha256.Sum256([]byte(dir))
	name := "boxoffice-postgres-" + hex.EncodeToString(sum[:6])
	if durable && reachable("/var/lib", credential) {
		return filepath.Join("/var/lib", name)
	}
	return filepath.Join(os.TempDir(), name)
}

func replaceByLink(dir, target string) error {
	// Only an empty directory is replaced: Remove refuses anything else.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not reachable for the postgres account and holds something else: %w", dir, err)
	}
	if err := os.Symlink(target, dir); err != nil {
		return fmt.Errorf("leave a link to the data: %w", err)
	}
	return nil
}

// discard removes data that lives outside the directory we were given, which
// nothing else would clean up.
func (p place) discard() error {
	if !p.moved {
		return nil
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("remove the data of a throwaway postgres: %w", err)
	}
	return nil
}

func (p place) openLog() (log *os.File, offset int64, err error) {
	log, err = os.OpenFile(p.logFile(), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open the postgres log: %w", err)
	}
	if offset, err = log.Seek(0, io.SeekEnd); err == nil && offset > maxLogBytes {
		offset, err = 0, log.Truncate(0)
	}
	return log, offset, err
}

func (p place) logSince(offset int64) string {
	log, err := os.Open(p.logFile())
	if err != nil {
		return err.Error()
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return err.Error()
	}
	return tail(log, offset, info.Size())
}

// initialize creates the cluster under another name first, so that one whose
// creation was interrupted is never mistaken for a whole one.
func initialize(ctx context.Context, bin string, p place) (password string, err error) {
	password = newPassword()
	if err := os.WriteFile(p.passwordFile(), []byte(password), 0o600); err != nil {
		return "", fmt.Errorf("write the password of the local postgres: %w", err)
	}
	if p.credential != nil {
		if err := os.Chown(p.passwordFile(), int(p.credential.Uid), int(p.credential.Gid)); err != nil {
			return "", fmt.Errorf("hand over the password file: %w", err)
		}
	}

	unfinished := p.cluster() + ".unfinished"
	// C.UTF-8 sorts by code point and knows the letters of all scripts, but
	// not every system has it.
	for _, locale := range []string{"C.UTF-8", "C"} {
		if err := os.RemoveAll(unfinished); err != nil {
			return "", fmt.Errorf("remove an interrupted cluster: %w", err)
		}
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
			"--pgdata="+unfinished, "--username="+superuser, "--pwfile="+p.passwordFile(),
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale, "--no-sync", "--no-instructions")
		cmd.Dir = p.dir
		cmd.Env = serverEnv()
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
		var output []byte
		if output, err = cmd.CombinedOutput(); err == nil {
			return password, os.Rename(unfinished, p.cluster())
		}
		err = fmt.Errorf("initdb in %s: %w\n%s", p.dir, err, output)
	}
	return "", err
}

// serverEnv keeps PGPORT, PGHOST and the like, which the server would follow,
// out of the server's environment.
func serverEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
