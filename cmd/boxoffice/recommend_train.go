package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/workflows"
)

type recommendTrainCommand struct {
	Anyway bool `help:"Use the new model even if it is worse than the one in use, or has learned from much less."`
	NoWait bool `help:"Start it and do not wait for its result."`
}

const (
	// recordsBack is how far back bookings are looked at before the training: what is older, the
	// schedule has recorded.
	recordsBack = 48 * time.Hour
	// lookEvery is how often the progress is asked for.
	lookEvery = time.Second
)

// Run records the bookings of the last days, starts the training or finds the one that runs, and
// prints its progress.
func (c *recommendTrainCommand) Run(ctx context.Context) error {
	p, err := openPlatform(ctx, config.Worker)
	if err != nil {
		return err
	}
	defer p.close()
	if err := recordNow(ctx, p.temporal, os.Stdout); err != nil {
		return err
	}
	run, err := p.temporal.ExecuteWorkflow(ctx, learningNow(workflows.TrainWorkflowID, workflows.TrainSummary),
		workflows.TrainRecommendationsWorkflow, workflows.TrainInput{Anyway: c.Anyway})
	if err != nil {
		return fmt.Errorf("start the training: %w", err)
	}
	if _, err := fmt.Println("Workflow", run.GetID(), "trains. Ctrl-C leaves it to the workers."); err != nil || c.NoWait {
		return err
	}
	return follow(ctx, p.temporal, run, os.Stdout)
}

func learningNow(id, summary string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.QueueRecommendations, StaticSummary: summary,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
}

// recordNow makes events of the last bookings.
func recordNow(ctx context.Context, c client.Client, out io.Writer) error {
	run, err := c.ExecuteWorkflow(ctx, learningNow("record-bookings-now", "Make events of the last bookings"),
		workflows.RecordBookingsWorkflow, workflows.RecordBookingsInput{Since: time.Now().Add(-recordsBack)})
	if err != nil {
		return fmt.Errorf("record bookings: %w", err)
	}
	var recorded workflows.RecordBookingsResult
	if err := run.Get(ctx, &recorded); err != nil {
		return fmt.Errorf("record bookings: %w", err)
	}
	_, err = fmt.Fprintf(out, "%d bookings of the last %.0f hours, %d new events.\n", recorded.Looked, recordsBack.Hours(), recorded.New)
	return err
}

// follow prints what a training does until it ends.
func follow(ctx context.Context, c client.Client, run client.WorkflowRun, out io.Writer) error {
	var (
		result  workflows.TrainResult
		ended   = make(chan error, 1)
		printed string
	)
	go func() { ended <- run.Get(ctx, &result) }()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("train: %w", err)
			}
			return printTrained(out, result)
		case <-look.C:
			doing := doingOf(ctx, c, run)
			if doing == "" || doing == printed {
				continue
			}
			if _, err := fmt.Fprintln(out, "…", doing); err != nil {
				return err
			}
			printed = doing
		}
	}
}

// doingOf asks a training what it does; empty when it has ended, or no worker answers now.
func doingOf(ctx context.Context, c client.Client, run client.WorkflowRun) string {
	ctx, cancel := context.WithTimeout(ctx, 5*lookEvery)
	defer cancel()
	answer, err := c.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), workflows.QueryProgress)
	var progress workflows.TrainProgress
	if err != nil || answer.Get(&progress) != nil || progress.Done {
		return ""
	}
	return progress.Doing
}

func printTrained(out io.Writer, r workflows.TrainResult) error {
	_, err := fmt.Fprintf(out, "%d likings of %d people, %d films.\n", r.Likings, r.People, r.Films)
	if err == nil && r.NDCGInUse+r.NDCG > 0 {
		_, err = fmt.Fprintf(out, "On %d bookings since the last training: NDCG@10 %.4f, of the one in use %.4f.\n", r.Cases, r.NDCG, r.NDCGInUse)
	}
	switch {
	case err != nil:
	case r.Refused != "":
		_, err = fmt.Fprintf(out, "Not used: %s.\n", r.Refused)
	default:
		_, err = fmt.Fprintf(out, "Version %s is in use: %s.\n", r.Version, r.Note)
	}
	return err
}
