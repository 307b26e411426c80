package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// From the list of films to the ticket, as a visitor goes.
func TestHappyBooking(t *testing.T) {
	t.Parallel()
	s := &stage{T: t}
	c := s.customer()
	chosen := s.chooseSeats(c)
	t.Cleanup(func() { world.Check(t, s.show) })

	held := s.book(c, chosen...)
	assert.Equal(t, held.Quote.Total, held.Quote.Seats[0].Price.Add(held.Quote.Seats[1].Price).Add(held.Quote.Fees).Add(held.Quote.Taxes))
	assert.NotEmpty(t, held.Payment.CheckoutURL)
	s.pay(held)
	done := s.awaitDone(c, held.ID, soon)

	assert.Equal(t, []booking.Event{booking.EventHeld, booking.EventPaymentOpened, booking.EventAuthorized,
		booking.EventConfirmed, booking.EventCaptured, booking.EventNotified, booking.EventNotified}, events(done))
	assert.Equal(t, done.Quote.Total.Amount, s.onlyIntent(done.ID).Captured)
	s.wantTicket(c, done)
	s.wantMessages(c, done)

	history, err := world.History(t.Context(), workflows.BookingWorkflowID(done.ID))
	require.NoError(t, err)
	t.Logf("%d events of a booking that waits for its reminder", len(history))
	assert.LessOrEqual(t, len(history), 28, "events of a booking that waits for its reminder")
	var mine struct{ Items []booking.Booking }
	_, err = c.Get(t.Context(), "/v1/bookings?status=confirmed", &mine)
	require.NoError(t, err)
	require.Len(t, mine.Items, 1)
	assert.Equal(t, done.ID, mine.Items[0].ID)
}

// chooseSeats goes to a film's page, to a show that starts late enough to sell,
// and to two of its seats. Some halls have recliners and sofas only.
func (s *stage) chooseSeats(c *Customer) []string {
	s.Helper()
	var cities, movies struct {
		Items []struct{ Slug string }
	}
	_, err := c.Get(s.Context(), "/v1/cities", &cities)
	require.NoError(s, err)
	require.NotEmpty(s, cities.Items)
	_, err = c.Get(s.Context(), "/v1/movies?city="+cities.Items[0].Slug, &movies)
	require.NoError(s, err)
	for _, movie := range movies.Items {
		for day := 1; day < 5; day++ {
			date := time.Now().AddDate(0, 0, day).Format(time.DateOnly)
			for _, show := range s.showsOf(c, "/v1/movies/"+movie.Slug+"/shows?city="+cities.Items[0].Slug+"&date="+date) {
				seats, err := Seats(s.Context(), world.API, show)
				require.NoError(s, err)
				if free := twoFree(seats); free != nil {
					s.show = show
					return free
				}
			}
		}
	}
	require.FailNow(s, "the demo data has no show with two standard seats to sell")
	return nil
}

// showsOf are the shows at an address of the API that start in more than a day.
func (s *stage) showsOf(c *Customer, address string) (late []string) {
	s.Helper()
	var theaters struct {
		Items []struct {
			Shows []struct {
				ID       string
				StartsAt time.Time `json:"starts_at"`
			}
		}
	}
	_, err := c.Get(s.Context(), address, &theaters)
	require.NoError(s, err)
	for _, theater := range theaters.Items {
		for _, show := range theater.Shows {
			if time.Until(show.StartsAt) > 25*time.Hour {
				late = append(late, show.ID)
			}
		}
	}
	return late
}

// twoFree finds two seats beside each other that are sold one by one.
func twoFree(seats SeatMap) []string {
	taken := strings.Join(append(seats.Held, seats.Sold...), " ") + " "
	for _, row := range seats.Layout.Rows {
		var run []string
		for _, seat := range row.Seats {
			if seat.Type != booking.SeatStandard || strings.Contains(taken, seat.ID+" ") {
				run = nil
				continue
			}
			if run = append(run, seat.ID); len(run) == 2 {
				return run
			}
		}
	}
	return nil
}

func (s *stage) wantTicket(c *Customer, b booking.Booking) {
	s.Helper()
	var ticket struct {
		Serial, QR string
		Seats      []string
	}
	_, err := c.Get(s.Context(), "/v1/bookings/"+b.ID+"/ticket", &ticket)
	require.NoError(s, err)
	assert.Equal(s, b.Ticket.Serial, ticket.Serial)
	assert.NotEmpty(s, ticket.QR)
	assert.ElementsMatch(s, b.Seats, ticket.Seats)
	for extension, want := range map[string]struct{ kind, begins string }{
		"png": {"image/png", "\x89PNG"}, "pdf": {"application/pdf", "%PDF-"}, "ics": {"text/calendar", "BEGIN:VCALENDAR"},
	} {
		answer, err := c.Get(s.Context(), "/v1/bookings/"+b.ID+"/ticket."+extension, nil)
		require.NoError(s, err)
		assert.Equal(s, http.StatusOK, answer.Status)
		assert.Contains(s, answer.Header.Get("Content-Type"), want.kind)
		assert.True(s, strings.HasPrefix(string(answer.Body), want.begins), "%s begins with %.20q", extension, answer.Body)
	}
}

func (s *stage) wantMessages(c *Customer, b booking.Booking) {
	s.Helper()
	for to, title := range map[string]string{
		c.Email: b.Show.MovieTitle,
		c.Phone: b.Show.MovieTitle[:5], // an SMS abbreviates
	} {
		inbox, err := world.Sandbox.Inbox(s.Context(), to)
		require.NoError(s, err)
		require.Len(s, inbox, 1, "messages of one booking")
		assert.Contains(s, inbox[0].Text, title)
		for _, seat := range b.Seats {
			assert.Contains(s, inbox[0].Text, seat)
		}
	}
}

// A saga reminds, waits for its show and ends.
func TestReminderAndShow(t *testing.T) {
	t.Parallel()
	remind := 2 * time.Hour // REMIND_BEFORE
	t.Run("the reminder goes out", func(t *testing.T) {
		t.Parallel()
		s := newStageOf(t, ShowPlan{Rows: 1, PerRow: 4, StartsIn: remind + 10*time.Second})
		c := s.customer()
		b := s.buy(c, "A1")
		s.await(c, b.ID, "the reminder", soon, func(b booking.Booking) bool { return countEvents(b, booking.EventReminded) == 2 })
	})
	t.Run("the show starts", func(t *testing.T) {
		t.Parallel()
		s := newStageOf(t, ShowPlan{Rows: 1, PerRow: 4, StartsIn: 8 * time.Second})
		c := s.customer()
		b := s.buy(c, "A1")
		s.awaitSagaEnds(b)
		s.awaitStatus(c, b.ID, booking.StatusConfirmed, soon)
	})
}

// The power goes right after the customer has paid.
func TestKilledBetweenPaymentAndConfirmation(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	paid, unpaid := s.book(c, "A1", "A2"), s.book(c, "B1")
	s.pay(paid)
	require.NoError(t, world.CutPower(t.Context()))
	s.awaitDone(c, paid.ID, afterRestart)
	assert.Equal(t, paid.Quote.Total.Amount, s.onlyIntent(paid.ID).Captured)

	// The unpaid booking still waits.
	s.awaitStatus(c, unpaid.ID, booking.StatusHeld, soon)
	s.pay(unpaid)
	s.awaitDone(c, unpaid.ID, afterRestart)
}
