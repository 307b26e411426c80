package pglocal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
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

// majorVersion is that of the cluster, empty for no cluster.
func (p place) majorVersion() string {
	version, _ := readTrimmed(filepath.Join(p.cluster(), "PG_VERSION"))
	return version
}

func readTrimmed(path string) (string, error) {
	content, err := os.ReadFile(path)
	return strings.TrimSpace(string(content)), err
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
	p := place{dir: dir}
	if target, err := os.Readlink(dir); err == nil {
		p.dir = target
	}
	if os.Geteuid() != 0 {
		return p, nil
	}

	p.credential = accountFor(p.cluster())
	if !reachable(filepath.Dir(p.dir), p.credential) {
		p.dir = elsewhere(dir, durable, p.credential)
		logger.Info("the data directory moves to where postgres, which does not run as root, can reach it", "wanted", dir, "used", p.dir)
		if err := replaceByLink(dir, p.dir); err != nil {
			return place{}, err
		}
	}
	p.moved = p.dir != dir
	return p, nil
}

// handOver creates the directory and gives it to the account with everything in it:
// a person may have copied a cluster, or taken back a whole tree with chown.
func (p place) handOver() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	if p.credential == nil {
		return nil
	}
	err := filepath.WalkDir(p.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(p.credential.Uid), int(p.credential.Gid))
	})
	if err != nil {
		return fmt.Errorf("hand the data directory to the postgres account: %w", err)
	}
	return nil
}

// command is a program that runs in the directory, as the account. PGPORT, PGHOST
// and the like, which Postgres would follow, are not in its environment.
func (p place) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	return cmd
}

// accountFor is the account that already owns the cluster, so that a checkout
// which was first used without root keeps working; else the distribution's
// postgres account, else the account "nobody".
func accountFor(cluster string) *syscall.Credential {
	if info, err := os.Stat(cluster); err == nil {
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
			return &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
		}
	}
	if account, err := user.Lookup("postgres"); err == nil {
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if errUID == nil && errGID == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

// reachable says whether the account may enter dir, by doing so.
func reachable(dir string, credential *syscall.Credential) bool {
	return place{dir: dir, credential: credential}.command(context.Background(), "true").Run() == nil
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

// initialize creates the cluster under another name first, so that one whose
// creation was interrupted is never mistaken for a whole one.
func initialize(ctx context.Context, bin string, p place) error {
	if err := os.WriteFile(p.passwordFile(), []byte(rand.Text()), 0o600); err != nil {
		return fmt.Errorf("write the password of the local postgres: %w", err)
	}
	if err := p.handOver(); err != nil {
		return err
	}
	unfinished := p.cluster() + ".unfinished"
	var failed error
	// C.UTF-8 sorts by code point and knows the letters of all scripts, but
	// not every system has it.
	for _, locale := range []string{"C.UTF-8", "C"} {
		if err := os.RemoveAll(unfinished); err != nil {
			return fmt.Errorf("remove an interrupted cluster: %w", err)
		}
		output, err := p.command(ctx, filepath.Join(bin, "initdb"),
			"--pgdata="+unfinished, "--username="+superuser, "--pwfile="+p.passwordFile(),
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale, "--no-sync", "--no-instructions").CombinedOutput()
		if err == nil {
			return os.Rename(unfinished, p.cluster())
		}
		failed = fmt.Errorf("initdb in %s: %w\n%s", p.dir, err, output)
	}
	return failed
}
