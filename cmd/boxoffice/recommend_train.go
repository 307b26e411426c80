package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workflows"
)

type recommendTrainCommand struct {
	All    bool `help:"Look at all bookings before, not only at those of the last 15 minutes: on a platform that sold before it learned, or after events were lost."`
	Anyway bool `help:"Use the new model even if it is worse than the one in use, or has learned from much less."`
	NoWait bool `help:"Start it and do not wait for its result."`
}

const (
	// recordsBack is how far back bookings are looked at before the training: what is older, the
	// schedule has recorded.
	recordsBack = 15 * time.Minute
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
	since, which := time.Now().Add(-recordsBack), fmt.Sprintf("of the last %.0f minutes", recordsBack.Minutes())
	if c.All {
		since, which = theFirst, "in all"
	}
	if err := recordNow(ctx, p.temporal, since, which, os.Stdout); err != nil {
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
	return p.follow(ctx, run, os.Stdout)
}

func learningNow(id, summary string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.QueueRecommendations, StaticSummary: summary,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
}

// theFirst is before all bookings.
var theFirst = time.Unix(0, 0).UTC()

// recordNow makes events of bookings that changed since a time, run after run until all are there.
func recordNow(ctx context.Context, c client.Client, since time.Time, which string, out io.Writer) error {
	looked, fresh := 0, 0
	for more := true; more; {
		recorded, err := recordOnce(ctx, c, since)
		if err != nil {
			return fmt.Errorf("record bookings: %w", err)
		}
		looked, fresh, more, since = looked+recorded.Looked, fresh+recorded.New, recorded.More, recorded.Mark.UpdatedAt
	}
	_, err := fmt.Fprintf(out, "%d bookings %s, %d new events.\n", looked, which, fresh)
	return err
}

func recordOnce(ctx context.Context, c client.Client, since time.Time) (recorded workflows.RecordBookingsResult, err error) {
	run, err := c.ExecuteWorkflow(ctx, learningNow("record-bookings-now", "Make events of bookings"),
		workflows.RecordBookingsWorkflow, workflows.RecordBookingsInput{Since: since})
	if err != nil {
		return recorded, err
	}
	return recorded, run.Get(ctx, &recorded)
}

// follow prints what a training does until it ends.
func (p *platform) follow(ctx context.Context, run client.WorkflowRun, out io.Writer) error {
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
			doing := p.doingOf(ctx, run)
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

// doingOf is what the step of a training that is under way says that it does; empty between steps,
// and when Temporal does not answer now.
func (p *platform) doingOf(ctx context.Context, run client.WorkflowRun) string {
	ctx, cancel := context.WithTimeout(ctx, 5*lookEvery)
	defer cancel()
	about, err := p.temporal.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return ""
	}
	for _, step := range about.GetPendingActivities() {
		var phase activities.Phase
		if temporal.Read(codecKeys(p.config), step.GetHeartbeatDetails(), &phase) == nil && phase.Doing != "" {
			return fmt.Sprintf("%s: %s", step.GetActivityType().GetName(), phase.Doing)
		}
	}
	return ""
}

func printTrained(out io.Writer, r workflows.TrainResult) error {
	_, err := fmt.Fprintf(out, "%d likings of %d people, %d films.\n", r.Likings, r.People, r.Films)
	if err == nil && r.NDCGInUse+r.NDCG > 0 {
		_, err = fmt.Fprintf(out, "On %d bookings since the last training: NDCG@10 %.4f, of the one in use %.4f.\n", r.Cases, r.NDCG, r.NDCGInUse)
	}
	switch {
	case err != nil:
	case r.Refused != "":
		_, err = fmt.Fprintf(out, "Not used: %s\n", r.Refused)
	default:
		_, err = fmt.Fprintf(out, "Version %s is in use: %s.\n", r.Version, r.Note)
	}
	return err
}
