package servicekeys

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

var admin = audit.Actor{AccountID: uuid.New(), Role: booking.RoleAdmin, RequestID: "request-1"}

func wanted() Wanted {
	return Wanted{Name: "Listings", Partner: "City Guide", Scopes: []booking.KeyScope{booking.ScopeCatalog},
		ExpiresAt: time.Now().Add(time.Hour).Format(time.RFC3339)}
}

func newStore(t *testing.T) (*Store, *database.DB) {
	t.Helper()
	db := databasetest.New(t)
	return New(db.Pool), db
}

func exec(t *testing.T, db *database.DB, statement string, args ...any) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
}

func value(t *testing.T, db *database.DB, query string, args ...any) string {
	t.Helper()
	var one string
	require.NoError(t, db.Pool.QueryRow(t.Context(), query, args...).Scan(&one))
	return one
}

func refusal(t *testing.T, err error) Reason {
	t.Helper()
	var refused *Refusal
	require.ErrorAs(t, err, &refused)
	return refused.Reason
}

func TestAServiceKeyIsMadeUsedAndRevoked(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	made, err := s.Create(t.Context(), admin, wanted())
	require.NoError(t, err)
	assert.Equal(t, "active", made.State)
	assert.Equal(t, defaultPerMinute, made.PerMinute)
	assert.True(t, strings.HasPrefix(made.Key, made.Begins+"_"))

	holder, err := s.Identify(t.Context(), made.Key)
	require.NoError(t, err)
	assert.Equal(t, Holder{ID: made.ID, Scopes: []booking.KeyScope{booking.ScopeCatalog}, Theaters: []uuid.UUID{}, PerMinute: 600}, holder)
	assert.True(t, holder.Has(booking.ScopeCatalog))
	assert.False(t, holder.Has(booking.ScopeSearch))

	require.NoError(t, s.Revoke(t.Context(), admin, made.ID))
	require.NoError(t, s.Revoke(t.Context(), admin, made.ID), "again")
	_, err = s.Identify(t.Context(), made.Key)
	assert.Equal(t, Revoked, refusal(t, err))
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(s.Revoke(t.Context(), admin, uuid.New())))

	// The log has both changes, and neither the log nor the table has the secret.
	entries, _, err := audit.List(t.Context(), db.Bun, audit.Filter{Entity: "service_key"})
	require.NoError(t, err)
	require.Len(t, entries, 2)
	assert.Equal(t, []string{"revoke", "create"}, []string{entries[0].Action, entries[1].Action})
	assert.Equal(t, made.ID.String(), entries[0].EntityID)
	assert.Equal(t, admin.AccountID, *entries[0].ActorID)
	assert.Contains(t, string(entries[0].Before), `"active"`)
	assert.Contains(t, string(entries[0].After), `"revoked"`)
	secret := made.Key[len(made.Begins)+1:][:64]
	for _, table := range []string{"audit_log", "service_keys"} {
		all := value(t, db, `SELECT string_agg(t::text, ' ') FROM `+table+` t`)
		assert.NotContains(t, all, secret, table)
		assert.NotContains(t, all, made.Key, table)
	}
	assert.NotContains(t, value(t, db, `SELECT string_agg(t::text, ' ') FROM audit_log t`), value(t, db, `SELECT encode(hash, 'hex') FROM service_keys`), "the log has no hash")
}

// The database's clock decides, to the second.
func TestAServiceKeyEnds(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	made, err := s.Create(t.Context(), admin, wanted())
	require.NoError(t, err)
	exec(t, db, `UPDATE service_keys SET expires_at = now() - interval '1 second'`)
	_, err = s.Identify(t.Context(), made.Key)
	assert.Equal(t, Expired, refusal(t, err))
	items, _, err := s.List(t.Context(), 0, "")
	require.NoError(t, err)
	assert.Equal(t, "expired", items[0].State)
	assert.Nil(t, items[0].LastUsedAt, "a refusal is no use")
	exec(t, db, `UPDATE service_keys SET revoked_at = now()`)
	_, err = s.Identify(t.Context(), made.Key)
	assert.Equal(t, Revoked, refusal(t, err))
	exec(t, db, `UPDATE service_keys SET revoked_at = NULL, expires_at = now() + interval '1 minute'`)
	_, err = s.Identify(t.Context(), made.Key)
	assert.NoError(t, err)
}

