package session

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// orders is the namespace of the order ids (RFC 9562, version 5).
var orders = uuid.MustParse("5d1c2f0e-6a3b-5f0d-9a1e-7c4b8f2d6e10")

// orderID is the id of an order: the same for each repeat, on each machine.
func orderID(order booking.HouseOrder) string {
	return uuid.NewSHA1(orders, []byte(order.Key())).String()
}

// place is the address of a seat: area, row and column, as one word in our books.
type place struct {
	AreaCode    string `json:"areaCode"`
	RowIndex    int    `json:"rowIndex"`
	ColumnIndex int    `json:"columnIndex"`
}

func (p place) address() string {
	return p.AreaCode + "/" + strconv.Itoa(p.RowIndex) + "/" + strconv.Itoa(p.ColumnIndex)
}

// valid tells whether the address can be read back.
func (p place) valid() bool {
	return p.AreaCode != "" && !strings.Contains(p.AreaCode, "/") && p.RowIndex > 0 && p.ColumnIndex > 0
}

func readAddress(address string) (place, bool) {
	parts := strings.Split(address, "/")
	if len(parts) != 3 {
		return place{}, false
	}
	row, badRow := strconv.Atoi(parts[1])
	column, badColumn := strconv.Atoi(parts[2])
	read := place{parts[0], row, column}
	return read, badRow == nil && badColumn == nil && read.valid() && read.address() == address
}

// ticket is a seat of an order.
type ticket struct {
	place
	TicketTypeCode string `json:"ticketTypeCode"`
	PriceInCents   *int64 `json:"priceInCents"`
	Barcode        string `json:"barcode,omitempty"`
}

// order is an order as the house tells it.
type order struct {
	OrderID          string   `json:"orderId"`
	PartnerReference string   `json:"partnerReference"`
	SessionID        string   `json:"sessionId"`
	Status           string   `json:"status"`
	TotalInCents     *int64   `json:"totalInCents"`
	CurrencyCode     string   `json:"currencyCode"`
	Expiry           string   `json:"expiryDateUtc"` // may be missing
	BookingNumber    string   `json:"bookingNumber"`
	Tickets          []ticket `json:"tickets"`
}

var statuses = map[string]booking.HouseOrderStatus{
	"InProgress": booking.HouseHeld, "Completing": booking.HouseConfirming, "Completed": booking.HouseConfirmed,
	"Refunded": booking.HouseCancelled, "Cancelled": booking.HouseLapsed, "Expired": booking.HouseLapsed,
}

// toldOrder reads the order in an answer: it has to be the one that was asked for.
func (h *House) toldOrder(ctx context.Context, operation string, asked booking.HouseOrder, said *reply) (booking.HouseState, error) {
	if said.result() != resultOK {
		return booking.HouseState{}, h.refusal(ctx, operation, asked, said)
	}
	err := errors.New("the answer has no order")
	if said.Order != nil {
		var state booking.HouseState
		if state, err = said.Order.state(said.date); err == nil {
			if state.Reference == orderID(asked) && (state.Key == "" || state.Key == asked.Key()) {
				return state, nil
			}
			err = errors.New("the answer is about another order")
		}
	}
	return booking.HouseState{}, h.unreadable(ctx, operation, asked, err)
}

// state reads an order to its end. A sale has to have a number, and one code for each seat.
func (o *order) state(date *time.Time) (booking.HouseState, error) {
	status, known := statuses[o.Status]
	switch {
	case o.OrderID == "" || o.SessionID == "":
		return booking.HouseState{}, errors.New("an order has no id, or no session")
	case !known:
		return booking.HouseState{}, fmt.Errorf("an order has the status %q", o.Status)
	case o.TotalInCents == nil || *o.TotalInCents < 0 || !cents(o.CurrencyCode):
		return booking.HouseState{}, errors.New("an order has no total in a currency with two decimals")
	case len(o.Tickets) == 0:
		return booking.HouseState{}, errors.New("an order has no tickets")
	}
	state := booking.HouseState{
		Key: o.PartnerReference, Status: status, Reference: o.OrderID, Show: o.SessionID,
		Total: booking.Money{Amount: *o.TotalInCents, Currency: o.CurrencyCode},
	}
	if err := o.readTickets(&state); err != nil {
		return booking.HouseState{}, err
	}
	if status == booking.HouseHeld && o.Expiry != "" {
		end, err := time.Parse(time.RFC3339, o.Expiry)
		if err != nil {
			return booking.HouseState{}, errors.New("an order has an end that is no time")
		}
		state.Left, state.Status = left(end, date)
	}
	return state, nil
}

// left is how long a hold lasts, by the clock of the house that tells its end. The Date header
// leaves out the fraction of its second, so that one second is taken off. Without the header
// nothing is known: no clock of ours stands in for theirs.
func left(end time.Time, date *time.Time) (time.Duration, booking.HouseOrderStatus) {
	if date == nil {
		return 0, booking.HouseHeld
	}
	remaining := end.Sub(*date) - time.Second
	if remaining <= 0 {
		return 0, booking.HouseLapsed
	}
	return remaining, booking.HouseHeld
}

// cents tells whether this is a currency that such a system can count.
func cents(currency string) bool { return len(currency) == 3 && booking.Exponent(currency) == 2 }

func (o *order) readTickets(state *booking.HouseState) error {
	var sum int64
	seen := map[string]bool{}
	codes := map[string]string{}
	for _, one := range o.Tickets {
		address := one.address()
		if !one.valid() || seen[address] || one.PriceInCents == nil || *one.PriceInCents < 0 {
			return errors.New("an order has a ticket without a place of its own, or without a price")
		}
		seen[address] = true
		sum += *one.PriceInCents
		state.Addresses = append(state.Addresses, address)
		if one.Barcode != "" && !seen["code "+one.Barcode] {
			seen["code "+one.Barcode] = true
			codes[address] = one.Barcode
		}
	}
	switch {
	case sum != state.Total.Amount:
		return errors.New("an order's total is not the sum of its tickets")
	case state.Status != booking.HouseConfirmed && state.Status != booking.HouseCancelled:
		return nil
	}
	state.Number, state.Codes = o.BookingNumber, codes
	if state.Status == booking.HouseConfirmed && (state.Number == "" || len(codes) != len(o.Tickets)) {
		return errors.New("a sale has no number, or not one code for each seat")
	}
	return nil
}
