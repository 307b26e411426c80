package deployment

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNginxAcceptsItsConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	output, err := exec.CommandContext(t.Context(), nginx(t), "-t", "-p", dir, "-c", nginxFile(t, dir)).CombinedOutput()
	require.NoError(t, err, string(output))
}

// While a release goes out, a page of one release may ask a replica of the other one for
// its scripts.
func TestAssetsComeFromTheReplicaThatHasThem(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	replica := func(script string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if r.URL.Path != "/assets/"+script {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, script)
		}))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	address := startNginx(t, fmt.Sprintf("upstream api-catalog { server %s; server %s; }\n", replica("former.js"), replica("new.js")))

	for range 10 {
		for _, script := range []string{"former.js", "new.js"} {
			status, body := get(t, address+"/assets/"+script)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, script, body)
		}
	}
	status, _ := get(t, address+"/assets/gone.js")
	assert.Equal(t, http.StatusNotFound, status)

	asked.Store(0)
	status, _ = get(t, address+"/v1/movies/unknown")
	assert.Equal(t, http.StatusNotFound, status)
	assert.EqualValues(t, 1, asked.Load(), "what the API does not have is asked for once")
}

func nginx(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("!! nginx is not installed: deploy/nginx/nginx.conf is not checked by nginx itself")
	}
	return program
}

// nginxFile writes the configuration with the directories of a user without rights: the
// distributions' builds want some that only root has. Each change is text that is there,
// and what it becomes.
func nginxFile(t *testing.T, dir string, changes ...[2]string) string {
	t.Helper()
	content, err := os.ReadFile(path("deploy", "nginx", "nginx.conf"))
	require.NoError(t, err)
	moved := "http {\n"
	for _, directive := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		moved += directive + "_temp_path " + dir + ";\n"
	}
	text := string(content)
	for _, change := range append([][2]string{{"http {\n", moved}, {"/tmp/nginx.pid", filepath.Join(dir, "pid")}}, changes...) {
		require.Contains(t, text, change[0])
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// startNginx runs nginx until the test ends, with upstreams in place of Docker's names.
func startNginx(t *testing.T, upstreams string) (address string) {
	t.Helper()
	program, dir, port := nginx(t), t.TempDir(), freePort(t)
	file := nginxFile(t, dir,
		[2]string{"    map $uri $group {", upstreams + "    map $uri $group {"},
		[2]string{"$group:8080", "$group"},
		[2]string{"listen 8080;", fmt.Sprintf("listen 127.0.0.1:%d;", port)},
	)
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, "-g", "daemon off;", "-p", dir, "-c", file)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	output := &strings.Builder{}
	command.Stdout, command.Stderr = output, output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		stop()
		_ = command.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	require.Eventually(t, func() bool {
		response, err := http.Get(address + "/nginx/healthz")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond, "nginx does not answer")
	return address
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(read)
}
