package deployment

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/dev/platform"
)

// containers runs the demo's services without an engine: as processes, with the
// names of hosts and directories replaced by addresses and directories here.
type containers struct {
	services map[string]types.ServiceConfig
	replace  *strings.Replacer
	program  string
	logs     string
}

// TestDemoSellsATicket follows docker-compose.yml from nothing to a ticket: keys,
// migration, demo data, sandbox, API and worker with the environment, commands
// and health checks that are written there.
func TestDemoSellsATicket(t *testing.T) {
	dir := t.TempDir()
	for _, parent := range []string{dir, filepath.Dir(dir)} { // for the account of Postgres
		require.NoError(t, os.Chmod(parent, 0o755))
	}
	infrastructure, err := platform.Start(t.Context(), platform.Options{
		Root: root, StateDir: filepath.Join(dir, "infrastructure"), Progress: os.Stderr,
		Services: []platform.Service{platform.Postgres, platform.Redis, platform.Temporal},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, infrastructure.Stop(context.Background())) })

	env := infrastructure.Env()
	sandbox, api := freeAddress(t), freeAddress(t)
	loaded, err := project(t, demoFile)
	require.NoError(t, err)
	c := &containers{services: ours(loaded), program: program(t), logs: dir, replace: strings.NewReplacer(
		"postgres://boxoffice@postgres:5432/boxoffice?sslmode=disable", env["DATABASE_URL"],
		"redis://redis:6379/0", env["REDIS_URL"],
		"mongodb://mongo:27017/boxoffice", "", // there is no MongoDB here: the documents are in Postgres
		"temporal:7233", env["TEMPORAL_ADDRESS"],
		"sandbox:8090", sandbox, "127.0.0.1:8090", sandbox,
		"api:8080", api, "127.0.0.1:8080", api,
		"/keys", filepath.Join(dir, "keys"), "/data", dir,
	)}
	c.services["api"].Environment["API_ADDR"] = &api
	c.services["sandbox"].Environment["SANDBOX_ADDR"] = &sandbox

	for _, name := range []string{"keys", "migrate", "seed", "seed", "keys"} { // a second start changes nothing
		require.NoError(t, c.command(t, name, c.services[name].Command...).Run(), c.log(name))
	}
	for _, name := range []string{"sandbox", "api", "worker"} {
		c.start(t, name)
	}
	for _, name := range []string{"sandbox", "api", "worker"} {
		c.awaitHealthy(t, name)
	}

	tour := exec.CommandContext(t.Context(), c.program, "book", "--api", "http://"+api)
	output, err := tour.CombinedOutput()
	require.NoError(t, err, "%s\n%s", output, c.log("worker"))
	assert.Contains(t, string(output), "confirmed")
	assert.Contains(t, string(output), "captured")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// command is what a service's container would run.
func (c *containers) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	args = slices.Clone(args)
	for i := range args {
		args[i] = c.replace.Replace(args[i])
	}
	cmd := exec.CommandContext(t.Context(), c.program, args...)
	cmd.Dir = c.logs
	cmd.Env = []string{} // as in the image
	for variable, value := range c.services[name].Environment {
		cmd.Env = append(cmd.Env, variable+"="+c.replace.Replace(*value))
	}
	log, err := os.OpenFile(filepath.Join(c.logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { log.Close() })
	cmd.Stdout, cmd.Stderr = log, log
	return cmd
}

func (c *containers) log(name string) string {
	content, err := os.ReadFile(filepath.Join(c.logs, name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-4<<10):])
}

func (c *containers) start(t *testing.T, name string) {
	t.Helper()
	assert.Error(t, c.health(t, name), "%s is not well before it runs", name)
	cmd := c.command(t, name, c.services[name].Command...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
}

func (c *containers) health(t *testing.T, name string) error {
	t.Helper()
	return c.command(t, name, c.services[name].HealthCheck.Test[2:]...).Run()
}

func (c *containers) awaitHealthy(t *testing.T, name string) {
	t.Helper()
	var err error
	well := assert.Eventually(t, func() bool { err = c.health(t, name); return err == nil }, time.Minute, 100*time.Millisecond)
	require.True(t, well, "%s does not get well: %v\n%s", name, err, c.log(name))
}
