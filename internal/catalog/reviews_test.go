package catalog_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/schema"
)

// critics are accounts that write reviews of the house's film.
func critics(t *testing.T, h *house, n int) []uuid.UUID {
	t.Helper()
	rows := make([]schema.Account, n)
	ids := make([]uuid.UUID, n)
	for i := range rows {
		ids[i] = uuid.New()
		rows[i] = schema.Account{ID: ids[i], Email: fmt.Sprintf("%d@example.com", i), PasswordHash: "x", Name: "Asha Rao"}
	}
	_, err := h.db.Bun.NewInsert().Model(&rows).Exec(t.Context())
	require.NoError(t, err)
	return ids
}

func (h *house) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := h.db.Pool.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
}

// requireSumsRight compares what the trigger keeps with the reviews themselves.
func (h *house) requireSumsRight(t *testing.T) {
	t.Helper()
	var wrong int
	require.NoError(t, h.db.Pool.QueryRow(t.Context(), `
		SELECT count(*) FROM (SELECT movie_id, sum(rating) AS sum, count(*) AS count FROM reviews GROUP BY 1) r
		FULL JOIN movie_ratings k USING (movie_id)
		WHERE (coalesce(r.sum, 0), coalesce(r.count, 0)) IS DISTINCT FROM (k.sum, k.count)`).Scan(&wrong))
	require.Zero(t, wrong)
}

func TestOneReviewPerCustomerAndMovie(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	reviews := catalog.NewReviews(h.db)
	who := critics(t, h, 3)

	empty, err := reviews.List(t.Context(), "film", 0, "")
	require.NoError(t, err)
	assert.Nil(t, empty.Summary.Average)
	assert.NotNil(t, empty.Items)

	first, created, err := reviews.Put(t.Context(), "film", who[0], 5, "  Great.\r\nAgain! ")
	require.NoError(t, err)
	assert.True(t, created)
	assert.Equal(t, "Great.\nAgain!", first.Text)
	assert.Equal(t, "A customer", first.Author, "the account's name is not for publication")
	same, created, err := reviews.Put(t.Context(), h.movie.ID.String(), who[0], 5, "Great.\nAgain!")
	require.NoError(t, err)
	assert.False(t, created)
	assert.Equal(t, first, same, "the same again changes nothing")
	second, created, err := reviews.Put(t.Context(), "film", who[0], 2, "")
	require.NoError(t, err)
	assert.False(t, created)
	assert.Equal(t, first.CreatedAt, second.CreatedAt)
	assert.True(t, second.UpdatedAt.After(first.UpdatedAt))
	mine, err := reviews.Mine(t.Context(), "film", who[0])
	require.NoError(t, err)
	assert.Equal(t, second, mine)

	_, _, err = reviews.Put(t.Context(), "film", who[1], 5, "Yes")
	require.NoError(t, err)
	page, err := reviews.List(t.Context(), "film", 0, "")
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Equal(t, "Yes", page.Items[0].Text, "the latest first")
	assert.Equal(t, 3.5, *page.Summary.Average)
	assert.Equal(t, map[string]int64{"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}, page.Summary.Histogram)
	movie, err := h.store.Movie(t.Context(), "film")
	require.NoError(t, err)
	assert.Equal(t, &catalog.Rating{Average: 3.5, Count: 2}, movie.Rating)

	require.NoError(t, reviews.Delete(t.Context(), "film", who[0]))
	require.NoError(t, reviews.Delete(t.Context(), "film", who[0]), "gone already")
	_, err = reviews.Mine(t.Context(), "film", who[0])
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	h.requireSumsRight(t)

	// Its reviews go with the account, and its remaining tokens write none.
	h.exec(t, `DELETE FROM accounts WHERE id = $1`, who[1])
	h.requireSumsRight(t)
	movie, err = h.store.Movie(t.Context(), "film")
	require.NoError(t, err)
	assert.Nil(t, movie.Rating, "nobody's opinion is no zero")
	_, _, err = reviews.Put(t.Context(), "film", who[1], 1, "")
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err))
	page, err = reviews.List(t.Context(), "film", 0, "")
	require.NoError(t, err)
	assert.Empty(t, page.Items)
}

func TestReviewsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	reviews := catalog.NewReviews(h.db)
	who := critics(t, h, 1)[0]
	for name, test := range map[string]struct {
		rating int
		text   string
		fields []string
	}{
		"no stars":    {0, "", []string{"rating"}},
		"six stars":   {6, "", []string{"rating"}},
		"long":        {3, strings.Repeat("é", catalog.MaxReviewText+1), []string{"text"}},
		"bell":        {3, "a\ab", []string{"text"}},
		"escape":      {3, "\x1b[31mred", []string{"text"}},
		"no text":     {3, "\xff", []string{"text"}},
		"all at once": {-1, "\x00", []string{"rating", "text"}},
	} {
		_, _, err := reviews.Put(t.Context(), "film", who, test.rating, test.text)
		assert.Equal(t, test.fields, fieldsOf(t, err), name)
	}
	forge := func(order, key string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"o":"` + order + `","k":"` + key + `","i":"` + uuid.NewString() + `"}`))
	}
	_, err := reviews.List(t.Context(), "film", 0, forge("latest", "2026-01-01T00:00:00.000000Z"))
	require.NoError(t, err)
	for _, cursor := range []string{"x", "e30", "bnVsbA", forge("title", "2026-01-01T00:00:00.000000Z"), forge("latest", "soon"),
		forge("latest", "2026-01-01T00:00:00,000000Z"), forge("latest", "0000-01-01T00:00:00.000000Z"),
		forge("latest", "2026-01-01T00:00:00.000000+23:00")} {
		_, err := reviews.List(t.Context(), "film", 0, cursor)
		assert.Equal(t, []string{"cursor"}, fieldsOf(t, err), cursor)
	}
	_, _, put := reviews.Put(t.Context(), "nothing", who, 3, "")
	_, list := reviews.List(t.Context(), "nothing", 0, "")
	_, mine := reviews.Mine(t.Context(), "nothing", who)
	for _, err := range []error{put, list, mine, reviews.Delete(t.Context(), "nothing", who)} {
		assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	}
	longest, _, err := reviews.Put(t.Context(), "film", who, 3, strings.Repeat("é", catalog.MaxReviewText))
	require.NoError(t, err)
	assert.Len(t, []rune(longest.Text), catalog.MaxReviewText)
}

// Only who has been there is verified, by what the bookings say now.
func TestVerifiedIsWhoHoldsABookingThatHasBegun(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	reviews := catalog.NewReviews(h.db)
	other := *h.movie
	other.ID, other.Slug = uuid.New(), "other"
	_, err := h.db.Bun.NewInsert().Model(&other).Exec(t.Context())
	require.NoError(t, err)
	ago := time.Now().Add(-time.Hour)
	begun, ahead := h.show(t, ago), h.show(t, time.Now().Add(time.Hour))
	off := h.show(t, ago, func(s *schema.Show) { s.Status = booking.ShowCancelled })
	elsewhere := h.show(t, ago, func(s *schema.Show) { s.MovieID = other.ID })
	tests := []struct {
		name   string
		show   uuid.UUID
		status booking.Status
		want   bool
	}{
		{"has been there", begun.ID, booking.StatusConfirmed, true},
		{"cancelled", begun.ID, booking.StatusCancelled, false},
		{"never paid", begun.ID, booking.StatusHeld, false},
		{"not yet", ahead.ID, booking.StatusConfirmed, false},
		{"the show was off", off.ID, booking.StatusConfirmed, false},
		{"another film", elsewhere.ID, booking.StatusConfirmed, false},
	}
	for i, who := range critics(t, h, len(tests)+1) {
		name, want := "no booking", false
		if i < len(tests) {
			test := tests[i]
			name, want = test.name, test.want
			_, err := h.db.Bun.NewInsert().Model(&schema.Booking{ID: uuid.New(), CustomerID: who, ShowID: test.show, Status: test.status,
				Seats: []string{"A1"}, Currency: "GBP", HoldExpiresAt: time.Now()}).Exec(t.Context())
			require.NoError(t, err)
		}
		review, _, err := reviews.Put(t.Context(), "film", who, 4, name)
		require.NoError(t, err)
		assert.Equal(t, want, review.Verified, name)
	}
	page, err := reviews.List(t.Context(), "film", 0, "")
	require.NoError(t, err)
	for _, review := range page.Items {
		assert.Equal(t, review.Text == "has been there", review.Verified, review.Text)
	}
	h.exec(t, `UPDATE bookings SET status = 'cancelled'`)
	page, err = reviews.List(t.Context(), "film", 0, "")
	require.NoError(t, err)
	for _, review := range page.Items {
		assert.False(t, review.Verified, "given back since: %s", review.Text)
	}
}

func TestReviewPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	reviews := catalog.NewReviews(h.db)
	who := critics(t, h, 23)
	// Half of them at the same microsecond.
	for i, account := range who {
		h.exec(t, `INSERT INTO reviews (movie_id, account_id, rating, text, updated_at) VALUES ($1, $2, 3, $3, now() + $4 * interval '1 second')`,
			h.movie.ID, account, fmt.Sprint(i), max(0, i-11))
	}
	seen, cursor := map[string]bool{}, ""
	var last time.Time
	for pages := 1; ; pages++ {
		page, err := reviews.List(t.Context(), "film", 5, cursor)
		require.NoError(t, err)
		for _, review := range page.Items {
			assert.False(t, seen[review.Text], "%s comes twice", review.Text)
			seen[review.Text] = true
			assert.True(t, last.IsZero() || !review.UpdatedAt.After(last))
			last = review.UpdatedAt
		}
		for _, account := range who {
			assert.NotContains(t, page.NextCursor, account.String())
		}
		if cursor = page.NextCursor; cursor == "" {
			assert.Equal(t, 5, pages)
			break
		}
	}
	assert.Len(t, seen, len(who))
}

// Many write, change and take back at once; the sums are those of what is left,
// and none of it is a change of the catalog.
func TestRatingsUnderConcurrentWriters(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "Europe/London")
	reviews := catalog.NewReviews(h.db)
	who := critics(t, h, 12)
	version := func() (v int64) {
		require.NoError(t, h.db.Pool.QueryRow(t.Context(), `SELECT version FROM catalog_version`).Scan(&v))
		return v
	}
	before := version()
	var writers sync.WaitGroup
	for writer := range 8 {
		writers.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(writer)))
			for range 40 {
				account := who[dice.IntN(len(who))]
				if dice.IntN(4) == 0 {
					assert.NoError(t, reviews.Delete(t.Context(), "film", account))
					continue
				}
				// Another client may delete it between the write and the answer.
				if _, _, err := reviews.Put(t.Context(), "film", account, 1+dice.IntN(5), ""); err != nil {
					assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), "%v", err)
				}
			}
		})
	}
	writers.Wait()
	h.requireSumsRight(t)
	assert.Equal(t, before, version())
	page, err := reviews.List(t.Context(), "film", 100, "")
	require.NoError(t, err)
	assert.EqualValues(t, len(page.Items), page.Summary.Count)
}
