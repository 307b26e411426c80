// Package session is the client of theaters whose system is of the session style: JSON in the
// manner of the large vendors' ordering APIs. The client chooses the order's id, which is
// derived from the booking and its attempt, and passes it in every call. Each answer has the
// status 200 and a result number.
//
// Three things follow. An answer without a result, or without what its result promises, tells
// nothing about what was done, so it is theater_unavailable. What is left of a hold is counted
// from the Date header of the same answer, so that no clock is compared with ours. A show with
// a seating or prices that cannot be read is passed on without rows and categories: it cannot
// be sold.
//
// What does not live here: retries, the order of steps, and which of our shows is theirs.
package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// Name is the adapter's name in a house's settings.
const Name = "session"

// Options say which theater is spoken to, and how.
type Options struct {
	// Address is the base of the theater's API, without the paths of its calls.
	Address string
	// Token is the theater's access token.
	Token string
	// HTTP makes the connections; nil is a client of the adapter's own. Redirects are never
	// followed: they would carry the token elsewhere.
	HTTP *http.Client
	// Timeout bounds one request whose caller is more patient; default 30 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
}

// House is one theater.
type House struct {
	http  *http.Client
	base  string
	token string
	log   *slog.Logger
	now   func() time.Time
}

// New checks the options, naming every problem at once, and makes the client. It sends
// nothing.
func New(o Options) (*House, error) {
	var problems []error
	parsed, err := url.Parse(o.Address)
	if err != nil || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Host == "" || parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		problems = append(problems, errors.New("the address is not an absolute URL without user, query and fragment"))
	}
	if strings.TrimSpace(o.Token) == "" || strings.ContainsFunc(o.Token, func(r rune) bool { return r < ' ' || r > '~' }) {
		problems = append(problems, errors.New("the access token is empty, or has characters that no header can have"))
	}
	if o.Timeout < 0 {
		problems = append(problems, errors.New("the timeout is negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("theater of session style: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &House{http: newClient(o), base: strings.TrimRight(o.Address, "/"), token: o.Token, log: o.Logger, now: time.Now}, nil
}

func newClient(o Options) *http.Client {
	client := &http.Client{Timeout: 30 * time.Second}
	if o.HTTP != nil {
		*client = *o.HTTP
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 64
		client.Transport = transport
	}
	if o.Timeout > 0 {
		client.Timeout = o.Timeout
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// Hold implements activities.House.
func (h *House) Hold(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error) {
	body := orderBody{OrderID: orderID(order), PartnerReference: order.Key(), SessionID: order.Terms.Show}
	for _, seat := range order.Terms.Seats {
		place, ok := readAddress(seat.Address)
		if !ok {
			return booking.HouseState{}, booking.E(booking.CodeHouseRefused, "The theater has no such seat.")
		}
		if booking.Exponent(seat.Price.Currency) != 2 {
			return booking.HouseState{}, booking.E(booking.CodeHouseRefused, "The theater takes only currencies with two decimals.")
		}
		body.Tickets = append(body.Tickets, ticket{place: place, TicketTypeCode: seat.Category, PriceInCents: &seat.Price.Amount})
	}
	said, err := h.post(ctx, "hold", "/order/tickets", order, body)
	switch {
	case err != nil:
		return booking.HouseState{}, err
	case said.result() == resultLocked:
		// The order is there already; what it holds is the answer.
		return h.stands(ctx, order)
	case said.result() == resultSeatsUnavailable || said.result() == resultNotAdjoining:
		return booking.HouseState{}, booking.SeatsUnavailable(named(order, said.SeatsUnavailable))
	case said.result() == resultNoOrder || said.result() == resultAlreadyCancelled:
		return booking.HouseState{}, holdLost()
	}
	return h.toldOrder(ctx, "hold", order, said)
}

// stands asks for an order that the house says it has.
func (h *House) stands(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error) {
	state, err := h.Find(ctx, order)
	switch {
	case err != nil:
		return booking.HouseState{}, err
	case state.Status == booking.HouseNone:
		return booking.HouseState{}, booking.E(booking.CodeHouseUnavailable, "The theater contradicts itself about the order.")
	case state.Status == booking.HouseLapsed || state.Status == booking.HouseCancelled:
		return booking.HouseState{}, holdLost()
	}
	return state, nil
}

// named are our names of the seats; nil when one is not of the order.
func named(order booking.HouseOrder, places []place) []string {
	names := map[string]string{}
	for _, seat := range order.Terms.Seats {
		names[seat.Address] = seat.Seat
	}
	var seats []string
	for _, one := range places {
		name, ours := names[one.address()]
		if !ours {
			return nil
		}
		seats = append(seats, name)
	}
	return seats
}

// Extend implements activities.House.
func (h *House) Extend(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error) {
	said, err := h.post(ctx, "extend", "/order/expiry", order, orderBody{OrderID: orderID(order)})
	if err != nil {
		return booking.HouseState{}, err
	}
	if result := said.result(); result == resultNoOrder || result == resultAlreadyCancelled {
		return booking.HouseState{}, holdLost()
	}
	return h.toldOrder(ctx, "extend", order, said)
}

// Confirm implements activities.House.
func (h *House) Confirm(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error) {
	value := order.Terms.Total()
	if booking.Exponent(value.Currency) != 2 {
		return booking.HouseState{}, booking.E(booking.CodeHouseRefused, "The theater takes only currencies with two decimals.")
	}
	said, err := h.post(ctx, "confirm", "/order/payment", order, orderBody{OrderID: orderID(order), PaymentValueInCents: &value.Amount})
	if err != nil {
		return booking.HouseState{}, err
	}
	switch said.result() {
	case resultNoOrder, resultAlreadyCancelled, resultRefunded:
		return booking.HouseState{}, holdLost()
	case resultCompleting:
		return h.stands(ctx, order)
	}
	state, err := h.toldOrder(ctx, "confirm", order, said)
	if err == nil && state.Status != booking.HouseConfirmed && state.Status != booking.HouseConfirming {
		return booking.HouseState{}, h.unreadable(ctx, "confirm", order, errors.New("paid, and the order is "+string(state.Status)))
	}
	return state, err
}

// Release implements activities.House.
func (h *House) Release(ctx context.Context, order booking.HouseOrder) error {
	said, err := h.post(ctx, "release", "/order/cancel", order, orderBody{OrderID: orderID(order)})
	if err != nil {
		return err
	}
	switch said.result() {
	case resultOK, resultNoOrder, resultAlreadyCancelled, resultRefunded:
		return nil
	case resultLocked:
		return booking.E(booking.CodeConflict, "The theater has sold the order.")
	}
	return h.refusal(ctx, "release", order, said)
}

// Cancel implements activities.House.
func (h *House) Cancel(ctx context.Context, order booking.HouseOrder) error {
	said, err := h.post(ctx, "cancel", "/order/refund", order, orderBody{OrderID: orderID(order)})
	if err != nil {
		return err
	}
	switch said.result() {
	case resultOK, resultAlreadyCancelled, resultRefunded:
		return nil
	}
	return h.refusal(ctx, "cancel", order, said)
}

// Find implements activities.House.
func (h *House) Find(ctx context.Context, order booking.HouseOrder) (booking.HouseState, error) {
	said, err := h.get(ctx, "find", "/order", url.Values{"orderId": {orderID(order)}}, order)
	if err != nil {
		return booking.HouseState{}, err
	}
	if said.result() == resultNoOrder {
		return booking.HouseState{Status: booking.HouseNone}, nil
	}
	return h.toldOrder(ctx, "find", order, said)
}

func holdLost() error {
	return booking.E(booking.CodeHoldLost, "The theater does not hold the seats any more.")
}
