package pglocal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// FindBinaries returns the directory of the newest PostgreSQL server on the
// machine, or ErrNoBinaries.
func FindBinaries() (string, error) { return binariesFor("", "") }

// binariesFor picks a server, in dir or on the whole machine, that can open a
// cluster of the given major version, and the newest for a new cluster ("").
// Postgres reads no other version's files.
func binariesFor(dir, major string) (string, error) {
	dirs := []string{dir}
	if dir == "" {
		dirs = searchPath()
	}
	newest, newestMajor := "", 0
	for _, dir := range dirs {
		server, version := serverIn(dir)
		if version > newestMajor {
			newest, newestMajor = server, version
		}
		if strconv.Itoa(version) == major {
			return server, nil
		}
	}
	switch {
	case newest == "":
		return "", ErrNoBinaries
	case major != "":
		return "", fmt.Errorf("the data was written by PostgreSQL %s, but this machine has %d in %s: install version %s, or remove the data to begin without it",
			major, newestMajor, newest, major)
	}
	return newest, nil
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

var versionPattern = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// serverIn finds the whole server that dir holds, and its major version, 0 when
// it does not exist: a client package alone also installs pg_config. PATH may hold a
// link to postgres alone; initdb lies beside its target.
func serverIn(dir string) (server string, major int) {
	postgres, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return "", 0
	}
	server = filepath.Dir(postgres)
	if _, err := exec.LookPath(filepath.Join(server, "initdb")); err != nil {
		return "", 0
	}
	out, err := exec.Command(postgres, "--version").Output()
	if match := versionPattern.FindSubmatch(out); err == nil && match != nil {
		major, _ = strconv.Atoi(string(match[1]))
	}
	return server, major
}
