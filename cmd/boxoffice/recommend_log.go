package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend/evaluate"
)

// mostLogDays is how long any event is kept at most.
const mostLogDays = 3650

// evaluateLog prints what came of the lists of the last days.
func evaluateLog(ctx context.Context, days int, out io.Writer) error {
	if days < 1 || days > mostLogDays {
		return fmt.Errorf("--days is %d: choose a number from 1 to %d", days, mostLogDays)
	}
	cfg, log, err := load(config.Seed) // which is asked for its databases alone
	if err != nil {
		return err
	}
	p := &platform{config: cfg, log: log}
	defer p.close()
	store, err := p.openDocuments(ctx)
	if err != nil {
		return err
	}
	read, err := readLog(ctx, store.Events, days, time.Now())
	if err != nil {
		return fmt.Errorf("read the log in %s: %w", store.Name, err)
	}
	return evaluate.ReportLog(read, days, out)
}

// readLog reads what lists showed in the last days, and what came of it.
func readLog(ctx context.Context, events documents.Events, days int, now time.Time) (evaluate.Log, error) {
	log := evaluate.Log{Until: now}
	withdrawn := map[string]bool{}
	each := func(kind documents.Kind, do func(documents.Event)) error {
		q := documents.ScanQuery{Kind: kind, From: now.AddDate(0, 0, -days), To: now, Limit: 5000}
		for {
			page, err := events.Scan(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range page.Events {
				do(e)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return nil
			}
		}
	}
	for _, step := range []struct {
		kind documents.Kind
		do   func(documents.Event)
	}{
		{documents.KindImpression, func(e documents.Event) { log.Shown = append(log.Shown, entryOf(e)) }},
		{documents.KindClick, func(e documents.Event) { log.Opened = append(log.Opened, entryOf(e)) }},
		{documents.KindBookingWithdrawn, func(e documents.Event) { withdrawn[bookingOf(e)] = true }},
		{documents.KindBooking, func(e documents.Event) {
			if e.Person != uuid.Nil && !withdrawn[bookingOf(e)] {
				log.Booked = append(log.Booked, evaluate.Booked{Person: e.Person.String(), Film: e.Film.String(), At: e.At})
			}
		}},
	} {
		if err := each(step.kind, step.do); err != nil {
			return evaluate.Log{}, err
		}
	}
	return log, nil
}

func entryOf(e documents.Event) evaluate.Entry {
	entry := evaluate.Entry{List: e.List, Film: e.Film.String(), Model: cmp.Or(e.Model, "(not named)"), Position: e.Position, Propensity: e.Propensity, At: e.At}
	if e.Person != uuid.Nil {
		entry.Person = e.Person.String()
	}
	return entry
}

// bookingOf names a booking in both of its events, which have one time.
func bookingOf(e documents.Event) string {
	return cmp.Or(e.Details[documents.DetailBooking], fmt.Sprint(e.Person, e.Film, e.At.UnixMilli()))
}
