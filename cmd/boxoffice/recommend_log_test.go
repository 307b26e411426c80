package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend/evaluate"
	"github.com/boxoffice/boxoffice/internal/recommendations"
)

func TestRecommendEvaluateReadsTheLog(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "migrate"))
	cfg, err := config.Load(config.Seed)
	require.NoError(t, err)
	p := &platform{config: cfg, log: slog.New(slog.DiscardHandler)}
	defer p.close()
	store, err := p.openDocuments(t.Context())
	require.NoError(t, err)
	printed := func(days int) string {
		var out strings.Builder
		require.NoError(t, evaluateLog(t.Context(), days, &out))
		return out.String()
	}
	assert.Equal(t, evaluate.Control, recommendations.PopularityArm, "the report finds the arm by its name")
	assert.Contains(t, printed(30), "In the last 30 days no movie of a list came into view")

	now := time.Now()
	ago := func(days float64) time.Time { return now.Add(-time.Duration(days * 24 * float64(time.Hour))) }
	ann, dune, amelie := uuid.New(), uuid.New(), uuid.New()
	var events []documents.Event
	add := func(kind documents.Kind, film uuid.UUID, days float64, facts documents.EventFacts) {
		events = append(events, documents.Event{ID: uuid.New(), Kind: kind, At: ago(days), Person: ann, Film: film, EventFacts: facts})
	}
	in := func(list, model string, position int) documents.EventFacts {
		return documents.EventFacts{List: list, Position: position, Propensity: 0.5, Model: model}
	}
	add(documents.KindImpression, dune, 20, in("l1", "m1", 1))
	add(documents.KindImpression, amelie, 20, in("l1", "m1", 2))
	add(documents.KindClick, dune, 19.9, in("l1", "m1", 1))
	add(documents.KindImpression, amelie, 10, in("l2", evaluate.Popularity, 1))
	add(documents.KindImpression, amelie, 40, in("old", "m0", 1))
	for i, film := range []uuid.UUID{dune, amelie} {
		add(documents.KindBooking, film, 18, documents.EventFacts{Details: map[string]string{documents.DetailBooking: fmt.Sprint("b", i)}})
	}
	add(documents.KindBookingWithdrawn, amelie, 18, documents.EventFacts{Details: map[string]string{documents.DetailBooking: "b1"}})
	_, err = store.Events.Append(t.Context(), events)
	require.NoError(t, err)

	log, err := readLog(t.Context(), store.Events, 30, now)
	require.NoError(t, err)
	assert.Len(t, log.Shown, 3)
	assert.Equal(t, []evaluate.Booked{{Person: ann.String(), Film: dune.String(), At: documents.Milliseconds(ago(18))}}, log.Booked, "what was refunded is none")
	assert.Equal(t, evaluate.Entry{List: "l1", Film: dune.String(), Person: ann.String(), Model: "m1", Position: 1, Propensity: 0.5, At: documents.Milliseconds(ago(19.9))}, log.Opened[0])
	text := printed(30)
	assert.Contains(t, text, "| m1         | 1 | 2 | 1 | 1 | 50.00 %")
	assert.NotContains(t, text, "m0")
	assert.Contains(t, printed(60), "m0")

	assert.ErrorContains(t, evaluateLog(t.Context(), 0, &strings.Builder{}), "--days is 0")
	t.Setenv("DOCUMENTS_URL", "postgres://nobody@127.0.0.1:1/away")
	assert.ErrorContains(t, evaluateLog(t.Context(), 30, &strings.Builder{}), "read the log in Postgres schema documents")
	assert.ErrorContains(t, run(t.Context(), "recommend", "evaluate", "--log", "--data", "."), "can't be used together")
}
