package retention_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/retention"
)

var _ activities.Records = (*retention.Store)(nil)

func TestMain(m *testing.M) { databasetest.Main(m) }

func exec(t *testing.T, db *database.DB, statement string, args ...any) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
}

func number(t *testing.T, db *database.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.Pool.QueryRow(t.Context(), query).Scan(&n))
	return n
}

const day = 24 * time.Hour

func TestOldRecordsGoInBatches(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	store := retention.New(db.Pool)
	exec(t, db, `INSERT INTO idempotency_keys (customer_id, key, request_hash, status, body, created_at)
		SELECT gen_random_uuid(), n::text, '', 201, '', now() - n * interval '1 hour' FROM generate_series(1, 100) n`)
	exec(t, db, `INSERT INTO webhook_inbox (provider, event_id, type, received_at, processed_at)
		SELECT 'stripe', n::text, 'x', now() - n * interval '1 day', CASE WHEN n % 2 = 0 THEN now() END FROM generate_series(1, 60) n`)

	var batches []int
	for {
		n, err := store.DeleteOld(t.Context(), booking.OldIdempotencyKeys, 2*day, 20)
		require.NoError(t, err)
		batches = append(batches, n)
		if n < 20 {
			break
		}
	}
	assert.Equal(t, []int{20, 20, 13}, batches)
	assert.Equal(t, 47, number(t, db, `SELECT count(*) FROM idempotency_keys`))
	assert.Zero(t, number(t, db, `SELECT count(*) FROM idempotency_keys WHERE created_at < now() - interval '48 hours'`))

	n, err := store.DeleteOld(t.Context(), booking.OldWebhooks, 30*day, 1000)
	require.NoError(t, err)
	assert.Equal(t, 16, n)
	assert.Equal(t, 30, number(t, db, `SELECT count(*) FROM webhook_inbox WHERE processed_at IS NULL`), "what was never handed on stays")

	_, err = store.DeleteOld(t.Context(), "bookings", day, 1)
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(err))
}

