package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

type reconcileCommand struct {
	Provider string `required:"" help:"The payment provider, for example stripe."`
	Day      string `required:"" placeholder:"2026-11-27" help:"The day to compare, in UTC. A day that was compared before is compared again; what was found is reported once."`
	NoWait   bool   `help:"Start it and do not wait for its result."`
}

// Run starts the workflow of a day, or finds the one that runs, and prints what it found.
// The workers do the work.
func (c *reconcileCommand) Run(ctx context.Context) error {
	day, err := time.Parse(time.DateOnly, c.Day)
	if err != nil {
		return fmt.Errorf("--day is %q: write it as in 2026-11-27", c.Day)
	}
	if day.After(time.Now()) {
		return fmt.Errorf("--day is %s, which has not begun in UTC", c.Day)
	}
	p, err := openPlatform(ctx, config.Worker)
	if err != nil {
		return err
	}
	defer p.close()
	listers := p.listers()
	if listers[c.Provider] == nil {
		return fmt.Errorf("--provider is %q: those that list their payments are %v", c.Provider, slices.Sorted(maps.Keys(listers)))
	}
	run, err := p.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.ReconcileWorkflowID(c.Provider, c.Day), TaskQueue: workflows.QueueOperations,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Reconcile " + c.Provider + ", " + c.Day,
	}, workflows.ReconcileWorkflow, p.reconcileInput(c.Provider, c.Day))
	if err != nil {
		return fmt.Errorf("start the reconciliation: %w", err)
	}
	if _, err := fmt.Println("Workflow", run.GetID(), "compares. Ctrl-C leaves it to the workers."); err != nil || c.NoWait {
		return err
	}
	var result workflows.ReconcileResult
	if err := run.Get(ctx, &result); err != nil {
		return fmt.Errorf("reconcile %s, %s: %w", c.Provider, c.Day, err)
	}
	return printReconciled(os.Stdout, result)
}

func printReconciled(out io.Writer, r workflows.ReconcileResult) error {
	_, err := fmt.Fprintf(out, "%d entries in the provider's lists, %d payments of ours that they lack, %d asked for one by one.\n", r.Listed, r.Unlisted, r.Asked)
	for _, kind := range booking.FindingKinds() {
		if n := r.Found[kind]; n > 0 && err == nil {
			_, err = fmt.Fprintf(out, "%6d  %s\n", n, kind)
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "%d new findings, each an alert. Money goes back for %d payments.\n", r.New, r.GivenBack)
	}
	return err
}

// listers are the providers that list their payments.
func (p *platform) listers() map[string]activities.PaymentLister {
	listers := map[string]activities.PaymentLister{}
	for _, one := range p.providers {
		if lister, lists := one.client.(activities.PaymentLister); lists {
			listers[one.name] = lister
		}
	}
	return listers
}

// reconcileInput starts a reconciliation; without a day it is that of a schedule.
func (p *platform) reconcileInput(provider, day string) workflows.ReconcileInput {
	return workflows.ReconcileInput{Provider: provider, Day: day, Policy: p.config.Policy()}
}

// reconciliation are the activities that compare lists with our books.
func (p *platform) reconciliation(asking *activities.Payments, books *payments.Store) *activities.Reconciliation {
	return &activities.Reconciliation{
		Payments: asking, Listers: p.listers(), Books: books, Told: workers.Movements(p.temporal),
	}
}
