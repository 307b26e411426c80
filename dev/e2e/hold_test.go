package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// crowd is many customers. Their passwords take time to hash, so it is made once
// and grows as needed.
var crowd struct {
	sync.Mutex
	people []*Customer
}

func crowdOf(t *testing.T, n int) []*Customer {
	t.Helper()
	crowd.Lock()
	defer crowd.Unlock()
	missing := max(0, n-len(crowd.people))
	newcomers, errs := make([]*Customer, missing), make([]error, missing)
	together(4, missing, func(i int) { newcomers[i], errs[i] = world.Register(t.Context()) })
	for _, err := range errs {
		require.NoError(t, err)
	}
	crowd.people = append(crowd.people, newcomers...)
	return crowd.people[:n]
}

// together does n things, so many at a time.
func together(atOnce, n int, do func(i int)) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range n {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wait.Done() }()
			do(i)
		}()
	}
	wait.Wait()
}

func TestFault01_OneSeatManyBuyers(t *testing.T) {
	t.Parallel()
	const buyers = 128
	people := crowdOf(t, buyers)
	s := newStage(t)

	answers, errs := make([]Answer, buyers), make([]error, buyers)
	together(buyers, buyers, func(i int) {
		_, answers[i], errs[i] = people[i].Book(t.Context(), NewKey(), For(s.show, "A1"))
	})
	won := 0
	for i, answer := range answers {
		switch answer.Status {
		case http.StatusCreated:
			won++
		case http.StatusConflict:
			assert.Equal(t, booking.CodeSeatsUnavailable, CodeOf(errs[i]))
		default:
			t.Errorf("buyer %d: %v", i, errs[i])
		}
	}
	assert.Equal(t, 1, won, "one of %d gets the seat", buyers)
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1`, s.show))
}

// The hold is committed, and a slow provider delays the opening of the payment; in that
// time the replica dies.
func TestFault03_APIKilledAfterTheHold(t *testing.T) {
	s := newStage(t)
	c := s.customer()
	replica, err := world.NewReplica(t.Context(), "doomed", nil)
	require.NoError(t, err)
	t.Cleanup(replica.Kill)
	s.breakVendor(Fault{Vendor: "stripe", Fault: "latency", Operation: "payment_intents.create", DurationMS: 1500, Times: 1})

	key, order := NewKey(), For(s.show, "B1", "B2")
	lost := make(chan error, 1)
	go func() {
		_, _, err := c.At(replica.Address).Book(context.WithoutCancel(t.Context()), key, order)
		lost <- err
	}()
	var id string
	require.True(t, poll(t.Context(), soon, func() bool {
		return world.DB.QueryRow(t.Context(), `SELECT id::text FROM bookings WHERE show_id = $1`, s.show).Scan(&id) == nil
	}), "the hold was never committed")
	replica.Kill()
	require.Error(t, <-lost, "the answer was to be lost")

	again, answer, err := c.Book(t.Context(), key, order)
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, answer.Status)
	assert.Equal(t, id, again.ID, "the same key is the same hold")
	assert.Equal(t, booking.StatusHeld, again.Status)
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1`, s.show))
	s.onlyIntent(id)

	s.pay(again)
	s.awaitDone(c, id, soon)
}

