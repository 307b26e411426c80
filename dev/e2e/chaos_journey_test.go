package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// journey is one customer's visit.
type journey struct {
	*stage
	shows    []string
	stay     bool // never cancels
	provider string
	customer *Customer
	figures  *figures
}

var (
	errSoldOut    = errors.New("sold out")
	errWalkedAway = errors.New("walked away")
	errTooLate    = errors.New("held, and over when the answer came")
	errFailed     = errors.New("hold over before it was paid")
	errGaveUp     = errors.New("gave up")
)

// run is the visit from the first read of the seats to the ticket. It returns how the visit
// ended; an unknown error must not happen.
func (j *journey) run() (end string, err error) {
	looking, over := context.WithTimeout(j.Context(), j.figures.within)
	defer over()
	b, err := j.hold(looking)
	if err != nil {
		return "", err
	}
	// A customer with seats does not leave because the hold was slow.
	ctx, cancel := context.WithTimeout(j.Context(), j.figures.within)
	defer cancel()
	if err := j.settle(ctx, b); err != nil {
		return "", err
	}
	if b, err = j.awaitEnd(ctx, b.ID); err != nil {
		return "", err
	}
	if b.Status == booking.StatusConfirmed && !j.stay && rand.IntN(10) == 0 {
		return j.cancel(ctx, b)
	}
	return string(b.Status), nil
}

// hold takes one to three seats beside each other, and others when those are gone, as a
// customer does who sees the seat map. Seats that are only held may still become free.
func (j *journey) hold(ctx context.Context) (booking.Booking, error) {
	for ctx.Err() == nil {
		show, chosen, err := j.choose(ctx)
		if err != nil {
			return booking.Booking{}, err
		}
		if chosen == nil {
			pause(ctx, time.Second)
			continue
		}
		var b booking.Booking
		key, over := NewKey(), false
		err = Persist(ctx, func() (err error) {
			begun := time.Now()
			b, _, err = j.customer.Book(ctx, key, ForWith(j.provider, show, chosen...))
			j.figures.answered(time.Since(begun), err)
			switch CodeOf(err) {
			case booking.CodeProviderUnavailable, booking.CodeHouseUnavailable, booking.CodeHouseError:
				over = true
				return nil // final for this key
			}
			return err
		})
		switch {
		case over:
			pause(ctx, time.Second)
		case err != nil && ctx.Err() != nil:
			return b, errGaveUp // it was told to come back until its time was over
		case err == nil && b.Status == booking.StatusHeld:
			return b, nil
		case err == nil:
			// Retries for the answer took so long that the hold has expired.
			return b, errTooLate
		case StatusOf(err) == http.StatusTooManyRequests, CodeOf(err) == booking.CodePriceChanged,
			CodeOf(err) == booking.CodeHouseRefused, CodeOf(err) == booking.CodeShowNotOnSale:
			pause(ctx, time.Second) // another page of the theater's program may tell more
		case StatusOf(err) != http.StatusConflict:
			return b, err
		}
	}
	return booking.Booking{}, errGaveUp
}

