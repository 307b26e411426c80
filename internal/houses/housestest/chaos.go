package housestest

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

// chaos lets everything go wrong at once, while many orders want the same seats. Each order
// follows the adapter's words alone. In the end the house's books say the same: every sale is
// one of ours, with its seats, and no seat is left held.
func (s *suite) chaos() {
	const buyers = 60
	stop := s.Chaos(s.T, 0.05)
	seats := s.show0()
	buys := make([]*buy, buyers)
	lanes := make(chan struct{}, 8)
	var running sync.WaitGroup
	for i := range buyers {
		buys[i] = &buy{suite: s, order: s.orderOf(seats[i%len(seats)], seats[(i+1)%len(seats)]), cancels: i%3 == 0}
		running.Go(func() {
			lanes <- struct{}{}
			defer func() { <-lanes }()
			buys[i].live()
		})
	}
	running.Wait()
	stop()
	s.judge(buys)
}

// buy is one order in the chaos.
type buy struct {
	*suite
	order   booking.HouseOrder
	cancels bool
	gaveUp  bool // its seats or its price cannot be had
	state   booking.HouseState
	told    map[string]string // the codes that the customer was given
}

// live takes an order to its end: sold, sold and cancelled, or gone.
func (b *buy) live() {
	for range 300 {
		if b.over() {
			return
		}
		if b.step() {
			continue
		}
		// Nothing is known: asked until it is.
		for range 100 {
			ctx, done := b.hurried()
			state, err := b.House.Find(ctx, b.order)
			done()
			if err == nil {
				b.state = state
				break
			}
			b.codes(err, booking.CodeHouseUnavailable, booking.CodeHouseError)
		}
	}
	assert.Fail(b, "an order has no end", "%s is %s", b.order.Key(), b.state.Status)
}

func (b *buy) over() bool {
	switch b.state.Status {
	case booking.HouseConfirmed:
		if b.told == nil {
			b.told = b.state.Codes
		}
		return !b.cancels
	case booking.HouseCancelled, booking.HouseLapsed:
		return true
	case booking.HouseNone:
		return b.gaveUp
	}
	return false
}

// hurried bounds one call: some are never answered.
func (b *buy) hurried() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx(), 400*time.Millisecond)
}

// step makes the next call, and tells whether its answer says where the order stands.
func (b *buy) step() bool {
	ctx, done := b.hurried()
	defer done()
	var err error
	state := b.state
	switch b.state.Status {
	case "", booking.HouseNone:
		if state, err = b.House.Hold(ctx, b.order); err == nil {
			b.stands(state.Status, b.order, state)
		}
	case booking.HouseHeld:
		if b.gaveUp {
			if err = b.House.Release(ctx, b.order); err == nil {
				state = booking.HouseState{Status: booking.HouseLapsed}
			}
		} else if state, err = b.House.Confirm(ctx, b.order); err == nil {
			b.stands(state.Status, b.order, state)
		}
	case booking.HouseConfirmed:
		if err = b.House.Cancel(ctx, b.order); err == nil {
			state = booking.HouseState{Status: booking.HouseCancelled}
		}
	default: // confirming
		return false
	}
	if err == nil {
		b.state = state
		return true
	}
	switch code := booking.CodeOf(err); code {
	case booking.CodeSeatsUnavailable, booking.CodePriceChanged, booking.CodeHoldLost:
		b.gaveUp = true
	default:
		b.codes(err, booking.CodeHouseUnavailable, booking.CodeHouseError, booking.CodeConflict)
	}
	return false
}

// judge compares what the orders believe with the house's books.
func (s *suite) judge(buys []*buy) {
	var sold orders
	sales := 0
	for _, b := range buys {
		found := s.finds(b.order)
		switch b.state.Status {
		case booking.HouseConfirmed:
			if found.Status == booking.HouseCancelled { // the counter has
				sales++
				continue
			}
			s.isSale(b.order, found)
			assert.Equal(s, b.told, found.Codes, "the customer's codes")
			sold, sales = append(sold, b.order), sales+1
		case booking.HouseCancelled:
			assert.Equal(s, booking.HouseCancelled, found.Status)
			sales++
		default:
			assert.Contains(s, []booking.HouseOrderStatus{booking.HouseNone, booking.HouseLapsed}, found.Status)
		}
	}
	assert.Positive(s, sales, "the chaos sold nothing")
	s.books(nil, sold, sales)
	s.Logf("%d orders, %d sales, %d of them cancelled", len(buys), sales, sales-len(sold))
}
