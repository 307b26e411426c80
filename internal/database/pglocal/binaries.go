package pglocal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FindBinaries returns the directory of the newest PostgreSQL server on the
// machine, or ErrNoBinaries.
func FindBinaries() (string, error) {
	found := serversIn(searchPath())
	if len(found) == 0 {
		return "", ErrNoBinaries
	}
	return found[0].dir, nil
}

// binariesFor picks a server that can open a cluster of the given major
// version ("" for a new cluster). Postgres reads no other version's files.
func binariesFor(dir, major string) (string, error) {
	dirs := []string{dir}
	if dir == "" {
		dirs = searchPath()
	}
	found := serversIn(dirs)
	if len(found) == 0 {
		return "", ErrNoBinaries
	}
	if major == "" {
		return found[0].dir, nil
	}
	for _, server := range found {
		if strconv.Itoa(server.major) == major {
			return server.dir, nil
		}
	}
	return "", fmt.Errorf("the data was written by PostgreSQL %s, but this machine has %d in %s: install version %s, or remove the data to start anew",
		major, found[0].major, found[0].dir, major)
}

func searchPath() []string {
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	// Debian, Fedora, Homebrew on both kinds of Mac.
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	} {
		matches, _ := filepath.Glob(pattern)
		dirs = append(dirs, matches...)
	}
	return append(dirs, filepath.SplitList(os.Getenv("PATH"))...)
}

type serverBinaries struct {
	dir   string
	major int
}

var versionPattern = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// serversIn lists the directories that hold a whole server, newest first: a
// client package alone also installs pg_config.
func serversIn(dirs []string) []serverBinaries {
	var found []serverBinaries
	for _, dir := range dirs {
		server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil {
			continue
		}
		// PATH may hold a link to postgres alone; initdb lies beside its target.
		dir = filepath.Dir(server)
		if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if slices.ContainsFunc(found, func(s serverBinaries) bool { return s.dir == dir }) {
			continue
		}
		out, err := exec.Command(server, "--version").Output()
		match := versionPattern.FindSubmatch(out)
		if err != nil || match == nil {
			continue
		}
		major, _ := strconv.Atoi(string(match[1]))
		found = append(found, serverBinaries{dir: dir, major: major})
	}
	slices.SortStableFunc(found, func(a, b serverBinaries) int { return b.major - a.major })
	return found
}
