package accounts_test

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/database"
)

// kept is one way to keep refresh tokens: apps and browsers have the same rule.
type kept struct {
	name    string
	logIn   func(*testing.T, *accounts.Service) accounts.TokenPair
	refresh func(*testing.T, *accounts.Service, accounts.TokenPair) (accounts.TokenPair, error)
}

func bothWays() []kept {
	return []kept{
		{"apps", login, func(t *testing.T, s *accounts.Service, pair accounts.TokenPair) (accounts.TokenPair, error) {
			return s.Refresh(t.Context(), pair.RefreshToken, home)
		}},
		{"browsers", loginBrowser, func(t *testing.T, s *accounts.Service, pair accounts.TokenPair) (accounts.TokenPair, error) {
			return s.RefreshBrowser(t.Context(), pair.RefreshToken, home)
		}},
	}
}

func (k kept) good(t *testing.T, s *accounts.Service, pair accounts.TokenPair) accounts.TokenPair {
	t.Helper()
	next, err := k.refresh(t, s, pair)
	require.NoError(t, err)
	return next
}

func (k kept) ended(t *testing.T, s *accounts.Service, pairs ...accounts.TokenPair) {
	t.Helper()
	for _, pair := range pairs {
		_, err := k.refresh(t, s, pair)
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "%v", err)
	}
}

// each runs a test for apps and for browsers, on a database of its own.
func each(t *testing.T, test func(*testing.T, kept, *accounts.Service, *database.DB)) {
	t.Parallel()
	for _, k := range bothWays() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, db := newService(t)
			register(t, s)
			test(t, k, s, db)
		})
	}
}

func count(t *testing.T, db *database.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, db.Pool.QueryRow(t.Context(), query, args...).Scan(&n))
	return n
}

const (
	liveTokens   = `SELECT count(*) FROM sessions WHERE rotated_at IS NULL AND revoked_at IS NULL AND expires_at > now()`
	liveFamilies = `SELECT count(DISTINCT family) FROM sessions WHERE rotated_at IS NULL AND revoked_at IS NULL AND expires_at > now()`
	theftsNoted  = `SELECT count(*) FROM security_events WHERE kind = 'refresh_reused'`
)

// Scenario 4: three tabs send the same cookie, and an answer is lost.
func TestScenario4_TabsGetTheSameSuccessor(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		first := k.logIn(t, s)
		second := k.good(t, s, first)
		for range 3 {
			again := k.good(t, s, first)
			assert.Equal(t, second.RefreshToken, again.RefreshToken)
			assert.Equal(t, familyOf(t, s, first), familyOf(t, s, again))
		}
		// A used it, B asked within the window, and A uses what both have.
		third := k.good(t, s, second)
		assert.Equal(t, third.RefreshToken, k.good(t, s, second).RefreshToken)
		later(t, db, 900)
		k.good(t, s, third)
		assert.Equal(t, 1, count(t, db, liveTokens))
		assert.Zero(t, count(t, db, theftsNoted))
	})
}

// Scenario 4, and accounts B2: one token that is replayed again and again stops when the
// time since its first use is over.
func TestScenario4_ReplayNeverProlongsTheWindow(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		other, first := k.logIn(t, s), k.logIn(t, s)
		second := k.good(t, s, first)
		for range 3 {
			k.good(t, s, first)
			later(t, db, 3)
		}
		later(t, db, 2) // 11 seconds since the first use, 2 since the last
		k.ended(t, s, first, second)
		assert.Equal(t, 1, count(t, db, theftsNoted))
		k.ended(t, s, first)
		assert.Equal(t, 1, count(t, db, theftsNoted), "one event for a family, however often it is tried")
		k.good(t, s, other) // another device is not concerned
	})
}