func TestFault04_SameKeyAtOnce(t *testing.T) {
	t.Parallel()
	const requests = 100
	s := newStage(t)
	c := s.customer()
	replica, err := world.NewReplica(t.Context(), "restarted", nil)
	require.NoError(t, err)
	t.Cleanup(replica.Kill)

	key, order := NewKey(), For(s.show, "C3", "C4")
	answers, errs := make([]Answer, requests), make([]error, requests)
	together(requests, requests, func(i int) {
		api := world.API
		if i%2 == 1 {
			api = replica.Address
		}
		_, answers[i], errs[i] = c.At(api).Book(t.Context(), key, order)
	})
	for i := range answers {
		require.NoError(t, errs[i], "request %d", i)
		require.Equal(t, http.StatusCreated, answers[i].Status)
		require.Equal(t, string(answers[0].Body), string(answers[i].Body), "answer %d differs", i)
	}
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1`, s.show))

	replica.Kill()
	require.NoError(t, replica.Start(t.Context()))
	_, after, err := c.At(replica.Address).Book(t.Context(), key, order)
	require.NoError(t, err)
	assert.Equal(t, string(answers[0].Body), string(after.Body), "the answer outlives the process")

	_, _, err = c.Book(t.Context(), key, For(s.show, "C5"))
	assert.Equal(t, http.StatusUnprocessableEntity, StatusOf(err))
	assert.Equal(t, booking.CodeKeyReused, CodeOf(err))
	assert.Equal(t, 1, s.count(`SELECT count(*) FROM bookings WHERE show_id = $1`, s.show))
}

// What cannot be sold leaves nothing behind: no booking, no claim, no workflow.
func TestBadInputWritesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	order := func(seats ...string) Order { return For(s.show, seats...) }
	for name, bad := range map[string]struct {
		body   any
		status int
	}{
		"no seats":         {order(), 422},
		"no such seat":     {order("A1", "Z99"), 422},
		"a seat twice":     {order("A1", "A1"), 422},
		"eleven seats":     {order("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "B1"), 422},
		"no such show":     {For("00000000-0000-4000-8000-000000000000", "A1"), 422},
		"not a show":       {For("tonight", "A1"), 422},
		"unknown provider": {Order{ShowID: s.show, Seats: []string{"A1"}, Payment: OrderPayment{"barter"}}, 422},
		"a price of one's own": {map[string]any{"show_id": s.show, "seats": []string{"A1"}, "total": 1,
			"payment": map[string]string{"provider": "stripe"}}, 400},
		"a name with a NUL": {order("A1\x00"), 400},
		"not JSON":          {[]byte(`{"show_id":`), 400},
		"seats as a number": {[]byte(`{"show_id":"` + s.show + `","seats":-1,"payment":{"provider":"stripe"}}`), 400},
	} {
		_, _, err := c.Book(t.Context(), NewKey(), bad.body)
		assert.Equal(t, bad.status, StatusOf(err), "%s: %v", name, err)
	}
	_, _, err := c.Book(t.Context(), "", order("A1"))
	assert.Equal(t, booking.CodeKeyMissing, CodeOf(err), "%v", err)

	assert.Zero(t, s.count(`SELECT count(*) FROM bookings WHERE customer_id = $1`, c.ID))
	assert.Zero(t, s.count(`SELECT count(*) FROM seat_claims WHERE show_id = $1`, s.show))
	sagas, err := world.sagasOf(t.Context(), []string{s.show})
	require.NoError(t, err)
	assert.Empty(t, sagas, "workflows were started")
}

func TestSeatStream(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	early := s.book(c, "A1")
	stream, err := Listen(t.Context(), world.API+"/v1/shows/"+s.show+"/seats/stream", nil)
	require.NoError(t, err)
	t.Cleanup(stream.Close)

	var seen SeatMap
	require.NoError(t, s.nextEvent(stream, "snapshot").Read(&seen))
	assert.Equal(t, []string{"A1"}, seen.Held)
	assert.Equal(t, 30, seen.Layout.Capacity())

	b := s.book(c, "B5", "B6")
	held := s.nextDelta(stream)
	assert.Equal(t, []string{"B5", "B6"}, held.Held)
	assert.Greater(t, held.Version, seen.Version)

	s.pay(b)
	sold := s.nextDelta(stream)
	assert.Equal(t, []string{"B5", "B6"}, sold.Sold)
	assert.Greater(t, sold.Version, held.Version)

	_, err = c.Cancel(t.Context(), early.ID)
	require.NoError(t, err)
	assert.Equal(t, []string{"A1"}, s.nextDelta(stream).Released)
}

type delta struct {
	Version              int64
	Held, Sold, Released []string
}

func (s *stage) nextDelta(stream *Stream) delta {
	s.Helper()
	var d delta
	require.NoError(s, s.nextEvent(stream, "seats").Read(&d))
	return d
}

func (s *stage) nextEvent(stream *Stream, name string) Event {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), soon)
	defer cancel()
	select {
	case event, open := <-stream.Events:
		require.True(s, open, "the stream ended instead of bringing %s", name)
		require.Equal(s, name, event.Name, string(event.Data))
		return event
	case <-ctx.Done():
		require.FailNow(s, fmt.Sprintf("no event %s within %s", name, soon))
		return Event{}
	}
}
