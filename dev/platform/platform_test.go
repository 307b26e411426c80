package platform

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The test binary starts itself with this to be a developer's `make run` that
// gets killed.
const killedStateDir = "PLATFORM_TEST_KILLED_STATE_DIR"

var infrastructure = []Service{Postgres, Temporal, Redis}

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedStateDir); dir != "" {
		running, err := Start(context.Background(), Options{
			Root: repository(), StateDir: dir, Durable: true, Services: infrastructure,
		})
		if err != nil {
			fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
			os.Exit(1)
		}
		fmt.Println("pid", running.children["temporal"].process())
		select {} // until killed
	}
	os.Exit(m.Run())
}

func repository() string {
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return root
}

// stateDir can be reached by the account that Postgres runs as.
func stateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, parent := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(parent, 0o755))
	}
	return filepath.Join(dir, "state")
}

func start(t *testing.T, opts Options) *Platform {
	t.Helper()
	opts.Root = repository()
	running, err := Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, running.Stop(context.Background())) })
	return running
}

// counter is a workflow that adds what updates bring until it is told to end.
func counter(ctx workflow.Context) (total int, err error) {
	err = workflow.SetUpdateHandler(ctx, "add", func(_ workflow.Context, n int) (int, error) {
		total += n
		return total, nil
	})
	if err != nil {
		return 0, err
	}
	workflow.GetSignalChannel(ctx, "end").Receive(ctx, nil)
	return total, nil
}

func dial(t *testing.T, running *Platform) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{
		HostPort:  running.Env()["TEMPORAL_ADDRESS"],
		Namespace: running.Env()["TEMPORAL_NAMESPACE"],
		Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func startWorker(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, "counters", worker.Options{})
	w.RegisterWorkflow(counter)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// add does what booking a seat does: it starts the workflow if none runs, and waits for the
// answer of its update.
func add(t *testing.T, c client.Client, id string, n int) (total int) {
	t.Helper()
	handle, err := c.UpdateWithStartWorkflow(t.Context(), client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: id, TaskQueue: "counters", WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, counter),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: "add", Args: []any{n}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	require.NoError(t, err)
	require.NoError(t, handle.Get(t.Context(), &total))
	return total
}

// How fast it is, is for bench to say: this one says that each is answered, once.
func TestUpdateWithStart(t *testing.T) {
	running := start(t, Options{StateDir: stateDir(t), Durable: true, Services: infrastructure})
	c := dial(t, running)
	startWorker(t, c)
	for i := range 10 {
		id := fmt.Sprintf("counter-%d", i)
		require.Equal(t, 1, add(t, c, id, 1))
		require.Equal(t, 3, add(t, c, id, 2))
	}
}

func TestEverythingKilledGoesOn(t *testing.T) {
	dir := stateDir(t)
	running := start(t, Options{StateDir: dir, Durable: true, Services: infrastructure})
	c := dial(t, running)
	startWorker(t, c)
	require.Equal(t, 1, add(t, c, "survivor", 1))
	ports := running.Ports()

	running.KillAll()
	again := start(t, Options{StateDir: dir, Durable: true, Services: infrastructure})
	assert.Equal(t, ports, again.Ports(), "clients find it where it was")
	assert.Equal(t, running.Env(), again.Env(), "keys and passwords are kept")

	// The same client and worker go on by themselves.
	require.Equal(t, 3, add(t, c, "survivor", 2))
	require.NoError(t, c.SignalWorkflow(t.Context(), "survivor", "", "end", nil))
	var total int
	require.NoError(t, c.GetWorkflow(t.Context(), "survivor", "").Get(t.Context(), &total))
	assert.Equal(t, 3, total)
}

func TestKilledPartsComeBack(t *testing.T) {
	running := start(t, Options{StateDir: stateDir(t), Durable: true, Services: infrastructure})
	c := dial(t, running)
	startWorker(t, c)
	require.Equal(t, 1, add(t, c, "survivor", 1))

	for i, part := range []string{"temporal", "postgres"} {
		require.NoError(t, running.KillChild(part))
		require.Equal(t, i+2, add(t, c, "survivor", 1), part)
	}
	for i, part := range []string{"temporal", "postgres"} {
		require.NoError(t, running.RestartChild(t.Context(), part))
		require.Equal(t, i+4, add(t, c, "survivor", 1), part)
	}
}

func TestChildrenOfAKilledPlatform(t *testing.T) {
	dir := stateDir(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), killedStateDir+"="+dir)
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	var temporal int
	_, err = fmt.Sscanf(line, "pid %d", &temporal)
	require.NoError(t, err, line)

	running, err := Running(dir)
	require.NoError(t, err)
	require.Equal(t, parent.Process.Pid, running)
	_, err = Start(t.Context(), Options{Root: repository(), StateDir: dir, Durable: true, Services: infrastructure})
	require.ErrorIs(t, err, ErrRunning)
	require.ErrorContains(t, err, fmt.Sprint(parent.Process.Pid))

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	running, err = Running(dir)
	require.NoError(t, err)
	require.Zero(t, running)
	require.Eventually(t, func() bool { return gone(temporal) }, 10*time.Second, 10*time.Millisecond,
		"children die with the platform")

	again := start(t, Options{StateDir: dir, Durable: true, Services: infrastructure})
	log, err := os.ReadFile(again.postgres.current().LogFile())
	require.NoError(t, err)
	assert.NotContains(t, string(log), "automatic recovery in progress", "Postgres alone was left, so that it need not recover")
}

