package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// StartStandby copies this server, which has to be Replicable, into dataDir and
// starts the copy as a hot standby that follows it. The standby is as throwaway
// as what it follows; it answers under this server's password.
func (s *Server) StartStandby(ctx context.Context, dataDir string) (*Server, error) {
	if !s.opts.Replicable || s.opts.Durable {
		return nil, errors.New("only a throwaway server that was started as replicable can have a standby")
	}
	opts := s.opts
	opts.DataDir, opts.Port = dataDir, 0
	return start(ctx, opts, s.copyTo)
}

// copyTo takes a base backup that knows whom to follow.
// https://www.postgresql.org/docs/current/app-pgbasebackup.html
func (s *Server) copyTo(ctx context.Context, bin string, p place) error {
	backup := p.command(ctx, filepath.Join(bin, "pg_basebackup"),
		"--dbname="+s.URL("postgres"), "--pgdata="+p.cluster(), "--write-recovery-conf", "--wal-method=stream",
		"--checkpoint=fast", "--no-sync", "--no-password")
	if output, err := backup.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup into %s: %w\n%s", p.dir, err, output)
	}
	if err := os.WriteFile(p.passwordFile(), []byte(s.password), 0o600); err != nil {
		return fmt.Errorf("write the password of the standby: %w", err)
	}
	return nil
}