// Fault 57: a stolen refresh token is used again.
func TestFault57_ReusedRefreshTokenEndsTheFamily(t *testing.T) {
	t.Run("after the window", func(t *testing.T) {
		each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
			other, stolen := k.logIn(t, s), k.logIn(t, s)
			owners := k.good(t, s, stolen)
			later(t, db, 11)
			k.ended(t, s, stolen, owners)
			assert.Equal(t, 1, count(t, db, `SELECT count(*) FROM security_events e JOIN accounts a ON a.id = e.account_id
				WHERE e.session = $1`, familyOf(t, s, stolen)))
			k.good(t, s, other)
		})
	})
	t.Run("an ancestor, within the window", func(t *testing.T) {
		each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
			first := k.logIn(t, s)
			second := k.good(t, s, first)
			third := k.good(t, s, second)
			k.ended(t, s, first, second, third)
			assert.Equal(t, 1, count(t, db, theftsNoted))
		})
	})
	t.Run("an ancestor that has expired", func(t *testing.T) {
		each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
			first := k.logIn(t, s)
			second := k.good(t, s, first)
			_, err := db.Pool.Exec(t.Context(), `UPDATE sessions SET expires_at = now() WHERE rotated_at IS NOT NULL`)
			require.NoError(t, err)
			later(t, db, 11)
			k.ended(t, s, first, second)
		})
	})
	t.Run("by a thief who was quick enough for a repeat", func(t *testing.T) {
		each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
			stolen := k.logIn(t, s)
			owners, thiefs := k.good(t, s, stolen), k.good(t, s, stolen)
			thiefs = k.good(t, s, thiefs)
			later(t, db, 900)
			k.ended(t, s, owners, thiefs)
		})
	})
}

// Accounts B1: a thousand at once leave one session with one token.
func TestRefreshTokenUsedAThousandTimesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		s.RepeatWithin(10 * time.Minute) // however slow the machine is
		first := k.logIn(t, s)
		next := make([]accounts.TokenPair, 1000)
		var group sync.WaitGroup
		for i := range next {
			group.Go(func() {
				var err error
				next[i], err = k.refresh(t, s, first)
				assert.NoError(t, err)
			})
		}
		group.Wait()
		for _, pair := range next {
			require.Equal(t, next[0].RefreshToken, pair.RefreshToken)
		}
		assert.Equal(t, 1, count(t, db, liveTokens))
		assert.Equal(t, 1, count(t, db, liveFamilies))
		assert.Equal(t, 2, count(t, db, `SELECT count(*) FROM sessions`))
		k.good(t, s, next[0])
	})
}