// Another transaction has locked a row: the row waits for the next run, and the run does
// not wait for the row.
func TestLockedRecordsAreLeft(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	exec(t, db, `INSERT INTO idempotency_keys (customer_id, key, request_hash, status, body, created_at)
		SELECT gen_random_uuid(), n::text, '', 201, '', now() - interval '3 days' FROM generate_series(1, 5) n`)
	require.NoError(t, pgx.BeginFunc(t.Context(), db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT FROM idempotency_keys WHERE key = '3' FOR UPDATE`); err != nil {
			return err
		}
		n, err := retention.New(db.Pool).DeleteOld(t.Context(), booking.OldIdempotencyKeys, day, 10)
		assert.Equal(t, 4, n)
		return err
	}))
	assert.Equal(t, 1, number(t, db, `SELECT count(*) FROM idempotency_keys WHERE key = '3'`))
}

// A token that was handed out while its family was revoked knows that from the
// others alone: they stay while it could be used.
func TestRevokedSessionsStayWithTheirFamily(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	account := uuid.New()
	exec(t, db, `INSERT INTO accounts (id, email, password_hash, name) VALUES ($1, 'a@example.com', 'x', 'A')`, account)
	add := func(family uuid.UUID, expired time.Duration, revoked bool) {
		t.Helper()
		exec(t, db, `INSERT INTO sessions (id, family, account_id, refresh_hash, expires_at, revoked_at)
			VALUES ($1::uuid, $2, $3, decode(replace($1::text, '-', ''), 'hex'), now() - $4::interval, CASE WHEN $5 THEN now() END)`,
			uuid.New(), family, account, expired, revoked)
	}
	alive, revoked, leaked := uuid.New(), uuid.New(), uuid.New()
	add(alive, -5*day, false)
	add(alive, 5*day, false) // rotated long ago
	add(alive, time.Hour, false)
	add(revoked, 5*day, true)
	add(revoked, 3*day, true)
	add(leaked, 5*day, true)
	add(leaked, -5*day, false)

	n, err := retention.New(db.Pool).DeleteOld(t.Context(), booking.OldSessions, day, 100)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.Equal(t, 2, number(t, db, `SELECT count(*) FROM sessions WHERE family = '`+alive.String()+`'`))
	assert.Zero(t, number(t, db, `SELECT count(*) FROM sessions WHERE family = '`+revoked.String()+`'`))
	assert.Equal(t, 1, number(t, db, `SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL AND family = '`+leaked.String()+`'`))
}

func TestOldLettersProofsAndGuests(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	store := retention.New(db.Pool)
	exec(t, db, `INSERT INTO accounts (id, email, password_hash, name) SELECT gen_random_uuid(), n || '@guests.invalid', '', '' FROM generate_series(1, 4) n`)
	exec(t, db, `INSERT INTO guests (account_id, email, created_at) SELECT id, 'g@example.com', now() - left(email, 1)::int * interval '1 day' FROM accounts`)
	exec(t, db, `INSERT INTO proofs (account_id, purpose, recipient, created_at, code_until, link_until)
		SELECT a.id, 'email', 'g@example.com', g.created_at, now(), CASE WHEN a.email LIKE '4%' THEN now() + interval '1 day' ELSE now() END
		FROM accounts a JOIN guests g ON g.account_id = a.id`)
	exec(t, db, `INSERT INTO letters (kind, channel, recipient, created_at) SELECT 'confirm_email', 'email', recipient, created_at FROM proofs`)
	for kind, deleted := range map[booking.OldRecords]int{booking.OldLetters: 2, booking.OldProofs: 1} {
		n, err := store.DeleteOld(t.Context(), kind, 60*time.Hour, 100)
		require.NoError(t, err)
		assert.Equal(t, deleted, n, kind)
	}
	assert.Equal(t, 1, number(t, db, `SELECT count(*) FROM proofs WHERE link_until > now()`), "a link that still works stays")
	n, err := store.DeleteOld(t.Context(), booking.OldGuests, 36*time.Hour, 100)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.Equal(t, 1, number(t, db, `SELECT count(*) FROM accounts`))
}

// What was begun and not ended goes an hour after it stopped to work.
func TestLogInsThatWereNotEnded(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	store := retention.New(db.Pool)
	account := uuid.New()
	exec(t, db, `INSERT INTO accounts (id, email, password_hash, name, role) VALUES ($1, 'asha@example.com', '', 'A', 'customer')`, account)
	for kind, row := range map[booking.OldRecords]string{
		booking.OldChallenges: `INSERT INTO factor_challenges (hash, account_id, keeper, expires_at)
			SELECT convert_to(n::text, 'UTF8'), $1, 'app', now() - n * interval '20 minutes' FROM generate_series(-1, 6) n`,
		booking.OldPasskeyChallenges: `INSERT INTO passkey_challenges (challenge, purpose, account_id, family, ceremony, expires_at)
			SELECT n::text, 'confirm', $1, gen_random_uuid(), '{}', now() - n * interval '20 minutes' FROM generate_series(-1, 6) n`,
		booking.OldOAuthStarts: `INSERT INTO oauth_starts (state_hash, browser_hash, provider, issuer, nonce, verifier, return_to, account_id, family, expires_at)
			SELECT convert_to(n::text, 'UTF8'), '\x00', 'p', 'i', 'n', 'v', '/', $1, gen_random_uuid(), now() - n * interval '20 minutes' FROM generate_series(-1, 6) n`,
		booking.OldOffers: `INSERT INTO identity_offers (browser_hash, account_id, provider, issuer, subject, email, name, expires_at)
			SELECT convert_to(n::text, 'UTF8'), $1, 'p', 'i', n::text, 'asha@example.com', 'A', now() - n * interval '20 minutes' FROM generate_series(-1, 6) n`,
	} {
		exec(t, db, row, account)
		n, err := store.DeleteOld(t.Context(), kind, time.Hour, 1000)
		require.NoError(t, err, kind)
		assert.Equal(t, 4, n, kind)
		assert.Equal(t, 4, number(t, db, `SELECT count(*) FROM `+string(kind)), kind)
	}
}
