package bookings

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func ask(show, customer string, seats ...string) PrecheckRequest {
	return PrecheckRequest{
		CustomerID: customer, Key: uuid.NewString(), BookingID: uuid.NewString(), ShowID: show, Seats: seats,
	}
}

func TestPrecheckRefusesRequestsThatCannotSucceed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, closed := h.Show(), h.Show()
	h.Exec(`UPDATE shows SET sales_close_at = now() - interval '1 second' WHERE id = $1`, closed)
	h.Held(show, "C7")
	h.Sold(show, "B2")
	h.Expire(h.Held(show, "A5").BookingID)

	for name, test := range map[string]struct {
		show  string
		seats []string
		code  booking.Code
		taken []string
	}{
		"free":              {show, []string{"A1", "A2"}, "", nil},
		"expired hold":      {show, []string{"A5"}, "", nil},
		"held":              {show, []string{"C7", "C6"}, booking.CodeSeatsUnavailable, []string{"C7"}},
		"sold":              {show, []string{"B2"}, booking.CodeSeatsUnavailable, []string{"B2"}},
		"held and sold":     {show, []string{"C7", "B2"}, booking.CodeSeatsUnavailable, []string{"B2", "C7"}},
		"closed":            {closed, []string{"A1"}, booking.CodeShowNotOnSale, nil},
		"no such seat":      {show, []string{"Z1"}, booking.CodeValidation, nil},
		"same seat twice":   {show, []string{"C7", "C7"}, booking.CodeValidation, nil},
		"eleven seats":      {show, make([]string, 11), booking.CodeValidation, nil},
		"no seats":          {show, nil, booking.CodeValidation, nil},
		"half a sofa":       {show, []string{"D2"}, booking.CodeValidation, nil},
		"no such show":      {uuid.NewString(), []string{"A1"}, booking.CodeValidation, nil},
		"not a show at all": {"C7", []string{"A1"}, booking.CodeValidation, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := h.store.Precheck(t.Context(), ask(test.show, h.Customer(), test.seats...))
			assert.Equal(t, Precheck{}, found)
			if test.code == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, test.taken, showstest.Code(t, test.code, err).Seats)
		})
	}
}

func TestPrecheckFollowsAChangeOfTerms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	_, err := h.store.Precheck(t.Context(), ask(show, h.Customer(), "C7"))
	require.NoError(t, err)

	smaller := showstest.Hall()
	smaller.Rows = smaller.Rows[:2]
	h.Exec(`UPDATE shows SET layout_id = $2 WHERE id = $1`, show, h.AddLayout(2, smaller))
	_, err = h.store.Precheck(t.Context(), ask(show, h.Customer(), "C7"))
	showstest.Code(t, booking.CodeValidation, err)
}

func TestPrecheckGivesTheStoredAnswerFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	req := ask(show, h.Customer(), "A1")
	stored, err := h.store.SaveAnswer(t.Context(), req.CustomerID, req.Key, Answer{"hash", 201, []byte(`{"id":1}`)})
	require.NoError(t, err)
	h.Sold(show, "A1") // another customer has it now; the stored answer stays

	found, err := h.store.Precheck(t.Context(), req)
	require.NoError(t, err)
	require.NotNil(t, found.Answer)
	assert.Equal(t, stored, *found.Answer)

	req.CustomerID = h.Customer()
	_, err = h.store.Precheck(t.Context(), req)
	showstest.Code(t, booking.CodeSeatsUnavailable, err) // a key is its customer's alone
}

// The process that made the hold died before it stored an answer: the seats are
// taken, but by this very request.
func TestFault03_AnswerLostAfterTheHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	hold := showstest.Request(show, customer, "A1")
	first, err := h.store.Hold(t.Context(), hold)
	require.NoError(t, err)

	req := ask(show, customer, "A1")
	req.BookingID = hold.BookingID
	found, err := h.store.Precheck(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, Precheck{Begun: true, RequestHash: "hash"}, found)
	again, err := h.store.Hold(t.Context(), hold)
	require.NoError(t, err)
	again.ExpiresIn = first.ExpiresIn
	assert.Equal(t, first, again)

	req.CustomerID = h.Customer()
	found, err = h.store.Precheck(t.Context(), req)
	assert.False(t, found.Begun, "a booking of another customer is private")
	require.NoError(t, err)
}

func TestFault04_SameKeyManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	hold := showstest.Request(show, customer, "A1", "A2")
	req := ask(show, customer, "A1", "A2")
	req.BookingID = hold.BookingID
	var mu sync.Mutex
	answers := map[string]int{}
	var all errgroup.Group
	for i := range 100 {
		all.Go(func() error {
			if _, err := h.store.Precheck(t.Context(), req); err != nil {
				return fmt.Errorf("precheck: %w", err)
			}
			held, err := h.store.Hold(t.Context(), hold)
			if err != nil {
				return fmt.Errorf("hold: %w", err)
			}
			body := fmt.Appendf(nil, "%s %s by %d", held.BookingID, held.ExpiresAt, i)
			answer, err := h.store.SaveAnswer(t.Context(), customer, req.Key, Answer{"hash", 201, body})
			mu.Lock()
			defer mu.Unlock()
			answers[string(answer.Body)]++
			return err
		})
	}
	require.NoError(t, all.Wait())
	assert.Len(t, answers, 1, "every request gets the same answer")
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM bookings`))
	assert.Len(t, h.Claims(show), 2)
}

func TestPrechecksThatShareARoundTripGetTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, other := h.Show(), h.Show()
	h.Sold(one, "A1")
	h.Sold(other, "B1", "B2")
	customer := h.Customer()
	var all errgroup.Group
	for i := range 600 {
		all.Go(func() error {
			req, taken := ask(one, customer, "A1"), []string{"A1"}
			switch i % 3 {
			case 1:
				req, taken = ask(other, customer, "B2", "A1", "B1"), []string{"B1", "B2"}
			case 2:
				req, taken = ask(other, customer, "A1"), nil
			}
			_, err := h.store.Precheck(t.Context(), req)
			if taken == nil {
				return err
			}
			if got := showstest.Code(t, booking.CodeSeatsUnavailable, err).Seats; !assert.Equal(t, taken, got) {
				return fmt.Errorf("answer of another request: %v", got)
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
}

func TestPrecheckWithoutADatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.store.Precheck(ctx, ask(show, customer, "A1"))
	showstest.Code(t, booking.CodeUnavailable, err)
	h.Pool.Close()
	_, err = h.store.Precheck(t.Context(), ask(show, customer, "A1"))
	showstest.Code(t, booking.CodeUnavailable, err)
	_, err = h.store.Hold(t.Context(), showstest.Request(show, customer, "A1"))
	showstest.Code(t, booking.CodeUnavailable, err)
}
