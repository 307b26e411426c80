package deployment

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImageBuildsAStaticProgram runs the Dockerfile's own go build, word for
// word but for where the program goes.
func TestImageBuildsAStaticProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the image is for Linux")
	}
	content, err := os.ReadFile(path("Dockerfile"))
	require.NoError(t, err)
	command := regexp.MustCompile(`(?m)^\s*(CGO_ENABLED=0 go build .*) -o /out/boxoffice (\S+)$`).FindStringSubmatch(string(content))
	require.NotNil(t, command, "the Dockerfile builds otherwise than this test knows")

	program := filepath.Join(t.TempDir(), "boxoffice")
	build := exec.CommandContext(t.Context(), "sh", "-c", command[1]+" -o "+program+" "+command[2])
	build.Dir = root
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))

	binary, err := elf.Open(program)
	require.NoError(t, err)
	defer binary.Close()
	for _, header := range binary.Progs {
		assert.NotEqual(t, elf.PT_INTERP, header.Type, "an image without libraries needs a static program")
	}

	run := exec.CommandContext(t.Context(), program, "--help")
	run.Env = []string{} // as in the image: no home, no path
	output, err = run.CombinedOutput()
	require.NoError(t, err, string(output))
	for _, subcommand := range []string{"api", "worker", "migrate", "seed", "sandbox"} {
		assert.Contains(t, string(output), subcommand)
	}
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
	text = strings.Replace(text, "/var/run/nginx.pid", filepath.Join(dir, "pid"), 1)
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))

	output, err := exec.CommandContext(t.Context(), nginx, "-t", "-p", dir, "-c", file).CombinedOutput()
	require.NoError(t, err, string(output))
}