// Accounts B3: a replacement is done whole or not at all.
func TestARotationThatFailsLeavesTheTokenAlive(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		first := k.logIn(t, s)
		for _, table := range []string{"sessions", "session_devices", "session_successors"} {
			_, err := db.Pool.Exec(t.Context(), fmt.Sprintf(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
				CREATE TRIGGER fails BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION fail()`, table))
			require.NoError(t, err)
			pair, err := k.refresh(t, s, first)
			assert.ErrorContains(t, err, "the disk is full", table)
			assert.Zero(t, pair)
			_, err = db.Pool.Exec(t.Context(), `DROP FUNCTION fail CASCADE`)
			require.NoError(t, err)
			assert.Equal(t, 1, count(t, db, liveTokens))
		}
		k.good(t, s, first)
	})
}

// Accounts B3: the process is killed between the commit and the answer. The next one has
// nothing of its memory, not even its signing key.
func TestScenario4_ALostAnswerIsRepeatedByAnotherProcess(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		first := k.logIn(t, s)
		lost := k.good(t, s, first)
		restarted := serviceOn(t, db, accounts.Limits{})
		again := k.good(t, restarted, first)
		assert.Equal(t, lost.RefreshToken, again.RefreshToken)
		later(t, db, 900)
		k.good(t, restarted, again)
	})
}

// Accounts B5: a log-out ends the tokens in their window too.
func TestALogOutEndsTokensInTheirWindow(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		for name, end := range map[string]func(account, family string) error{
			"by the access token": func(_, family string) error { return s.Logout(t.Context(), family) },
			"everywhere":          func(account, _ string) error { return s.EndSessions(t.Context(), account, "") },
		} {
			first := k.logIn(t, s)
			second := k.good(t, s, first)
			claims, err := s.Verify(second.AccessToken)
			require.NoError(t, err)
			require.NoError(t, end(claims.Subject, claims.SessionFamily))
			k.ended(t, s, first, second)
			assert.Zero(t, count(t, db, theftsNoted), "%s: a log-out is no theft", name)
		}
	})
}

// Accounts B8: the database's clock decides, and refreshing does not move the end.
func TestASessionEndsHoweverOftenItIsRefreshed(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		pair := k.logIn(t, s)
		age := func(by string) {
			for _, column := range []string{"sessions SET rotated_at = rotated_at", "sessions SET expires_at = expires_at", "session_devices SET began_at = began_at"} {
				_, err := db.Pool.Exec(t.Context(), `UPDATE `+column+` - $1::interval`, by)
				require.NoError(t, err)
			}
		}
		const left = `SELECT extract(epoch FROM max(expires_at) - now())::bigint FROM sessions WHERE rotated_at IS NULL`
		for range 3 { // 30 days is the limit of one that is not used
			age("29 days")
			pair = k.good(t, s, pair)
		}
		assert.InDelta(t, 3*24*60*60, count(t, db, left), 60, "the last token ends with the session")
		age("3 days")
		k.ended(t, s, pair)
		assert.Zero(t, count(t, db, liveTokens))
	})
}

// A shorter setting counts for sessions that go on already.
func TestAShorterEndCountsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		pair := k.logIn(t, s)
		_, err := db.Pool.Exec(t.Context(), `UPDATE session_devices SET began_at = began_at - interval '2 hours'`)
		require.NoError(t, err)
		k.ended(t, serviceOn(t, db, accounts.Limits{}, accounts.WithSessionEnd(time.Hour)), pair)
		pair = k.good(t, s, pair)
		// What the release before handed out has no device: its own age counts.
		_, err = db.Pool.Exec(t.Context(), `DELETE FROM session_devices`)
		require.NoError(t, err)
		k.good(t, serviceOn(t, db, accounts.Limits{}, accounts.WithSessionEnd(time.Hour)), pair)
	})
}

// A copy of the database opens no token: the key is in the replaced token alone.
func TestTheDatabaseAloneOpensNoToken(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		first := k.logIn(t, s)
		second := k.good(t, s, first)
		for _, table := range []string{"sessions", "session_devices", "session_successors", "security_events"} {
			for _, secret := range []string{first.RefreshToken, second.RefreshToken} {
				assert.Zero(t, count(t, db, `SELECT count(*) FROM `+table+` x WHERE strpos(x::text, $1) > 0
					OR strpos(x::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0`, secret))
			}
		}
		var session uuid.UUID
		var sealed []byte
		require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT session_id, sealed FROM session_successors`).Scan(&session, &sealed))
		hash := sha256.Sum256([]byte(first.RefreshToken))
		_, err := accounts.OpenSealed(string(hash[:]), session, sealed)
		require.Error(t, err, "the hash that is stored is not the key")
		open, err := accounts.OpenSealed(first.RefreshToken, session, sealed)
		require.NoError(t, err)
		assert.Equal(t, second.RefreshToken, open)

		// Another's sealed token, put under this one, opens as little.
		_, err = db.Pool.Exec(t.Context(), `UPDATE session_successors SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)`)
		require.NoError(t, err)
		pair, err := k.refresh(t, s, first)
		require.Error(t, err)
		assert.Zero(t, pair)
		k.good(t, s, second)
	})
}

// Sealed tokens do not pile up.
func TestSealedTokensAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		pair := k.logIn(t, s)
		for range 3 {
			pair = k.good(t, s, pair)
		}
		assert.Equal(t, 3, count(t, db, `SELECT count(*) FROM session_successors`))
		_, err := db.Pool.Exec(t.Context(), `UPDATE session_successors SET created_at = created_at - interval '2 minutes'`)
		require.NoError(t, err)
		k.good(t, s, pair)
		assert.Equal(t, 1, count(t, db, `SELECT count(*) FROM session_successors`))
	})
}

// A suspended account refreshes nothing, also within the window.
func TestASuspendedAccountRepeatsNothing(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		first := k.logIn(t, s)
		second := k.good(t, s, first)
		_, err := db.Pool.Exec(t.Context(), `INSERT INTO suspensions (account_id) SELECT id FROM accounts`)
		require.NoError(t, err)
		k.ended(t, s, first, second)
	})
}

// The release before left two tokens that wait for their use: the use of one ends both.
func TestAFamilyWithTwoTokensGetsOne(t *testing.T) {
	each(t, func(t *testing.T, k kept, s *accounts.Service, db *database.DB) {
		first := k.logIn(t, s)
		_, err := db.Pool.Exec(t.Context(), `INSERT INTO sessions (id, family, account_id, refresh_hash, expires_at)
			SELECT gen_random_uuid(), family, account_id, uuid_send(gen_random_uuid()), expires_at FROM sessions`)
		require.NoError(t, err)
		k.good(t, s, first)
		assert.Equal(t, 1, count(t, db, liveTokens))
	})
}
