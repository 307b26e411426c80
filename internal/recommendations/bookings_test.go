package recommendations_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/documents/postgres"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

// box is a theater that sells, with a store of documents beside it.
type box struct {
	*showstest.House
	bookings *bookings.Store
	store    *documents.Store
	learner  *recommendations.Learner
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{House: showstest.New(t)}
	b.bookings = bookings.New(b.Shows)
	b.Seller = b.bookings
	url := b.Pool.Config().ConnString()
	require.NoError(t, postgres.Migrate(t.Context(), url, nil))
	store, err := postgres.Open(t.Context(), url, documents.Options{})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	b.store = store
	b.learner = recommendations.NewLearner(b.Pool, store, slog.New(slog.DiscardHandler))
	return b
}

// movie puts another movie into the catalog, with a show.
func (b *box) movie() (film uuid.UUID, show string) {
	b.T.Helper()
	film, show = uuid.New(), b.Show()
	b.Exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES ($1::uuid, $1::text, 'A film', 2026, 100)`, film)
	b.Exec(`UPDATE shows SET movie_id = $2 WHERE id = $1`, show, film)
	return film, show
}

// buy sells seats to a customer.
func (b *box) buy(show, customer string, seats ...string) (bookingID string) {
	b.T.Helper()
	request := showstest.Request(show, customer, seats...)
	_, err := b.bookings.Hold(b.T.Context(), request)
	require.NoError(b.T, err)
	_, err = b.Confirm(b.T.Context(), request.BookingID)
	require.NoError(b.T, err)
	return request.BookingID
}

func (b *box) cancel(bookingID string) {
	b.T.Helper()
	require.NoError(b.T, b.bookings.Cancel(b.T.Context(), booking.Cancellation{BookingID: bookingID, Refund: booking.Money{Amount: 1, Currency: "INR"}}))
}

// record runs from a mark to the end.
func (b *box) record(after booking.BookingsMark) booking.RecordedBookings {
	b.T.Helper()
	done, err := b.learner.Record(b.T.Context(), after, 1000, func(booking.RecordedBookings) {})
	require.NoError(b.T, err)
	require.False(b.T, done.More)
	return done
}

// events are all that the store has of a kind.
func (b *box) events(kind documents.Kind) []documents.Event {
	b.T.Helper()
	page, err := b.store.Events.Scan(b.T.Context(), documents.ScanQuery{Kind: kind, Limit: 5000})
	require.NoError(b.T, err)
	require.Empty(b.T, page.Next)
	return page.Events
}

// popular is what is popular in the theater's city today, by movie.
func (b *box) popular() map[uuid.UUID]float64 {
	b.T.Helper()
	today := documents.DayOf(time.Now())
	top, err := b.store.Counters.Top(b.T.Context(), documents.TopQuery{
		City: uuid.MustParse(b.City), From: today - 1, To: today, Limit: 100,
		Weights: map[documents.Kind]float64{documents.KindBooking: 1, documents.KindBookingWithdrawn: -1},
	})
	require.NoError(b.T, err)
	scores := map[uuid.UUID]float64{}
	for _, film := range top {
		scores[film.Film] = film.Score
	}
	return scores
}

// one booking of 6 seats, one that is wholly refunded, a dislike, 500 holds that are not paid, an
// impression that is reported three times: 1, 0, 0, 0 and 1, and again after a replay.
func TestRecommendations7_WhatCountsAsALiking(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	asha, ben, cato := b.Customer(), b.Customer(), b.Customer()
	six, showOfSix := b.movie()
	refunded, showOfRefunded := b.movie()
	disliked, showOfDisliked := b.movie()
	held, showOfHeld := b.movie()

	b.buy(showOfSix, asha, "A1", "A2", "A3", "A4", "A5", "A6")
	b.cancel(b.buy(showOfRefunded, ben, "A1", "A2"))
	b.buy(showOfDisliked, cato, "A1")
	_, err := b.store.Events.Append(t.Context(), []documents.Event{
		{ID: documents.EventID(documents.KindNotForMe, cato, "1"), Kind: documents.KindNotForMe, At: time.Now(), Person: uuid.MustParse(cato), Film: disliked}})
	require.NoError(t, err)
	// 500 holds from two accounts: all over again, and none is paid.
	bots := []string{b.Customer(), b.Customer()}
	ends := []booking.Status{booking.StatusExpired, booking.StatusPaymentFailed, booking.StatusCancelled} // the last: let go by the customer
	for i := range 500 {
		request := showstest.Request(showOfHeld, bots[i%2], "B1")
		_, err := b.bookings.Hold(t.Context(), request)
		require.NoError(t, err)
		require.NoError(t, b.bookings.End(t.Context(), booking.Ending{BookingID: request.BookingID, Status: ends[i%3], Detail: "It was not paid."}))
	}
	for range 3 {
		_, err := b.store.Events.Append(t.Context(), []documents.Event{{ID: documents.EventID(documents.KindImpression, "list", "1"),
			Kind: documents.KindImpression, At: time.Now(), Film: six, City: uuid.MustParse(b.City),
			EventFacts: documents.EventFacts{List: "list", Position: 1, Propensity: 1}}})
		require.NoError(t, err)
	}

	weights := func() map[uuid.UUID]int {
		data, err := b.learner.Likings(t.Context(), time.Now().Add(time.Minute))
		require.NoError(t, err)
		counts := map[uuid.UUID]int{}
		for _, row := range data.People {
			for _, liking := range row {
				counts[uuid.MustParse(data.Films[liking.Film].ID)]++
			}
		}
		return counts
	}
	first := b.record(booking.BookingsMark{})
	assert.Equal(t, 3, first.Looked, "bookings that were sold")
	assert.Equal(t, 4, first.New)
	for replay := range 3 {
		assert.Equal(t, map[uuid.UUID]int{six: 1}, weights(), "replay %d", replay)
		assert.Equal(t, map[uuid.UUID]float64{six: 1, disliked: 1}, b.popular(), "replay %d: a dislike is one person's matter", replay)
		today := documents.DayOf(time.Now())
		shown, err := b.store.Counters.Range(t.Context(), documents.RangeQuery{City: uuid.MustParse(b.City), From: today - 1, To: today,
			Film: six, Kinds: []documents.Kind{documents.KindImpression}})
		require.NoError(t, err)
		require.Len(t, shown.Counts, 1)
		assert.Equal(t, 1, shown.Counts[0].Events, "one impression")
		assert.NotContains(t, b.popular(), held)
		assert.NotContains(t, b.popular(), refunded)
		assert.Zero(t, b.record(booking.BookingsMark{}).New, "a replay writes nothing new")
	}
	sold := b.events(documents.KindBooking)
	require.Len(t, sold, 3)
	for _, e := range sold {
		if e.Film == six {
			assert.Equal(t, "6", e.Details["seats"])
			assert.Equal(t, asha, e.Person.String())
			assert.Equal(t, b.City, e.City.String())
			assert.WithinDuration(t, time.Now(), e.At, time.Minute)
		}
	}
}

// A booking that is given back is taken back, once, wherever the refund came from; what is given back
// in part is not.
func TestComplaintC10_WhatIsGivenBackIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		give func(b *box, show, bookingID string)
		back bool
	}{
		"by the customer": {back: true, give: func(b *box, _, id string) { b.cancel(id) }},
		"by the theater, which cancels the show": {back: true, give: func(b *box, show, id string) {
			b.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, show)
			b.cancel(id)
		}},
		"all of it by staff after the start": {back: true, give: func(b *box, _, id string) {
			b.Exec(`UPDATE bookings SET refund_due = total WHERE id = $1`, id)
			b.Exec(`SELECT add_booking_event($1, 'refund_owed', '', 'all')`, id)
		}},
		"half of it by staff after the start": {give: func(b *box, _, id string) {
			b.Exec(`UPDATE bookings SET refund_due = total / 2 WHERE id = $1`, id)
			b.Exec(`SELECT add_booking_event($1, 'refund_owed', '', 'half')`, id)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			film, show := b.movie()
			id := b.buy(show, b.Customer(), "A1", "A2")
			mark := b.record(booking.BookingsMark{}).Mark
			require.Equal(t, map[uuid.UUID]float64{film: 1}, b.popular())
			c.give(b, show, id)
			for range 3 {
				b.record(mark)
			}
			sold, taken := b.events(documents.KindBooking), b.events(documents.KindBookingWithdrawn)
			require.Len(t, sold, 1)
			if !c.back {
				assert.Empty(t, taken)
				assert.Equal(t, map[uuid.UUID]float64{film: 1}, b.popular())
				return
			}
			require.Len(t, taken, 1)
			assert.Equal(t, sold[0].At, taken[0].At, "it counts for the same day")
			assert.Equal(t, sold[0].City, taken[0].City)
			assert.Equal(t, sold[0].Details, taken[0].Details)
			assert.Empty(t, b.popular())
		})
	}
}

// One account makes a film popular once, and three films a day, however much it books.
func TestComplaintC11_OneAccountPushesNoFilm(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	fan := b.Customer()
	film, show := b.movie()
	b.buy(show, fan, "A1")
	b.buy(show, fan, "A2") // the same film again
	others := map[uuid.UUID]string{}
	var order []uuid.UUID
	for range 3 {
		other, show := b.movie()
		others[other] = show
		order = append(order, other)
		b.buy(show, fan, "A1")
	}
	b.record(booking.BookingsMark{})
	assert.Equal(t, map[uuid.UUID]float64{film: 1, order[0]: 1, order[1]: 1}, b.popular(), "the fourth film of the day does not count")
	assert.Len(t, b.events(documents.KindBooking), 5, "all of it says what the account likes")

	b.buy(others[order[2]], b.Customer(), "A2")
	b.record(booking.BookingsMark{})
	assert.InDelta(t, 1, b.popular()[order[2]], 0, "another account's does")
}

// Who cancels and books again counts once; so does who books, cancels and leaves it.
func TestWhoCancelsAndBooksAgainCountsOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	film, show := b.movie()
	asha := b.Customer()
	b.cancel(b.buy(show, asha, "A1"))
	b.record(booking.BookingsMark{})
	assert.Empty(t, b.popular())
	for i := range 3 {
		b.cancel(b.buy(show, asha, fmt.Sprint("A", i+1)))
	}
	b.buy(show, asha, "A1")
	b.record(booking.BookingsMark{})
	assert.Equal(t, map[uuid.UUID]float64{film: 1}, b.popular())
	b.record(booking.BookingsMark{})
	assert.Equal(t, map[uuid.UUID]float64{film: 1}, b.popular())
}

// Without personalization no event is written; what was written before is not learned from.
func TestWithoutPersonalizationNothingIsRecorded(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	off, on := b.Customer(), b.Customer()
	_, show := b.movie()
	b.buy(show, off, "A1")
	b.buy(show, on, "A2")
	b.record(booking.BookingsMark{})
	require.Len(t, b.events(documents.KindBooking), 2)
	_, err := b.store.Preferences.Put(t.Context(), uuid.MustParse(off), documents.Profile{Personalization: documents.Off})
	require.NoError(t, err)

	_, another := b.movie()
	b.buy(another, off, "A1")
	done := b.record(booking.BookingsMark{})
	assert.Equal(t, booking.RecordedBookings{Mark: done.Mark, Looked: 3, Off: 2}, done)
	assert.Len(t, b.events(documents.KindBooking), 2)
	data, err := b.learner.Likings(t.Context(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	assert.Len(t, data.People, 1, "one person is learned from")
}

// What a customer had the store forget does not come back, however far back a run looks.
func TestWhatWasForgottenStaysForgotten(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	customer := b.Customer()
	_, first := b.movie()
	_, second := b.movie()
	b.buy(first, customer, "A1")
	b.record(booking.BookingsMark{})
	require.Len(t, b.events(documents.KindBooking), 1)
	require.NoError(t, tastes.New(b.store, nil, nil).Forget(t.Context(), uuid.MustParse(customer)))
	require.Empty(t, b.events(documents.KindBooking))
	b.record(booking.BookingsMark{})
	assert.Empty(t, b.events(documents.KindBooking))
	b.buy(second, customer, "A1")
	b.record(booking.BookingsMark{})
	assert.Len(t, b.events(documents.KindBooking), 1, "what was booked since is noted")
}

// A booking that its customer left out is not learned from, until it counts again.
func TestWhatIsLeftOutIsNotLearnedFrom(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	customer := b.Customer()
	_, first := b.movie()
	_, second := b.movie()
	b.buy(first, customer, "A1")
	left := b.buy(second, customer, "A1")
	b.record(booking.BookingsMark{})
	likings := func() int {
		data, err := b.learner.Likings(t.Context(), time.Now().Add(time.Minute))
		require.NoError(t, err)
		require.Len(t, data.People, 1)
		return len(data.People[0])
	}
	assert.Equal(t, 2, likings())
	version, err := b.store.Preferences.Put(t.Context(), uuid.MustParse(customer), documents.Profile{LeftOut: []uuid.UUID{uuid.MustParse(left)}})
	require.NoError(t, err)
	assert.Equal(t, 1, likings())
	_, err = b.store.Preferences.Put(t.Context(), uuid.MustParse(customer), documents.Profile{Version: version})
	require.NoError(t, err)
	assert.Equal(t, 2, likings())
}

// Pages, the mark and its overlap: each booking is recorded, however the runs are cut, and a page
// that was not finished is done again.
func TestBookingsAreRecordedPageByPage(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.learner.SmallPages(4)
	_, show := b.movie()
	for i := range 10 {
		b.buy(show, b.Customer(), fmt.Sprintf("%c%d", 'A'+i/8, i%8+1))
	}
	var told []booking.RecordedBookings
	first, err := b.learner.Record(t.Context(), booking.BookingsMark{}, 2, func(r booking.RecordedBookings) { told = append(told, r) })
	require.NoError(t, err)
	assert.True(t, first.More)
	assert.Equal(t, 8, first.New)
	require.Len(t, told, 2)
	assert.Equal(t, 4, told[0].New)
	assert.True(t, told[1].Mark.After(told[0].Mark))

	again, err := b.learner.Record(t.Context(), told[0].Mark, 1, func(booking.RecordedBookings) {})
	require.NoError(t, err)
	assert.Equal(t, 4, again.Looked, "a page is done again")
	assert.Zero(t, again.New)
	rest, err := b.learner.Record(t.Context(), first.Mark, 9, func(booking.RecordedBookings) {})
	require.NoError(t, err)
	assert.False(t, rest.More)
	assert.Equal(t, 2, rest.New)
	assert.Len(t, b.events(documents.KindBooking), 10)

	_, err = b.learner.Record(t.Context(), booking.BookingsMark{BookingID: "no id"}, 1, func(booking.RecordedBookings) {})
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(err))
}

// failing are counters that do not answer.
type failing struct{ documents.Counters }

func (failing) Fold(context.Context, documents.Day, documents.Day, ...documents.Kind) error {
	return documents.Unavailable(errors.New("away"))
}

// The days of events that were written before the store went away are counted afterwards.
func TestDaysAreCountedAfterAnOutage(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	film, show := b.movie()
	b.buy(show, b.Customer(), "A1")
	there := b.store.Counters
	b.store.Counters = failing{there}
	_, err := b.learner.Record(t.Context(), booking.BookingsMark{}, 1, func(booking.RecordedBookings) { t.Error("the page is not done") })
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
	require.Len(t, b.events(documents.KindBooking), 1, "written, and not counted")
	b.store.Counters = there
	assert.Zero(t, b.record(booking.BookingsMark{}).New)
	assert.Equal(t, map[uuid.UUID]float64{film: 1}, b.popular())
}
