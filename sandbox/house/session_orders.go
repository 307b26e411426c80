package house

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
)

// sessionOrder is an order as the style tells it.
type sessionOrder struct {
	OrderID          string             `json:"orderId"`
	PartnerReference string             `json:"partnerReference,omitempty"`
	SessionID        string             `json:"sessionId"`
	Status           string             `json:"status"`
	TotalInCents     int64              `json:"totalInCents"`
	CurrencyCode     string             `json:"currencyCode"`
	Expiry           string             `json:"expiryDateUtc,omitempty"`
	BookingNumber    string             `json:"bookingNumber,omitempty"`
	Tickets          []sessionOfOrdered `json:"tickets"`
}

// sessionOfOrdered is one ticket: wanted, held or sold.
type sessionOfOrdered struct {
	sessionPlace
	TicketTypeCode string `json:"ticketTypeCode"`
	PriceInCents   int64  `json:"priceInCents"`
	Barcode        string `json:"barcode,omitempty"`
}

var sessionStatuses = map[Status]string{
	Held: "InProgress", Pending: "Completing", Sold: "Completed", Cancelled: "Refunded", Released: "Cancelled", Lapsed: "Expired",
}

var orderID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// wanted is the body of all calls about an order.
type wanted struct {
	OrderID             string             `json:"orderId"`
	PartnerReference    string             `json:"partnerReference"`
	SessionID           string             `json:"sessionId"`
	Tickets             []sessionOfOrdered `json:"tickets"`
	PaymentValueInCents int64              `json:"paymentValueInCents"`
}

// read gives the body. Kind: NoOrder without an order's id.
func (c *call) read() (wanted, error) {
	var body wanted
	if json.NewDecoder(c.request.Body).Decode(&body) != nil || !orderID.MatchString(body.OrderID) {
		return wanted{}, refuse(NoOrder)
	}
	return body, nil
}

// sessionOrder tells an order. A seat that was taken out of the room since keeps its address.
func (c *call) sessionOrder(o Order) (*sessionOrder, error) {
	show, err := c.books.Show(c.Site.ID, o.Show)
	if err != nil {
		return nil, err
	}
	show.Rows = slices.Concat(show.Rows, c.Site.screen(show.Screen).Rows)
	out := &sessionOrder{
		OrderID: o.ID, PartnerReference: o.Reference, SessionID: o.Show, Status: sessionStatuses[o.Status],
		TotalInCents: o.Total, CurrencyCode: c.Site.Currency, BookingNumber: o.Number,
	}
	if end, told := c.end(o); told && o.Status == Held {
		out.Expiry = utc(end)
	}
	for _, ticket := range c.codes(o) {
		out.Tickets = append(out.Tickets, sessionOfOrdered{
			sessionPlace: placeOf(&show, ticket.Seat), TicketTypeCode: ticket.Category, PriceInCents: ticket.Price, Barcode: ticket.Code,
		})
	}
	return out, nil
}

// tell is the answer with an order, or with the code after, when the work was done and the
// answer has to fail.
func (c *call) tell(o Order, err error, after int) (sessionAnswer, error) {
	if c.bookedButFailed(err) {
		return sessionAnswer{Result: after, Message: "It was done, and the answer failed."}, nil
	}
	if err != nil {
		return sessionAnswer{}, err
	}
	order, err := c.sessionOrder(o)
	return sessionAnswer{Order: order}, err
}

func sessionHold(c *call) (sessionAnswer, error) {
	body, err := c.read()
	if err != nil {
		return sessionAnswer{}, err
	}
	show, err := c.books.Show(c.Site.ID, body.SessionID)
	if err != nil {
		return sessionAnswer{}, err
	}
	wish := Wish{ID: body.OrderID, Reference: body.PartnerReference, Show: body.SessionID}
	for _, ticket := range body.Tickets {
		wish.Tickets = append(wish.Tickets, Ticket{
			Seat: seatAt(&show, ticket.sessionPlace), Category: ticket.TicketTypeCode, Price: ticket.PriceInCents,
		})
	}
	order, err := c.hold(wish)
	var refused *Refusal
	if errors.As(err, &refused) && refused.Kind == SeatsTaken {
		said := c.sessionRefusal(err)
		for _, seat := range refused.Seats {
			said.SeatsUnavailable = append(said.SeatsUnavailable, placeOf(&show, seat))
		}
		return said, nil
	}
	return c.tell(order, err, resultBookedHold)
}

func sessionExtend(c *call) (sessionAnswer, error) {
	body, err := c.read()
	if err != nil {
		return sessionAnswer{}, err
	}
	order, err := c.extend(body.OrderID)
	return c.tell(order, err, resultErrorAfter)
}

// sessionConfirm sells. A repeat is answered with the sale, for the same value.
func sessionConfirm(c *call) (sessionAnswer, error) {
	body, err := c.read()
	if err != nil {
		return sessionAnswer{}, err
	}
	order, err := c.confirm(body.OrderID, body.PaymentValueInCents)
	if kindOf(err) == AlreadySold {
		err = nil
		if order.Total != body.PaymentValueInCents {
			err = refuse(PriceChanged)
		}
	}
	said, err := c.tell(order, err, resultBookedSale)
	if err == nil && order.Status == Pending {
		said.PollURL = "/house/" + c.Site.ID + "/session/order?orderId=" + url.QueryEscape(order.ID)
	}
	return said, err
}

func sessionState(c *call) (sessionAnswer, error) {
	id := c.request.URL.Query().Get("orderId")
	if id == "" {
		return sessionAnswer{}, refuse(NoOrder)
	}
	order, err := c.state(id, "")
	return c.tell(order, err, resultErrorAfter)
}

func sessionRelease(c *call) (sessionAnswer, error) {
	body, err := c.read()
	if err != nil {
		return sessionAnswer{}, err
	}
	order, err := c.release(body.OrderID)
	return c.tell(order, err, resultErrorAfter)
}

func sessionRefund(c *call) (sessionAnswer, error) {
	body, err := c.read()
	if err != nil {
		return sessionAnswer{}, err
	}
	order, err := c.cancel(body.OrderID)
	if kindOf(err) == NoOrder {
		return sessionAnswer{Result: resultNoBooking, Message: "There is no such booking."}, nil
	}
	return c.tell(order, err, resultErrorAfter)
}
