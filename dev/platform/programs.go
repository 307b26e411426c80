package platform

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/boxoffice/boxoffice/workflows"
)

// newChild describes a program that runs as long as the platform.
func (p *Platform) newChild(name, program string, args []string, ready func(context.Context) error) *child {
	return &child{
		name:     name,
		path:     p.program(program),
		args:     args,
		env:      p.environ(),
		logPath:  p.logPath(name),
		ready:    ready,
		progress: p.progress,
	}
}

func (p *Platform) logPath(name string) string {
	return filepath.Join(p.opts.StateDir, "logs", name+".log")
}

// environ is our environment with the platform's variables over it: the last of
// two equal names counts.
func (p *Platform) environ() []string {
	environ := os.Environ()
	env := p.Env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		environ = append(environ, name+"="+env[name])
	}
	return environ
}

func (p *Platform) temporal() *child {
	child := p.newChild("temporal", temporalProgram, []string{
		"--frontend-port", strconv.Itoa(p.ports.Temporal),
		"--ui-port", strconv.Itoa(p.ports.TemporalUI),
		"--namespace", Namespace,
		"--codec-endpoint", localURL(p.ports.API) + codecPath,
	}, func(ctx context.Context) error {
		if err := p.namespaceReady(ctx); err != nil {
			return err
		}
		return answers(ctx, localURL(p.ports.TemporalUI)+"/healthz")
	})
	// The address holds a password, so it travels in the environment, where
	// other users cannot read it. The rest keeps the server small at rest.
	child.env = append(child.env, "GOGC=50", "GOMEMLIMIT=400MiB", "DO_NOT_TRACK=1")
	return child
}

// codecPath is where the API decrypts payloads for the UI's staff users.
const codecPath = "/codec"

func (p *Platform) sandbox() *child {
	return p.newChild("sandbox", boxofficeProgram, []string{"sandbox"}, func(ctx context.Context) error {
		return answers(ctx, localURL(p.ports.Sandbox)+"/healthz")
	})
}

func (p *Platform) api() *child {
	return p.newChild("api", boxofficeProgram, []string{"api"}, func(ctx context.Context) error {
		return answers(ctx, localURL(p.ports.API)+"/readyz")
	})
}

func (p *Platform) worker() *child {
	return p.newChild("worker", boxofficeProgram, []string{"worker"}, p.workerReady)
}

// migrateAndSeed brings the database up to date; both change nothing when there
// is nothing to do.
func (p *Platform) migrateAndSeed(ctx context.Context) error {
	for _, do := range []struct{ command, doing, done string }{
		{"migrate", "migrate the database", "the database is migrated"},
		{"seed", "load the demo data", "demo data is there"},
	} {
		begun := time.Now()
		if err := p.runOnce(ctx, do.doing, nil, do.command); err != nil {
			return err
		}
		p.progress.printf("%s (%s)", do.done, took(begun))
	}
	return nil
}

// runOnce runs a command of the boxoffice program to its end, with a log of its
// own.
func (p *Platform) runOnce(ctx context.Context, doing string, stdout io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, p.program(boxofficeProgram), args...)
	cmd.Dir = p.opts.StateDir
	cmd.Env = p.environ()
	name := fmt.Sprintf("%s (boxoffice %s)", doing, strings.Join(args, " "))
	return step{name: name, logPath: p.logPath(strings.Join(args, "")), command: cmd, stdout: stdout}.run(ctx)
}

// Login is an account of the demo data.
type Login struct {
	Role     string `json:"role"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Logins asks for the accounts of the demo data.
func (p *Platform) Logins(ctx context.Context) ([]Login, error) {
	var output bytes.Buffer
	if err := p.runOnce(ctx, "list the demo logins", &output, "seed", "--print-logins"); err != nil {
		return nil, err
	}
	var logins []Login
	lines := bufio.NewScanner(&output)
	for lines.Scan() {
		var login Login
		if json.Unmarshal(lines.Bytes(), &login) == nil && login.Email != "" {
			logins = append(logins, login)
		}
	}
	return logins, lines.Err()
}

func (p *Platform) frontend(ctx context.Context, ask func(context.Context, workflowservice.WorkflowServiceClient) error) error {
	conn, err := grpc.NewClient(local(p.ports.Temporal), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return ask(ctx, workflowservice.NewWorkflowServiceClient(conn))
}

func (p *Platform) namespaceReady(ctx context.Context) error {
	return p.frontend(ctx, func(ctx context.Context, client workflowservice.WorkflowServiceClient) error {
		_, err := client.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: Namespace})
		return err
	})
}

// workerReady asks Temporal whether a worker polls the bookings' queue.
func (p *Platform) workerReady(ctx context.Context) error {
	return p.frontend(ctx, func(ctx context.Context, client workflowservice.WorkflowServiceClient) error {
		queue, err := client.DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
			Namespace:     Namespace,
			TaskQueue:     &taskqueue.TaskQueue{Name: workflows.QueueBookings},
			TaskQueueType: enums.TASK_QUEUE_TYPE_WORKFLOW,
		})
		if err == nil && len(queue.GetPollers()) == 0 {
			err = fmt.Errorf("no worker polls the task queue %s", workflows.QueueBookings)
		}
		return err
	})
}

// answers wants a 2xx; otherwise the error carries what the program says, which
// for a readiness check is the name of the dependency that is missing.
func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %s", url, response.Status, body)
	}
	return nil
}
