package accounts_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// A session of 30 days has thousands of tokens; staff wait for the answer at each request.
func TestStandingReadsFewTokens(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	register(t, s)
	claims, err := s.Verify(login(t, s).AccessToken)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `INSERT INTO sessions (id, family, account_id, refresh_hash, expires_at, rotated_at)
		SELECT gen_random_uuid(), $1, $2, uuid_send(gen_random_uuid()), now() + interval '1 day', now() FROM generate_series(1, 3000)`,
		claims.SessionFamily, claims.Subject)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `ANALYZE sessions`)
	require.NoError(t, err)
	rows, err := db.Pool.Query(t.Context(), "EXPLAIN "+accounts.StandingStatement, pgx.QueryExecModeExec, claims.Subject, claims.SessionFamily)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	plan := strings.Join(lines, "\n")
	assert.Equal(t, 2, strings.Count(plan, "sessions_deciding"), plan)
	assert.NotContains(t, plan, "Seq Scan on sessions", plan)
}

func TestStandingGivesTheRoleOfTheDatabase(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	register(t, s)
	first := loginBrowser(t, s)
	claims, err := s.Verify(first.AccessToken)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE accounts SET role = 'admin'`)
	require.NoError(t, err)
	now, err := s.Standing(t.Context(), claims)
	require.NoError(t, err)
	assert.Equal(t, "admin", now.Role)
	assert.Equal(t, "customer", claims.Role, "what was read of the token stays")

	// Also tokens in their seconds of grace end, and those that a repeat gave.
	second := refreshed(t, s, first)
	again := refreshed(t, s, first)
	require.NoError(t, s.EndSession(t.Context(), claims.Subject, uuid.MustParse(claims.SessionFamily)))
	for _, pair := range []accounts.TokenPair{first, second, again} {
		assertEnded(t, s, pair)
	}
	_, err = s.Standing(t.Context(), claims)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
}

// A request to subscribe may have passed the check of its session just before that ended:
// the messages must not go on then.
func TestAnEndedSessionGetsNoMessages(t *testing.T) {
	t.Parallel()
	s, _ := limitedService(t, accounts.Limits{}, accounts.WithPush(accounts.Push{PublicKey: "key", SandboxURL: "http://127.0.0.1:8090"}))
	register(t, s)
	claims, err := s.Verify(login(t, s).AccessToken)
	require.NoError(t, err)
	browser := accounts.Subscription{Endpoint: "http://127.0.0.1:8090/push/1", Keys: accounts.SubscriptionKeys{
		P256DH: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
		Auth:   "BTBZMqHH6r4Tts7J_aSIgg",
	}}
	added, err := s.Subscribe(t.Context(), *claims, browser, "en")
	require.NoError(t, err)
	assert.True(t, added)

	require.NoError(t, s.EndSession(t.Context(), claims.Subject, uuid.MustParse(claims.SessionFamily)))
	_, err = s.Subscribe(t.Context(), *claims, browser, "en")
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
}
