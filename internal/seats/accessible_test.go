package seats

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/booking"
)

// accessibleHall is hall with a row E of gold: a companion seat, a wheelchair
// space, and two ordinary seats, twice.
func accessibleHall() booking.Layout {
	layout := hall()
	kinds := []booking.SeatType{booking.SeatCompanion, booking.SeatWheelchair, booking.SeatStandard, booking.SeatStandard}
	row := booking.Row{Label: "E", Category: "gold"}
	for i := range 8 {
		row.Seats = append(row.Seats, booking.Seat{ID: "E" + string(rune('1'+i)), X: float64(i + 1), Type: kinds[i%4]})
	}
	layout.Rows = append(layout.Rows, row)
	return layout
}

// accessibleShow is a show of such a hall, which begins after a while.
func (h *house) accessibleShow(begins time.Duration) string {
	h.t.Helper()
	show := h.show()
	h.exec(`UPDATE shows SET layout_id = $2, starts_at = clock_timestamp() + $3::interval, ends_at = clock_timestamp() + $3::interval + interval '2 hours',
		sales_close_at = clock_timestamp() + interval '2 days' WHERE id = $1`, show, h.addLayout(100+int(h.number(`SELECT count(*) FROM layouts`)), accessibleHall()), begins)
	return show
}

// Companion seats, and wheelchair spaces that nobody needs, are refused before the
// release and sold after it, by precheck, hold and move alike.
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
		"a space that nobody needs":            {[]string{"E2", "E3"}, new(false), false},
		"a companion seat alone":               {[]string{"E1"}, nil, false},
		"the companion seat of another space":  {[]string{"E2", "E5"}, new(true), false},
		"a companion seat and ordinary others": {[]string{"E3", "E4", "E5"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := h.accessibleShow(3*time.Hour), h.accessibleShow(119*time.Minute)
			for show, allowed := range map[string]bool{before: test.before, after: true} {
				question := ask(show, h.customer(), test.seats...)
				question.Accessible = test.accessible
				_, early := h.store.Precheck(t.Context(), question)
				req := request(show, h.customer(), test.seats...)
				req.Accessible = test.accessible
				_, refused := h.store.Hold(t.Context(), req)
				if allowed {
					require.NoError(t, early)
					require.NoError(t, refused)
					continue
				}
				for _, err := range []error{early, refused} {
					fields := code(t, booking.CodeValidation, err).Fields
					require.NotEmpty(t, fields)
					assert.Equal(t, "seats", fields[0].Field)
				}
				assert.Empty(t, h.claims(show))
			}
		})
	}
}

func TestTheRefusalSaysWhenOnTheTheatersClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.accessibleShow(time.Hour)
	h.exec(`UPDATE shows SET starts_at = '2036-11-28 13:00Z', ends_at = '2036-11-28 15:00Z' WHERE id = $1`, show)
	_, err := h.store.Hold(t.Context(), request(show, h.customer(), "E1"))
	assert.Contains(t, code(t, booking.CodeValidation, err).Fields[0].Message, "Until Fri 28 Nov 16:30 ") // 18:30 in Pune
}

// Between refusals and the first sale lies the release, by the database's clock.
func TestTheDatabasesClockReleasesAccessibleSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.accessibleShow(2*time.Hour + 700*time.Millisecond)
	clock := func() (at time.Time) {
		require.NoError(t, h.pool.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&at))
		return at
	}
	seatMap, err := h.store.SeatMap(t.Context(), show)
	require.NoError(t, err)
	require.NotNil(t, seatMap.AccessibleUntil)
	release, refusals := *seatMap.AccessibleUntil, 0
	require.Eventually(t, func() bool {
		asked := clock()
		_, early := h.store.Precheck(t.Context(), ask(show, h.customer(), "E1"))
		if early == nil {
			assert.False(t, clock().Before(release), "precheck, before the release")
		}
		_, err := h.store.Hold(t.Context(), request(show, h.customer(), "E1"))
		if err == nil {
			assert.False(t, clock().Before(release), "held before the release")
			return true
		}
		assert.True(t, asked.Before(release), "refused after the release: %v", err)
		code(t, booking.CodeValidation, err)
		refusals++
		return false
	}, patience, glance)
	assert.Positive(t, refusals)
}

