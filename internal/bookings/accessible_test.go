package bookings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// Precheck, hold and move refuse companion seats and unneeded wheelchair spaces before the
// release, and sell them after it.
func TestAccessibleSeatsBeforeAndAfterTheRelease(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, test := range map[string]struct {
		seats      []string
		accessible *bool
		before     bool // allowed before the release
	}{
		"a space and its companion":            {[]string{"E1", "E2"}, nil, true},
		"a space alone":                        {[]string{"E2"}, nil, true},
		"a space that is needed":               {[]string{"E2", "E3"}, new(true), true},
		"ordinary seats, no space needed":      {[]string{"E3", "E4"}, new(false), true},
		"a space that no one needs":            {[]string{"E2", "E3"}, new(false), false},
		"a companion seat alone":               {[]string{"E1"}, nil, false},
		"the companion seat of another space":  {[]string{"E2", "E5"}, new(true), false},
		"a companion seat and ordinary others": {[]string{"E3", "E4", "E5"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := h.AccessibleShow(3*time.Hour), h.AccessibleShow(119*time.Minute)
			for show, allowed := range map[string]bool{before: test.before, after: true} {
				question := ask(show, h.Customer(), test.seats...)
				question.Accessible = test.accessible
				_, early := h.store.Precheck(t.Context(), question)
				req := showstest.Request(show, h.Customer(), test.seats...)
				req.Accessible = test.accessible
				_, refused := h.store.Hold(t.Context(), req)
				if allowed {
					require.NoError(t, early)
					require.NoError(t, refused)
					continue
				}
				for _, err := range []error{early, refused} {
					fields := showstest.Code(t, booking.CodeValidation, err).Fields
					require.NotEmpty(t, fields)
					assert.Equal(t, "seats", fields[0].Field)
				}
				assert.Empty(t, h.Claims(show))
			}
		})
	}
}

func TestTheRefusalSaysWhenOnTheTheatersClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.AccessibleShow(time.Hour)
	h.Exec(`UPDATE shows SET starts_at = '2036-11-28 13:00Z', ends_at = '2036-11-28 15:00Z' WHERE id = $1`, show)
	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "E1"))
	assert.Contains(t, showstest.Code(t, booking.CodeValidation, err).Fields[0].Message, "Until Fri 28 Nov 16:30 ") // 18:30 in Pune
}

// The seats are refused before the release and sold after it, by the database's clock.
func TestTheDatabasesClockReleasesAccessibleSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.AccessibleShow(2*time.Hour + 700*time.Millisecond)
	clock := func() (at time.Time) {
		require.NoError(t, h.Pool.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&at))
		return at
	}
	seatMap, err := h.maps.SeatMap(t.Context(), show)
	require.NoError(t, err)
	require.NotNil(t, seatMap.AccessibleUntil)
	release, refusals := *seatMap.AccessibleUntil, 0
	require.Eventually(t, func() bool {
		asked := clock()
		_, early := h.store.Precheck(t.Context(), ask(show, h.Customer(), "E1"))
		if early == nil {
			assert.False(t, clock().Before(release), "precheck, before the release")
		}
		_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "E1"))
		if err == nil {
			assert.False(t, clock().Before(release), "held before the release")
			return true
		}
		assert.True(t, asked.Before(release), "refused after the release: %v", err)
		showstest.Code(t, booking.CodeValidation, err)
		refusals++
		return false
	}, showstest.Patience, showstest.Glance)
	assert.Positive(t, refusals)
}

// A theater's change counts at once, even if this process has kept the terms for long.
func TestAChangedReleaseCountsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, begun, cancelled := h.AccessibleShow(3*time.Hour), h.AccessibleShow(-time.Minute), h.AccessibleShow(3*time.Hour)
	h.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, cancelled)
	terms := `SELECT terms_version FROM shows WHERE id = $1`
	was, wasBegun, wasCancelled := h.Number(terms, show), h.Number(terms, begun), h.Number(terms, cancelled)
	hold := func() error {
		_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "E1"))
		return err
	}
	precheck := func() error {
		_, err := h.store.Precheck(t.Context(), ask(show, h.Customer(), "E5"))
		return err
	}
	showstest.Code(t, booking.CodeValidation, hold())
	showstest.Code(t, booking.CodeValidation, precheck())
	h.Exec(`UPDATE theaters SET accessible_release_minutes = 180, name = 'Orpheum' WHERE id = $1`, h.Theater)
	require.NoError(t, hold())
	require.NoError(t, precheck())
	h.Exec(`UPDATE theaters SET accessible_release_minutes = 0 WHERE id = $1`, h.Theater)
	showstest.Code(t, booking.CodeValidation, precheck())
	assert.Equal(t, was+2, h.Number(terms, show))
	assert.Equal(t, wasBegun, h.Number(terms, begun), "what has begun is released already")
	assert.Equal(t, wasCancelled, h.Number(terms, cancelled))
	h.Exec(`UPDATE theaters SET name = 'The Orpheum', accessible_release_minutes = 0 WHERE id = $1`, h.Theater)
	assert.Equal(t, was+2, h.Number(terms, show), "nothing changed that a hold depends on")
}

// A repeat of a hold answers with what was held, even if the rule has changed since.
func TestAHoldOfCompanionSeatsIsRepeatable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.AccessibleShow(time.Hour)
	req := showstest.Request(show, h.Customer(), "E1")
	first, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	h.Exec(`UPDATE theaters SET accessible_release_minutes = 0`)
	again, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first.ExpiresAt, again.ExpiresAt)
	_, err = h.Confirm(t.Context(), req.BookingID)
	require.NoError(t, err)
}
