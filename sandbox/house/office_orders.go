package house

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The states of an order in this style.
var officeStates = map[Status]string{
	Held: "temporary", Pending: "confirming", Sold: "sold", Cancelled: "cancelled", Released: "deleted", Lapsed: "lapsed",
}

// A place is named by its row and its seat, with a slash in between.
func officePlaceID(row Row, seat Seat) string { return row.Label + "/" + seat.Name }

// officeSeatID is the books' name of a place; empty when no place can have that name.
func officeSeatID(place string) string {
	row, seat, ok := strings.Cut(place, "/")
	if !ok || row == "" || seat == "" {
		return ""
	}
	return row + seat
}

func (c *call) officeReserve(asked officePacket, said *officeAnswer) error {
	wish := Wish{Reference: asked.Reference, Show: asked.Show}
	for _, place := range asked.Places {
		wish.Tickets = append(wish.Tickets, Ticket{Seat: officeSeatID(place.ID), Category: place.Category})
	}
	order, err := c.hold(wish)
	var refused *Refusal
	if errors.As(err, &refused) {
		switch refused.Kind {
		case PriceChanged:
			said.Status = officeWrongCategory // no prices are told, so it is the category
		case SeatsTaken:
			said.Taken = c.officeTaken(asked.Show, refused.Seats)
		}
	}
	if err != nil {
		return err
	}
	said.Orders = []officeOrder{c.officeOrder(order)}
	return nil
}

func (c *call) officeConfirm(asked officePacket) (Order, error) {
	total, err := officeCents(asked.Amount)
	if err != nil || asked.Currency != c.Site.Currency {
		return Order{}, refuse(PriceChanged)
	}
	return c.confirm(asked.Number, total)
}

// officeCents reads an amount such as 12.50.
func officeCents(text string) (int64, error) {
	whole, cents, _ := strings.Cut(text, ".")
	return strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
}

func (c *call) officeOrder(o Order) officeOrder {
	out := officeOrder{
		Number: o.ID, Reference: o.Reference, Show: o.Show, State: officeStates[o.Status],
		Total: officeMoney(o.Total), Currency: c.Site.Currency, Sale: o.Number,
	}
	if _, told := c.end(o); told {
		out.Reserved = c.officeTime(o.Made.Add(c.off()))
	}
	for i, place := range c.officeTaken(o.Show, o.seats()) {
		ticket := c.codes(o)[i]
		place.Category, place.Price, place.Code = ticket.Category, officeMoney(ticket.Price), ticket.Code
		out.Places = append(out.Places, place)
	}
	return out
}

// officeTaken names places of a show. A seat that was taken out of the room since keeps its
// name.
func (c *call) officeTaken(show string, seats []string) []officePlace {
	out := make([]officePlace, len(seats))
	found, err := c.books.Show(c.Site.ID, show)
	found.Rows = append(slices.Clone(found.Rows), c.Site.screen(found.Screen).Rows...)
	for i, id := range seats {
		out[i].ID = id
		if row, seat, ok := found.place(id); err == nil && ok {
			out[i].ID = officePlaceID(row, seat)
		}
	}
	return out
}

// officeListed is how many orders a list has at most.
const officeListed = 20

func (c *call) officeList(asked officePacket, said *officeAnswer) error {
	orders, next, err := c.sales(asked.Show, asked.After, officeListed)
	for _, order := range orders {
		said.Orders = append(said.Orders, c.officeOrder(order))
	}
	said.Next = next
	return err
}
