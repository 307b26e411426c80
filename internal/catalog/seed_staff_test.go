package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestSeedGivesStaffSomethingToRun(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	now := time.Now()
	seed(t, db, now)
	count := func(query string) (n int) {
		require.NoError(t, db.Pool.QueryRow(t.Context(), query).Scan(&n))
		return n
	}
	const managed = `SELECT count(*) FROM theater_managers tm JOIN accounts a ON a.id = tm.account_id WHERE a.role = 'theater_manager'`
	some := count(managed)
	assert.Positive(t, some)
	assert.Less(t, some, len(demo.Theaters()), "a manager sees what is not theirs")
	assert.Equal(t, len(demo.Theaters()), count(`SELECT count(*) FROM price_cards WHERE name = 'Standard'`))
	assert.Zero(t, count(`SELECT count(*) FROM shows s JOIN price_cards pc ON pc.theater_id = s.theater_id
		WHERE NOT pc.prices ?& ARRAY(SELECT jsonb_object_keys(s.prices))`), "a card has every category of the house")

	_, err := db.Pool.Exec(t.Context(), `DELETE FROM theater_managers WHERE theater_id = (SELECT min(theater_id::text)::uuid FROM theater_managers)`)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE price_cards SET fee_per_seat = 7`)
	require.NoError(t, err)
	seed(t, db, now)
	assert.Equal(t, some-1, count(managed), "a repeat does not undo what an administrator did")
	assert.Equal(t, len(demo.Theaters()), count(`SELECT count(*) FROM price_cards WHERE fee_per_seat = 7`))
}