func TestServiceKeysThatAreForged(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	made, err := s.Create(t.Context(), admin, wanted())
	require.NoError(t, err)
	foreign, key := generate()
	_, err = s.Identify(t.Context(), key)
	assert.Equal(t, Unknown, refusal(t, err))

	body := made.Begins + "_" + key[37:101] // its id, with the secret of another
	_, err = s.Identify(t.Context(), body+"_"+checksum(body))
	assert.Equal(t, WrongSecret, refusal(t, err))
	body = public(foreign) + made.Key[36:101] // its secret, with another id
	_, err = s.Identify(t.Context(), body+"_"+checksum(body))
	assert.Equal(t, Unknown, refusal(t, err))
}

// What its checksum tells costs no question to the database, and a database that is away is
// no wrong key.
func TestTyposAreToldWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	made, err := s.Create(t.Context(), admin, wanted())
	require.NoError(t, err)
	db.Pool.Close()
	_, err = s.Identify(t.Context(), made.Key[:len(made.Key)-1])
	assert.Equal(t, NotWhole, refusal(t, err))
	_, err = s.Identify(t.Context(), made.Key)
	var refused *Refusal
	require.Error(t, err)
	assert.NotErrorAs(t, err, &refused)
}

func TestUsesAreNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	made, err := s.Create(t.Context(), admin, wanted())
	require.NoError(t, err)
	used := func() string {
		t.Helper()
		_, err := s.Identify(t.Context(), made.Key)
		require.NoError(t, err)
		return value(t, db, `SELECT last_used_at::text || xmin FROM service_keys`)
	}
	first := used()
	assert.Equal(t, first, used())
	exec(t, db, `UPDATE service_keys SET last_used_at = now() - interval '30 seconds'`)
	before := value(t, db, `SELECT last_used_at::text || xmin FROM service_keys`)
	assert.Equal(t, before, used())
	exec(t, db, `UPDATE service_keys SET last_used_at = now() - interval '60 seconds'`)
	before = value(t, db, `SELECT last_used_at::text || xmin FROM service_keys`)
	assert.NotEqual(t, before, used())

	// A key that is being revoked makes no request wait.
	exec(t, db, `UPDATE service_keys SET last_used_at = NULL`)
	tx, err := db.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM service_keys FOR UPDATE`)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = s.Identify(ctx, made.Key)
	assert.NoError(t, err)
	assert.NoError(t, ctx.Err())
}

func TestWhatAServiceKeyIsMadeOf(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	now := time.Date(2027, 1, 4, 10, 0, 0, 0, time.UTC)
	number := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		change func(*Wanted)
		field  string // which is wrong; empty when nothing is
	}{
		"as it is":               {func(*Wanted) {}, ""},
		"space around":           {func(w *Wanted) { w.Name = "  Listings " }, ""},
		"no name":                {func(w *Wanted) { w.Name = " " }, "name"},
		"long name":              {func(w *Wanted) { w.Name = strings.Repeat("é", 81) }, "name"},
		"a name that turns":      {func(w *Wanted) { w.Name = "a\u202eb" }, "name"},
		"no partner":             {func(w *Wanted) { w.Partner = "" }, "partner"},
		"two lines":              {func(w *Wanted) { w.Partner = "a\nb" }, "partner"},
		"no scopes":              {func(w *Wanted) { w.Scopes = nil }, "scopes"},
		"many scopes":            {func(w *Wanted) { w.Scopes = make([]booking.KeyScope, 100) }, "scopes"},
		"all scopes":             {func(w *Wanted) { w.Scopes = booking.KeyScopes() }, ""},
		"a scope twice":          {func(w *Wanted) { w.Scopes = append(w.Scopes, booking.ScopeCatalog) }, "scopes[1]"},
		"a scope that is none":   {func(w *Wanted) { w.Scopes = []booking.KeyScope{"bookings:write"} }, "scopes[0]"},
		"a scope in capitals":    {func(w *Wanted) { w.Scopes = []booking.KeyScope{"CATALOG:READ"} }, "scopes[0]"},
		"an empty scope":         {func(w *Wanted) { w.Scopes = []booking.KeyScope{""} }, "scopes[0]"},
		"no end":                 {func(w *Wanted) { w.ExpiresAt = "" }, "expires_at"},
		"an end that is now":     {func(w *Wanted) { w.ExpiresAt = "2027-01-04T10:00:00Z" }, "expires_at"},
		"an end in a second":     {func(w *Wanted) { w.ExpiresAt = "2027-01-04T10:00:01Z" }, ""},
		"365 days":               {func(w *Wanted) { w.ExpiresAt = "2028-01-04T10:00:00Z" }, ""},
		"365 days and a second":  {func(w *Wanted) { w.ExpiresAt = "2028-01-04T10:00:01Z" }, "expires_at"},
		"the year 9999":          {func(w *Wanted) { w.ExpiresAt = "9999-12-31T23:59:59Z" }, "expires_at"},
		"no requests":            {func(w *Wanted) { w.PerMinute = number(0) }, "per_minute"},
		"one request":            {func(w *Wanted) { w.PerMinute = number(1) }, ""},
		"too many requests":      {func(w *Wanted) { w.PerMinute = number(6001) }, "per_minute"},
		"a theater that is none": {func(w *Wanted) { w.Theaters = []string{"lotus"} }, "theater_ids[0]"},
		"a theater twice":        {func(w *Wanted) { w.Theaters = []string{uuid.Nil.String(), uuid.Nil.String()} }, "theater_ids[1]"},
		"many theaters":          {func(w *Wanted) { w.Theaters = make([]string, 201) }, "theater_ids"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wanted()
			w.ExpiresAt = now.Add(time.Hour).Format(time.RFC3339)
			c.change(&w)
			_, _, err := w.check(now)
			if c.field == "" {
				assert.NoError(t, err)
				return
			}
			var refused *booking.Error
			require.ErrorAs(t, err, &refused)
			require.Len(t, refused.Fields, 1)
			assert.Equal(t, c.field, refused.Fields[0].Field)
		})
	}
	w := wanted()
	w.Theaters = []string{uuid.NewString()}
	_, err := s.Create(t.Context(), admin, w)
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(err), "a theater that does not exist")
	assert.Equal(t, "0", value(t, db, `SELECT count(*)::text FROM service_keys`))
}

func TestServiceKeysAreListedInPages(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	var want []uuid.UUID
	for range 5 {
		made, err := s.Create(t.Context(), admin, wanted())
		require.NoError(t, err)
		want = append([]uuid.UUID{made.ID}, want...)
	}
	require.NoError(t, s.Revoke(t.Context(), admin, want[0]))
	var got []uuid.UUID
	for cursor, pages := "", 0; ; pages++ {
		items, next, err := s.List(t.Context(), 2, cursor)
		require.NoError(t, err)
		for _, item := range items {
			got = append(got, item.ID)
		}
		if next == "" {
			assert.Equal(t, 2, pages)
			break
		}
		cursor = next
	}
	assert.Equal(t, want, got)
	for _, cursor := range []string{"x", "eyJrIjoiIn0", "eyJrIjoiMDAwMC0wMS0wMVQwMDowMDowMC4wMDAwMDBaIiwiaSI6IjBmOGZhZDViLWQ5Y2ItNDY5Zi1hMTY1LTcwODY3NzI4OTUwZSJ9"} {
		_, _, err := s.List(t.Context(), 2, cursor)
		assert.Equal(t, booking.CodeValidation, booking.CodeOf(err), cursor)
	}
	exec(t, db, `UPDATE service_keys SET created_at = '2026-01-01T00:00:00Z', expires_at = '2026-02-01T00:00:00Z'`)
	first, next, err := s.List(t.Context(), 3, "")
	require.NoError(t, err)
	second, last, err := s.List(t.Context(), 3, next)
	require.NoError(t, err)
	assert.Empty(t, last)
	assert.Len(t, append(first, second...), 5, "the id decides among equals")
}