// choose looks at the shows, in any order, for free seats; nil when no seat is free just
// now. It fails when all seats of all shows are sold.
func (j *journey) choose(ctx context.Context) (show string, chosen []string, err error) {
	open := false
	for _, i := range rand.Perm(len(j.shows)) {
		var seats SeatMap
		err := Persist(ctx, func() (err error) { seats, err = Seats(ctx, j.customer.api, j.shows[i]); return err })
		if err != nil && ctx.Err() != nil {
			return "", nil, errGaveUp
		}
		if err != nil {
			return "", nil, err
		}
		if chosen := someFree(seats); chosen != nil {
			return j.shows[i], chosen, nil
		}
		open = open || len(seats.Held) > 0
	}
	if !open {
		return "", nil, errSoldOut
	}
	return "", nil, nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func someFree(seats SeatMap) []string {
	taken := map[string]bool{}
	for _, seat := range slices.Concat(seats.Held, seats.Sold) {
		taken[seat] = true
	}
	want := 1 + rand.IntN(partyOf)
	rows, from := seats.Layout.Rows, rand.IntN(len(seats.Layout.Rows))
	for i := range rows {
		row := rows[(from+i)%len(rows)].Seats
		start := rand.IntN(len(row))
		var run []string
		for k := range row {
			seat := row[(start+k)%len(row)].ID
			if taken[seat] {
				run = nil
				continue
			}
			if run = append(run, seat); len(run) == want {
				return run
			}
		}
		if len(run) > 0 {
			return run
		}
	}
	return nil
}

// settle pays. One in ten has a card that is refused; half of those have another.
func (j *journey) settle(ctx context.Context, b booking.Booking) error {
	pay := func(well bool) error {
		over := false
		err := Persist(ctx, func() error {
			err := j.payOnce(ctx, b, well)
			if over = errors.Is(err, errFailed); over {
				return nil // final: asking again changes nothing
			}
			return err
		})
		if over {
			return errFailed
		}
		return err
	}
	if rand.IntN(10) == 0 {
		if err := pay(false); err != nil && StatusOf(err) != http.StatusPaymentRequired {
			return err
		}
		if rand.IntN(2) == 0 {
			j.figures.left(b.ID)
			return errWalkedAway
		}
	}
	return pay(true)
}

// payOnce is the customer at the provider's page, with a card that is good or not. PayPal's
// customers only approve.
func (j *journey) payOnce(ctx context.Context, b booking.Booking, well bool) error {
	pull := func(path string, body map[string]string) error {
		_, err := send(ctx, request{method: http.MethodPost, address: world.Sandbox.address + path, body: body}, nil)
		if status := StatusOf(err); status >= 400 && status < 500 {
			return errFailed // the hold ran out in the meantime, or it is paid
		}
		return err
	}
	means := func(good, bad string) string {
		if well {
			return good
		}
		return bad
	}
	switch j.provider {
	case "razorpay":
		return pull("/sandbox/razorpay/orders/"+b.Payment.Reference+"/pay", map[string]string{"vpa": means("success@razorpay", "failure@razorpay")})
	case "paypal":
		return pull("/sandbox/paypal/orders/"+b.Payment.Reference+"/approve", map[string]string{"account": means("buyer@example.com", "declined@example.com")})
	}
	_, err := world.Sandbox.Pay(ctx, b.Payment, means(Visa, Declined))
	switch status := StatusOf(err); {
	case status == http.StatusBadRequest && strings.Contains(err.Error(), "status of canceled"):
		return errFailed
	case status == http.StatusBadRequest && j.figures.faults > 0:
		return nil // an answer that was lost, or wrong, had done it
	case (status >= 500 || status == http.StatusTooManyRequests) && j.figures.faults > 0:
		return errors.New("the provider's page fails, and is opened again")
	}
	return err
}

// awaitEnd waits like the page that a customer sees after the checkout.
func (j *journey) awaitEnd(ctx context.Context, id string) (b booking.Booking, err error) {
	if !poll(ctx, j.figures.within, func() bool {
		b, err = j.customer.Booking(ctx, id)
		return err == nil && b.Status != booking.StatusHeld
	}) {
		if err != nil {
			return b, errGaveUp // no answer until the last: the books tell how it ended
		}
		return b, fmt.Errorf("booking %s is paid and does not end\n%s", id, j.story(j.customer, id))
	}
	return b, nil
}

func (j *journey) cancel(ctx context.Context, b booking.Booking) (string, error) {
	err := Persist(ctx, func() error {
		_, err := j.customer.Cancel(ctx, b.ID)
		return err
	})
	// A repeat after a lost answer finds it cancelled already, or waiting for its theater.
	if err != nil && CodeOf(err) != booking.CodeNotCancellable && (j.figures.theater == "" || CodeOf(err) != booking.CodeConflict) {
		return "", fmt.Errorf("cancel booking %s: %w\n%s", b.ID, err, j.story(j.customer, b.ID))
	}
	var after booking.Booking
	err = Persist(ctx, func() (err error) { after, err = j.customer.Booking(ctx, b.ID); return err })
	if after.Status == booking.StatusConfirmed {
		return "cancellation waits for the theater", err
	}
	return string(after.Status), err
}
