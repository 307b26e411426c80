package audit_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

func write(t *testing.T, db *database.DB, entries ...audit.Entry) {
	t.Helper()
	require.NoError(t, db.Bun.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		for _, e := range entries {
			if err := audit.Record(ctx, audit.Bun(tx), e); err != nil {
				return err
			}
		}
		return nil
	}))
}

func list(t *testing.T, db *database.DB, f audit.Filter) []audit.Item {
	t.Helper()
	items, _, err := audit.List(t.Context(), db.Bun, f)
	require.NoError(t, err)
	return items
}

func TestRecordedEntriesAreListed(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	actor, theater := uuid.New(), uuid.New()
	write(t, db, audit.Entry{
		Actor:  audit.Actor{AccountID: actor, Role: "admin", RequestID: "r-1"},
		Action: "change", Entity: "theater", EntityID: theater.String(), TheaterID: theater,
		Before: map[string]string{"name": "=1+1"}, After: map[string]any{"name": "<b>", "list": []int{1}},
	})
	require.NoError(t, pgx.BeginFunc(t.Context(), db.Pool, func(tx pgx.Tx) error {
		return audit.Record(t.Context(), audit.Pgx(tx), audit.Entry{
			Actor: audit.System("import"), Action: "create", Entity: "movie", EntityID: "amelie", After: true})
	}))

	items := list(t, db, audit.Filter{})
	require.Len(t, items, 2)
	system, person := items[0], items[1]
	assert.Nil(t, system.ActorID)
	assert.Equal(t, "system", system.ActorRole)
	assert.Nil(t, system.TheaterID)
	assert.Equal(t, "null", string(system.Before))
	assert.Equal(t, "true", string(system.After))
	assert.Equal(t, actor, *person.ActorID)
	assert.Equal(t, theater, *person.TheaterID)
	assert.Equal(t, "r-1", person.RequestID)
	assert.JSONEq(t, `{"name":"=1+1"}`, string(person.Before))
	assert.JSONEq(t, `{"name":"<b>","list":[1]}`, string(person.After))
	assert.WithinDuration(t, time.Now(), person.At, time.Minute)
	assert.Equal(t, time.UTC, person.At.Location())
}

func TestAnEntryGoesWithItsTransaction(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	undone := errors.New("undone")
	err := db.Bun.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		require.NoError(t, audit.Record(ctx, audit.Bun(tx), audit.Entry{Actor: audit.System(""), Action: "create", Entity: "movie", EntityID: "1"}))
		return undone
	})
	require.ErrorIs(t, err, undone)
	assert.Empty(t, list(t, db, audit.Filter{}))
	assert.Error(t, audit.Record(t.Context(), nil, audit.Entry{After: func() {}}), "what cannot be rendered is not written")
}

func TestTheLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	write(t, db, audit.Entry{Actor: audit.System(""), Action: "create", Entity: "movie", EntityID: "1"})
	for _, statement := range []string{`UPDATE audit_log SET action = 'x'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`} {
		_, err := db.Pool.Exec(t.Context(), statement)
		assert.ErrorContains(t, err, "append-only", statement)
	}
	assert.Len(t, list(t, db, audit.Filter{}), 1)
}

func TestListPagesAndFilters(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	actor, house, other := uuid.New(), uuid.New(), uuid.New()
	for n := range 5 {
		e := audit.Entry{Actor: audit.Actor{AccountID: actor, Role: "admin"}, Action: "change", Entity: "show", EntityID: strconv.Itoa(n), TheaterID: house}
		if n == 3 {
			e.TheaterID, e.Actor.AccountID = other, uuid.New()
		}
		write(t, db, e)
	}
	var ids []string
	f := audit.Filter{Limit: 2}
	for {
		items, next, err := audit.List(t.Context(), db.Bun, f)
		require.NoError(t, err)
		require.LessOrEqual(t, len(items), 2)
		for _, item := range items {
			ids = append(ids, item.EntityID)
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	assert.Equal(t, []string{"4", "3", "2", "1", "0"}, ids)

	middle := list(t, db, audit.Filter{})[2].At.Format(time.RFC3339Nano)
	for name, c := range map[string]struct {
		filter audit.Filter
		want   int
	}{
		"entity":                    {audit.Filter{Entity: "show", EntityID: "3"}, 1},
		"another entity":            {audit.Filter{Entity: "movie"}, 0},
		"actor":                     {audit.Filter{ActorID: actor.String()}, 4},
		"theater":                   {audit.Filter{TheaterID: other.String()}, 1},
		"both":                      {audit.Filter{TheaterID: other.String(), ActorID: actor.String()}, 0},
		"from":                      {audit.Filter{From: middle}, 3},
		"to":                        {audit.Filter{To: middle}, 2},
		"a manager without a house": {audit.Filter{ManagedBy: actor}, 0},
		"hostile":                   {audit.Filter{Entity: `show' OR true --`}, 0},
	} {
		assert.Len(t, list(t, db, c.filter), c.want, name)
	}

	_, _, err := audit.List(t.Context(), db.Bun, audit.Filter{Entity: "\xff", ActorID: "x", TheaterID: "y", From: "now", To: "0001-01-01T00:00:00+12:00", Cursor: "z"})
	var refused *booking.Error
	require.ErrorAs(t, err, &refused)
	assert.Len(t, refused.Fields, 6)
}
