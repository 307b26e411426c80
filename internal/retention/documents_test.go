package retention_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/documents/postgres"
	"github.com/boxoffice/boxoffice/internal/retention"
)

// openDocuments opens the store of documents beside the platform's tables, by a clock.
func openDocuments(t *testing.T, db *database.DB, now func() time.Time) *documents.Store {
	t.Helper()
	url := db.Pool.Config().ConnString()
	require.NoError(t, postgres.Migrate(t.Context(), url, nil))
	store, err := postgres.Open(t.Context(), url, documents.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

func TestDocumentsGoWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	store := openDocuments(t, db, func() time.Time { return now })
	records := retention.New(db.Pool).WithDocuments(store, slog.New(slog.DiscardHandler))
	remove := func(kind booking.OldRecords) (batches []int) {
		t.Helper()
		for {
			n, err := records.DeleteOld(t.Context(), kind, time.Nanosecond, 3)
			require.NoError(t, err)
			batches = append(batches, n)
			if n < 3 {
				return batches
			}
		}
	}

	person, film := uuid.New(), uuid.New()
	for i := range 7 {
		kind := documents.KindImpression
		if i < 2 {
			kind = documents.KindBooking
		}
		_, err := store.Events.Append(t.Context(), []documents.Event{{ID: uuid.New(), Kind: kind, At: now, Person: person, Film: film}})
		require.NoError(t, err)
	}
	today := documents.DayOf(now)
	require.NoError(t, store.Counters.Fold(t.Context(), today, today, documents.KindBooking, documents.KindImpression))
	require.NoError(t, store.Lists.Put(t.Context(), documents.List{Key: "k", MadeAt: now}, time.Hour))
	for _, kind := range []booking.OldRecords{booking.OldEvents, booking.OldCounters, booking.OldLists} {
		assert.Equal(t, []int{0}, remove(kind), "%s: the end of their time counts, not what is asked for", kind)
	}

	now = now.Add(91 * day)
	assert.Equal(t, []int{3, 2}, remove(booking.OldEvents), "what was shown is kept for less than what was booked")
	assert.Equal(t, []int{1}, remove(booking.OldLists))
	assert.Equal(t, []int{0}, remove(booking.OldCounters))
	now = now.Add(700 * day)
	assert.Equal(t, []int{2}, remove(booking.OldEvents))
	assert.Equal(t, []int{2}, remove(booking.OldCounters))
	assert.Equal(t, 0, number(t, db, `SELECT count(*) FROM documents.events`))
}

// Every way to delete an account leaves its id for the document store, once.
func TestAccountsThatAreDeletedAreNoted(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	exec(t, db, `INSERT INTO accounts (id, email, password_hash, name) SELECT gen_random_uuid(), n || '@guests.invalid', '', '' FROM generate_series(1, 5) n`)
	exec(t, db, `INSERT INTO guests (account_id, email, created_at) SELECT id, 'g@example.com', now() - interval '3 days' FROM accounts WHERE email < '4'`)
	records := retention.New(db.Pool).WithDocuments(openDocuments(t, db, time.Now), slog.New(slog.DiscardHandler))
	n, err := records.DeleteOld(t.Context(), booking.OldGuests, day, 100)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	exec(t, db, `DELETE FROM accounts WHERE email = '4@guests.invalid'`)
	assert.Equal(t, 4, number(t, db, `SELECT count(*) FROM deleted_accounts d WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = d.account_id)`))
	var batches []int
	for range 3 {
		n, err := records.DeleteOld(t.Context(), booking.OldAccounts, 0, 3)
		require.NoError(t, err)
		batches = append(batches, n)
	}
	assert.Equal(t, []int{3, 1, 0}, batches)
	assert.Zero(t, number(t, db, `SELECT count(*) FROM deleted_accounts`))
}
