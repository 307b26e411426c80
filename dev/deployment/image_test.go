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
