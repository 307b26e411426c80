package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/boxoffice/boxoffice/workflows"
)

// saga is one workflow as Temporal tells of it.
type saga struct {
	ID, Type string
	Status   enums.WorkflowExecutionStatus
	Started  time.Time
	// Broken says that its code could not run or did not replay.
	Broken string
}

// historiesRead bounds how many histories one look reads whole.
const historiesRead = 60

// sagasOf lists the workflows of some shows, and those that settle late payments,
// which belong to no show. Of a workflow that was terminated and started again, it
// is the latest run that counts.
func (w *World) sagasOf(ctx context.Context, shows []string) ([]saga, error) {
	query := "WorkflowType IN ('" + workflows.BookingWorkflow + "', '" + workflows.LatePaymentWorkflow + "')"
	if len(shows) > 0 {
		query = fmt.Sprintf("WorkflowType = '%s' AND ShowID IN ('%s')", workflows.BookingWorkflow, strings.Join(shows, "', '"))
	}
	var all []saga
	place := map[string]int{}
	var page []byte
	for {
		list, err := w.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: w.env["TEMPORAL_NAMESPACE"], Query: query, PageSize: 1000, NextPageToken: page,
		})
		if err != nil {
			return nil, fmt.Errorf("list workflows: %w", err)
		}
		for _, info := range list.GetExecutions() {
			one := saga{ID: info.GetExecution().GetWorkflowId(), Type: info.GetType().GetName(), Status: info.GetStatus(),
				Started: info.GetStartTime().AsTime()}
			if at, seen := place[one.ID]; seen {
				if one.Started.After(all[at].Started) {
					one.Broken = all[at].Broken // which is of the latest run
					all[at] = one
				}
				continue
			}
			place[one.ID] = len(all)
			if len(all) < historiesRead {
				if one.Broken, err = w.broken(ctx, one.ID); err != nil {
					return nil, err
				}
			}
			all = append(all, one)
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			return all, nil
		}
	}
}

// History reads the events of a workflow.
func (w *World) History(ctx context.Context, workflowID string) ([]*history.HistoryEvent, error) {
	var events []*history.HistoryEvent
	pages := w.Temporal.GetWorkflowHistory(ctx, workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for pages.HasNext() {
		event, err := pages.Next()
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", workflowID, err)
		}
		events = append(events, event)
	}
	return events, nil
}

// broken looks for tasks that failed because of the code. Others fail in normal operation:
// a signal that arrived while the workflow closed, a worker that was killed.
func (w *World) broken(ctx context.Context, workflowID string) (string, error) {
	events, err := w.History(ctx, workflowID)
	if err != nil {
		return "", err
	}
	for _, event := range events {
		failed := event.GetWorkflowTaskFailedEventAttributes()
		switch failed.GetCause() {
		case enums.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
			enums.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE:
			return fmt.Sprintf("event %d: %s: %s", event.GetEventId(), failed.GetCause(), failed.GetFailure().GetMessage()), nil
		}
	}
	return "", nil
}

// sagasEnd compares workflows with bookings: an ended booking has no running workflow, and
// any other booking has one.
func sagasEnd(ctx context.Context, e *evidence) ([]string, error) {
	status, err := e.bookings(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := e.showsAhead(ctx)
	if err != nil {
		return nil, err
	}
	var cases []string
	running := map[string]bool{}
	for _, s := range e.sagas {
		id := strings.TrimPrefix(s.ID, workflows.BookingWorkflowID(""))
		switch {
		case s.Broken != "":
			cases = append(cases, s.ID+": "+s.Broken)
		case s.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		case s.Status == enums.WORKFLOW_EXECUTION_STATUS_CANCELED && status[id] == "":
			// It started when its customer had left, and held nothing.
		case s.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
			cases = append(cases, fmt.Sprintf("%s is %s", s.ID, s.Status))
		case status[id] == "held", status[id] == "confirmed" && waiting[id]:
			running[id] = true
		default:
			cases = append(cases, fmt.Sprintf("%s still runs, its booking is %q", s.ID, status[id]))
		}
	}
	for id, now := range status {
		if !running[id] && (now == "held" || now == "confirmed" && waiting[id]) {
			cases = append(cases, fmt.Sprintf("booking %s is %s, and no workflow runs for it", id, now))
		}
	}
	return cases, nil
}

// showsAhead tells of which bookings the show is still to come.
func (e *evidence) showsAhead(ctx context.Context) (map[string]bool, error) {
	ids, err := e.rows(ctx, `SELECT b.id::text FROM bookings b JOIN shows s ON s.id = b.show_id
		WHERE s.starts_at > now() + interval '2s' AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))`)
	ahead := map[string]bool{}
	for _, id := range ids {
		ahead[id] = true
	}
	return ahead, err
}