func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() }) // after the parallel subtests
	taken := listener.Addr().(*net.TCPAddr).Port

	for _, test := range []struct {
		variable string
		service  Service
		ports    Ports
	}{
		{"TEMPORAL_PORT", Temporal, Ports{Temporal: taken}},
		{"TEMPORAL_UI_PORT", Temporal, Ports{TemporalUI: taken}},
		{"REDIS_PORT", Redis, Ports{Redis: taken}},
		{"SANDBOX_PORT", Sandbox, Ports{Sandbox: taken}},
		{"POSTGRES_PORT", Postgres, Ports{Postgres: taken}},
	} {
		t.Run(test.variable, func(t *testing.T) {
			t.Parallel()
			_, err := Start(t.Context(), Options{
				Root: repository(), StateDir: stateDir(t), Ports: test.ports, Services: []Service{test.service},
			})
			require.ErrorContains(t, err, fmt.Sprintf("port %d", taken))
			assert.ErrorContains(t, err, test.variable)
		})
	}
}

// sandbox/README.md says where the key of the sandbox's Stripe is, and how to
// use it.
func TestTheSandboxTakesTheKeyInDevEnv(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("!! curl is not installed: the example in sandbox/README.md is not tried")
	}
	dir := stateDir(t)
	running := start(t, Options{StateDir: dir, Services: []Service{Sandbox}})
	readme, err := os.ReadFile(filepath.Join(repository(), "sandbox", "README.md"))
	require.NoError(t, err)
	example := regexp.MustCompile(`(?m)^curl 127\.0\.0\.1:8090/v1/payment_intents .*$`).FindString(string(readme))
	require.NotEmpty(t, example)
	example = strings.NewReplacer(
		"127.0.0.1:8090", local(running.Ports().Sandbox), ".boxoffice/dev.env", filepath.Join(dir, "dev.env"), "curl", shell+" -sS",
	).Replace(example)

	answer, err := exec.CommandContext(t.Context(), "sh", "-c", example).CombinedOutput()
	require.NoError(t, err, string(answer))
	assert.JSONEq(t, `{"object": "list", "data": [], "has_more": false, "url": "/v1/payment_intents"}`, string(answer))

	other := regexp.MustCompile(`Bearer \$\(.*\)`).ReplaceAllString(example, "Bearer sk_test_other")
	answer, err = exec.CommandContext(t.Context(), "sh", "-c", other).CombinedOutput()
	require.NoError(t, err, string(answer))
	assert.Contains(t, string(answer), "Invalid API Key provided")
	assert.Contains(t, string(answer), "make run keeps it in .boxoffice/dev.env")
}

func TestVendorsWithRealKeysAreUsed(t *testing.T) {
	t.Parallel()
	p := &Platform{
		opts: Options{
			StateDir: stateDir(t), Services: Services(),
			Env: map[string]string{"STRIPE_SECRET_KEY": "sk_live_given"},
		},
		env: map[string]string{},
	}
	require.NoError(t, os.MkdirAll(filepath.Join(p.opts.StateDir, "keys"), 0o755))
	require.NoError(t, p.makeEnv())

	assert.Equal(t, "sk_live_given", p.env["STRIPE_SECRET_KEY"])
	assert.NotContains(t, p.env, "STRIPE_API_URL")
	assert.NotContains(t, p.env, "STRIPE_WEBHOOK_SECRETS")
	assert.Contains(t, p.env, "SENDGRID_API_URL", "the other vendors stay in the sandbox")
	assert.Contains(t, p.env, "TWILIO_AUTH_TOKEN")
	assert.Contains(t, p.env, "PUSH_SANDBOX_URL")

	key := p.env["VAPID_PRIVATE_KEY"]
	assert.NotEmpty(t, key)
	require.NoError(t, p.makeEnv())
	assert.Equal(t, key, p.env["VAPID_PRIVATE_KEY"], "another key would lose the browsers that have subscribed")
}
