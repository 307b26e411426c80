package deployment

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program runs the Dockerfile's own go build, word for word but for where the
// program goes.
func program(t *testing.T) string {
	t.Helper()
	built, err := build()
	require.NoError(t, err)
	return built
}

// programDir is where the program goes; see TestMain.
var programDir string

var build = sync.OnceValues(func() (string, error) {
	content, err := os.ReadFile(path("Dockerfile"))
	if err != nil {
		return "", err
	}
	command := regexp.MustCompile(`(?m)^\s*(CGO_ENABLED=0 go build .*) -o /out/boxoffice (\S+)$`).FindStringSubmatch(string(content))
	if command == nil {
		return "", errors.New("the Dockerfile builds otherwise than this test knows")
	}
	program := filepath.Join(programDir, "boxoffice")
	build := exec.Command("sh", "-c", command[1]+" -o "+program+" "+command[2])
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	var err error
	if programDir, err = os.MkdirTemp("", "boxoffice-image-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(programDir)
	os.Exit(code)
}

func TestImageBuildsAStaticProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the image is for Linux")
	}
	binary, err := elf.Open(program(t))
	require.NoError(t, err)
	defer binary.Close()
	for _, header := range binary.Progs {
		assert.NotEqual(t, elf.PT_INTERP, header.Type, "an image without libraries needs a static program")
	}
	run := exec.CommandContext(t.Context(), program(t), "--help")
	run.Env = []string{} // as in the image: no home, no path
	output, err := run.CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestNginxAcceptsItsConfiguration(t *testing.T) {
	t.Parallel()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("!! nginx is not installed: deploy/nginx/nginx.conf is not checked by nginx itself")
	}
	content, err := os.ReadFile(path("deploy", "nginx", "nginx.conf"))
	require.NoError(t, err)

	// The distributions' builds want directories that only root has.
	dir := t.TempDir()
	moved := "http {\n"
	for _, directive := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		moved += directive + "_temp_path " + dir + ";\n"
	}
	text := strings.Replace(string(content), "http {\n", moved, 1)
	text = strings.Replace(text, "/tmp/nginx.pid", filepath.Join(dir, "pid"), 1)
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))

	output, err := exec.CommandContext(t.Context(), nginx, "-t", "-p", dir, "-c", file).CombinedOutput()
	require.NoError(t, err, string(output))
}
