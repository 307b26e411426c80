package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// StartStandby copies this server, which has to be Replicable, into dataDir and
// starts the copy as a hot standby that follows it. The standby is as throwaway
// as what it follows; it answers under this server's password.
func (s *Server) StartStandby(ctx context.Context, dataDir string) (started *Server, err error) {
	if !s.opts.Replicable || s.opts.Durable {
		return nil, errors.New("only a throwaway server that was started as replicable can have a standby")
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	place, err := settle(dataDir, false, s.opts.Logger)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, place.discard())
		}
	}()
	bin, err := binariesFor(s.opts.BinDir, s.place.majorVersion())
	if err != nil {
		return nil, err
	}
	if err := s.copyTo(ctx, bin, place); err != nil {
		return nil, err
	}
	opts := s.opts
	opts.DataDir, opts.Port = dataDir, 0
	standby := &Server{opts: opts, place: place, password: s.password}
	if err := standby.launch(ctx, bin); err != nil {
		return nil, err
	}
	s.opts.Logger.Info("a standby follows", "primary", s.port, "standby", standby.port)
	return standby, nil
}

// copyTo takes a base backup that knows whom to follow.
// https://www.postgresql.org/docs/current/app-pgbasebackup.html
func (s *Server) copyTo(ctx context.Context, bin string, p place) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "pg_basebackup"),
		"--dbname="+s.URL("postgres"), "--pgdata="+p.cluster(), "--write-recovery-conf", "--wal-method=stream",
		"--checkpoint=fast", "--no-sync", "--no-password")
	cmd.Dir = p.dir
	cmd.Env = serverEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup into %s: %w\n%s", p.dir, err, output)
	}
	if err := os.WriteFile(p.passwordFile(), []byte(s.password), 0o600); err != nil {
		return fmt.Errorf("write the password of the standby: %w", err)
	}
	return nil
}
