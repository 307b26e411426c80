package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
)

const (
	healthWithin = 4 * time.Second
	// A worker polls an empty queue about once a minute.
	polledWithin = 3 * time.Minute
)

// healthcheckCommand is for the engine that runs the image, which has no other
// program. It exits with 0 when the process beside it is well.
type healthcheckCommand struct {
	HTTP   healthcheckHTTP   `cmd:"" name:"http" help:"Ask an address of this container, http://127.0.0.1:8080/readyz for example."`
	Worker healthcheckWorker `cmd:"" help:"Ask Temporal whether a worker of this host polls the task queues."`
}

type healthcheckHTTP struct {
	URL string `arg:"" help:"What has to answer with 2xx."`
}

// Run wants a 2xx.
func (c *healthcheckHTTP) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s answered %s: %s", c.URL, response.Status, body)
	}
	return nil
}

type healthcheckWorker struct {
	Queues []string `help:"Task queues that it serves, by comma. All when left out."`
}

// Run wants a poller of this host at each queue.
func (c *healthcheckWorker) Run(ctx context.Context) error {
	cfg, log, err := load(config.Worker)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find out the name of this host: %w", err)
	}
	server, err := temporal.Dial(temporal.Options{Address: cfg.TemporalAddress, Namespace: cfg.TemporalNamespace, Logger: log})
	if err != nil {
		return err
	}
	defer server.Close()
	queues := c.Queues
	if len(queues) == 0 {
		queues = workers.Queues()
	}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	for _, queue := range queues {
		polled, err := pollsFrom(ctx, server, cfg.TemporalNamespace, queue, host)
		if err != nil {
			return fmt.Errorf("ask Temporal at %s about the task queue %s: %w", cfg.TemporalAddress, queue, err)
		}
		if !polled {
			return fmt.Errorf("no worker of %s polls the task queue %s", host, queue)
		}
	}
	return nil
}

// pollsFrom looks for a poller whose identity, pid@host@ by the SDK's default,
// names the host. Queues without workflows are asked for activities.
func pollsFrom(ctx context.Context, server client.Client, namespace, queue, host string) (bool, error) {
	for _, kind := range []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_WORKFLOW, enums.TASK_QUEUE_TYPE_ACTIVITY} {
		answer, err := server.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
			Namespace: namespace, TaskQueue: &taskqueue.TaskQueue{Name: queue}, TaskQueueType: kind,
		})
		if err != nil {
			return false, err
		}
		for _, poller := range answer.GetPollers() {
			if strings.Contains(poller.GetIdentity(), "@"+host+"@") && time.Since(poller.GetLastAccessTime().AsTime()) < polledWithin {
				return true, nil
			}
		}
	}
	return false, nil
}