// A theater that changes its mind is heard at once, however long the terms were
// kept here.
func TestAChangedReleaseCountsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, begun, cancelled := h.accessibleShow(3*time.Hour), h.accessibleShow(-time.Minute), h.accessibleShow(3*time.Hour)
	h.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, cancelled)
	terms := `SELECT terms_version FROM shows WHERE id = $1`
	was, wasBegun, wasCancelled := h.number(terms, show), h.number(terms, begun), h.number(terms, cancelled)
	hold := func() error {
		_, err := h.store.Hold(t.Context(), request(show, h.customer(), "E1"))
		return err
	}
	precheck := func() error {
		_, err := h.store.Precheck(t.Context(), ask(show, h.customer(), "E5"))
		return err
	}
	code(t, booking.CodeValidation, hold())
	code(t, booking.CodeValidation, precheck())
	h.exec(`UPDATE theaters SET accessible_release_minutes = 180, name = 'Orpheum' WHERE id = $1`, h.theater)
	require.NoError(t, hold())
	require.NoError(t, precheck())
	h.exec(`UPDATE theaters SET accessible_release_minutes = 0 WHERE id = $1`, h.theater)
	code(t, booking.CodeValidation, precheck())
	assert.Equal(t, was+2, h.number(terms, show))
	assert.Equal(t, wasBegun, h.number(terms, begun), "what has begun is released already")
	assert.Equal(t, wasCancelled, h.number(terms, cancelled))
	h.exec(`UPDATE theaters SET name = 'The Orpheum', accessible_release_minutes = 0 WHERE id = $1`, h.theater)
	assert.Equal(t, was+2, h.number(terms, show), "nothing changed that a hold goes by")
}

// A repeat of a hold answers with what was held, whatever the rule says by then.
func TestAHoldOfCompanionSeatsIsRepeatable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.accessibleShow(time.Hour)
	req := request(show, h.customer(), "E1")
	first, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	h.exec(`UPDATE theaters SET accessible_release_minutes = 0`)
	again, err := h.store.Hold(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first.ExpiresAt, again.ExpiresAt)
	_, err = h.confirm(t.Context(), req.BookingID)
	require.NoError(t, err)
}

func TestMovesFollowTheRuleOfAccessibleSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, early, late := h.show(), h.accessibleShow(3*time.Hour), h.accessibleShow(time.Hour)
	b := h.sold(from, "C1")
	changeID := h.moveShow(from, time.Hour)
	_, err := h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, early, "E1"))
	assert.Contains(t, code(t, booking.CodeValidation, err).Fields[0].Message, "E1 is a companion seat")
	assert.Empty(t, h.claims(early))
	_, err = h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, late, "E1"))
	require.NoError(t, err)

	two := h.sold(from, "C3", "C4")
	h.exec(`INSERT INTO show_change_bookings (change_id, booking_id) VALUES ($1, $2)`, changeID, two.BookingID)
	_, err = h.store.Choose(t.Context(), moveTo(two.BookingID, changeID, early, "E1", "E2"))
	require.NoError(t, err, "the space comes with its companion")
}

// A process of the former version calls with one argument less.
func TestFormerCallsOfTheSQLFunctionsWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.accessibleShow(3*time.Hour), h.customer()
	version := h.number(`SELECT terms_version FROM shows WHERE id = $1`, show)
	h.exec(`SELECT * FROM hold_seats($1, $2, $3, $4, '{E1}', interval '8 minutes', 4, '{}', 100, 'INR', 'hash')`,
		uuid.NewString(), customer, show, version)
	assert.Len(t, h.claims(show), 1)
	b := h.sold(h.show(), "C1")
	changeID := h.moveShow(b.Show.ID, time.Hour)
	h.exec(`SELECT choose_change($1, $2, 'keep', '', NULL, NULL, NULL, NULL, NULL, NULL)`, b.BookingID, changeID)
}

