package catalog_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/schema"
)

// seedDays is how far ahead the program of the tests reaches.
const seedDays = 7

func TestMain(m *testing.M) { databasetest.Main(m) }

func seed(t *testing.T, db *database.DB, now time.Time) {
	t.Helper()
	require.NoError(t, catalog.SeedFor(t.Context(), db, now, seedDays, nil))
}

// fingerprint is every row of the demo world, times of writing included.
func fingerprint(t *testing.T, db *database.DB) map[string]string {
	t.Helper()
	prints := map[string]string{}
	for _, table := range []string{"cities", "movies", "theaters", "screens", "layouts", "shows", "accounts"} {
		var digest string
		require.NoError(t, db.Pool.QueryRow(t.Context(),
			`SELECT count(*) || ' ' || md5(string_agg(x::text, '|' ORDER BY x.id)) FROM `+table+` x`).Scan(&digest))
		prints[table] = digest
	}
	return prints
}

func TestSeedTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	var steps []string
	started := time.Now()
	require.NoError(t, catalog.SeedFor(t.Context(), db, now, seedDays, func(step string) { steps = append(steps, step) }))
	t.Logf("loaded in %s: %q", time.Since(started), steps)
	first := fingerprint(t, db)
	require.Len(t, steps, 4)

	seed(t, db, now)
	assert.Equal(t, first, fingerprint(t, db))

	var shows int
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM shows WHERE starts_at > now()`).Scan(&shows))
	assert.Equal(t, len(demo.Program(now, seedDays)), shows)
}

func TestSeedTogether(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	failures := make(chan error)
	for range 3 {
		go func() { failures <- catalog.SeedFor(context.WithoutCancel(t.Context()), db, now, seedDays, nil) }()
	}
	for range 3 {
		assert.NoError(t, <-failures)
	}
}

func TestSeedAddsDaysAndKeepsOldOnes(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	count := func() (n int) {
		require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM shows`).Scan(&n))
		return n
	}
	seed(t, db, now)
	before := count()
	seed(t, db, now.Add(3*24*time.Hour))
	after := count()
	assert.Greater(t, after, before)
	seed(t, db, now)
	assert.Equal(t, after, count())
}

// What happened to a show since it went on sale is not undone by the next start
// of the platform.
func TestSeedLeavesShowsAlone(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	seed(t, db, now)
	program := demo.Program(now, seedDays)
	cancelled, dearer, moved := program[0], program[1], program[2]
	_, err := db.Pool.Exec(t.Context(), `UPDATE shows SET status = 'cancelled' WHERE id = $1`, cancelled.ID)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE shows SET prices = '{"gold": 1}' WHERE id = $1`, dearer.ID)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE shows SET starts_at = starts_at + interval '90 days', ends_at = ends_at + interval '90 days', sales_close_at = sales_close_at + interval '90 days' WHERE id = $1`, moved.ID)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE accounts SET password_hash = 'changed' WHERE role = 'admin'`)
	require.NoError(t, err)

	before := fingerprint(t, db)
	seed(t, db, now)
	assert.Equal(t, before, fingerprint(t, db))
}

// A show that the house put on by itself keeps its screen.
func TestSeedDoesNotOverlap(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	seed(t, db, now)
	program := demo.Program(now, seedDays)
	last := program[len(program)-1]
	_, err := db.Pool.Exec(t.Context(), `UPDATE shows SET id = $2 WHERE id = $1`, last.ID, uuid.New())
	require.NoError(t, err)
	before := fingerprint(t, db)
	seed(t, db, now)
	assert.Equal(t, before, fingerprint(t, db), "its slot is taken, though by another id")
}

func TestSeedRepairsCatalogAndVersionsLayouts(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	seed(t, db, now)
	movie, screen := demo.Movies()[0], demo.Theaters()[0].Screens[0]
	_, err := db.Pool.Exec(t.Context(), `UPDATE movies SET title = 'Misprint', updated_at = 'epoch' WHERE id = $1`, movie.ID)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE layouts SET layout = '{"rows":[]}' WHERE screen_id = $1`, screen.ID)
	require.NoError(t, err)
	seed(t, db, now)

	var repaired schema.Movie
	require.NoError(t, db.Bun.NewSelect().Model(&repaired).Where("id = ?", movie.ID).Scan(t.Context()))
	assert.Equal(t, movie.Title, repaired.Title)
	assert.WithinDuration(t, time.Now(), repaired.UpdatedAt, time.Minute)
	var versions []schema.Layout
	require.NoError(t, db.Bun.NewSelect().Model(&versions).Where("screen_id = ?", screen.ID).Order("version").Scan(t.Context()))
	require.Len(t, versions, 2)
	assert.Empty(t, versions[0].Layout.Rows, "an old version is never changed")
	assert.Equal(t, screen.Layout, versions[1].Layout)
	assert.Equal(t, screen.Layout.Capacity(), versions[1].Capacity)
}

func TestSeededShowsCanBeSold(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	seed(t, db, time.Now())
	var shows []schema.Show
	require.NoError(t, db.Bun.NewSelect().Model(&shows).Scan(t.Context()))
	layouts := map[uuid.UUID]schema.Layout{}
	var rows []schema.Layout
	require.NoError(t, db.Bun.NewSelect().Model(&rows).Scan(t.Context()))
	for _, row := range rows {
		layouts[row.ID] = row
	}
	currencies := map[string]bool{}
	for _, show := range shows {
		currencies[show.Currency] = true
		require.Equal(t, show.ScreenID, layouts[show.LayoutID].ScreenID)
		require.True(t, show.SalesCloseAt.Before(show.StartsAt))
		for _, row := range layouts[show.LayoutID].Layout.Rows {
			require.Positive(t, show.Prices[row.Category], "category %s", row.Category)
		}
	}
	assert.Len(t, currencies, 3)
}

func TestSeededLoginsWork(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	seed(t, db, time.Now())
	var accounts []schema.Account
	require.NoError(t, db.Bun.NewSelect().Model(&accounts).Scan(t.Context()))
	require.Len(t, accounts, len(demo.Logins()))
	for _, login := range demo.Logins() {
		at := slices.IndexFunc(accounts, func(a schema.Account) bool { return a.Email == login.Email })
		require.GreaterOrEqual(t, at, 0)
		assert.Equal(t, login.Role, accounts[at].Role)
		matches, err := password.Matches(t.Context(), password.Strangers, login.Password, accounts[at].PasswordHash)
		require.NoError(t, err)
		assert.True(t, matches)
	}
}

func TestDemoPricesCanBeCharged(t *testing.T) {
	t.Parallel()
	require.NoError(t, catalog.CheckCharges(time.Now(), seedDays, stripe.Limits))
	coarse := func(currency string) (booking.Limits, bool) { return booking.Limits{Unit: 7}, currency != "EUR" }
	err := catalog.CheckCharges(time.Now(), 1, coarse)
	assert.ErrorContains(t, err, "Must be a multiple of 7")
}