func TestTheSeatMapSaysWhenAccessibleSeatsAreReleased(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.accessibleShow(3 * time.Hour)
	feed := h.feed(h.hinted())
	read := func(show string) (SeatMap, string) {
		feed.Changed(show)
		picture, err := feed.SeatMap(t.Context(), show)
		require.NoError(t, err)
		document, err := picture.Document()
		require.NoError(t, err)
		return picture.SeatMap, document.ETag
	}
	first, tag := read(show)
	require.NotNil(t, first.AccessibleUntil)
	var starts time.Time
	require.NoError(t, h.pool.QueryRow(t.Context(), `SELECT starts_at FROM shows WHERE id = $1`, show).Scan(&starts))
	assert.True(t, first.AccessibleUntil.Equal(starts.Add(-2*time.Hour)), "%s, %s", first.AccessibleUntil, starts)
	h.exec(`UPDATE theaters SET accessible_release_minutes = 30`)
	changed, newTag := read(show)
	assert.True(t, changed.AccessibleUntil.Equal(starts.Add(-30*time.Minute)))
	assert.NotEqual(t, tag, newTag)

	plain, _ := read(h.show())
	assert.Nil(t, plain.AccessibleUntil)
	body, err := json.Marshal(plain)
	require.NoError(t, err)
	assert.NotContains(t, string(body), "accessible_until")
}

// Who asks for the best seats and not for a wheelchair space gets neither one nor a
// companion seat, before the release and after it; and what is offered can be held.
func TestBestSeatsKeepAccessibleSeatsForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	feed := h.feed(h.hinted())
	for _, begins := range []time.Duration{3 * time.Hour, time.Hour} {
		show := h.accessibleShow(begins)
		for _, row := range accessibleHall().Rows[:4] { // only row E is left
			seats := make([]string, 0, len(row.Seats))
			for _, seat := range row.Seats {
				seats = append(seats, seat.ID)
			}
			h.sold(show, seats...)
		}
		feed.Changed(show)
		offer, err := feed.BestSeats(t.Context(), show, Wish{Count: 4})
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"E3", "E4", "E7", "E8"}, offer.Seats)
		_, err = feed.BestSeats(t.Context(), show, Wish{Count: 5})
		code(t, booking.CodeSeatsUnavailable, err)
		offer, err = feed.BestSeats(t.Context(), show, Wish{Count: 4, Accessible: true})
		require.NoError(t, err)
		req := request(show, h.customer(), offer.Seats...)
		req.Accessible = new(true)
		_, err = h.store.Hold(t.Context(), req)
		require.NoError(t, err)
	}
}

// In any hall: an offer never has a seat that its customer may not have yet.
func TestBestSeatsNeverOfferWhatTheRuleRefuses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		hall := drawHall(r, "...##o wwccx")
		now, _ := drawn(t, hall)
		spread := rapid.SampledFrom([]float64{0.8, 1, 1.25, 1.4, 1.6}).Draw(r, "seat width")
		for _, row := range now.Layout.Rows {
			for i := range row.Seats {
				row.Seats[i].X *= spread
			}
		}
		wish := Wish{Count: rapid.IntRange(1, 5).Draw(r, "count"), Accessible: rapid.Bool().Draw(r, "accessible")}
		got, ok := newFloor(now, "").seat(wish)
		if !ok {
			return
		}
		rule := booking.AccessibleRule(now.Layout, got.seats, &wish.Accessible)
		require.False(r, rule.Applies(), "%v in\n%s", got.seats, hall)
		if !wish.Accessible {
			for _, row := range now.Layout.Rows {
				for _, seat := range row.Seats {
					special := seat.Type == booking.SeatWheelchair || seat.Type == booking.SeatCompanion
					require.False(r, special && strings.Contains(strings.Join(got.seats, " "), seat.ID), "%v in\n%s", got.seats, hall)
				}
			}
		}
	})
}
