package houses

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// entered is what our books have of one booking of a show, or of one that a sale names.
type entered struct {
	id      string
	status  booking.Status
	show    string
	seats   []string
	age     time.Duration // since the booking changed last
	ordered bool          // there is an order, which the fields below are of
	order   booking.HouseOrderStatus
	attempt int
	total   booking.Money
}

// live tells whether a sale of the attempt belongs to the booking. One that is held may be
// about to be confirmed.
func (e entered) live(show string, attempt int) bool {
	switch {
	case e.id == "", e.show != show, e.ordered && e.attempt != attempt:
		return false
	default:
		return e.status == booking.StatusConfirmed || e.status == booking.StatusHeld
	}
}

// comparison holds a house's list of one show against our books.
type comparison struct {
	house     Settings
	show      booking.HouseListed
	addresses map[string]string // by our name of the seat
	books     map[string]entered
	// grace is how long what differs may be a step that is under way.
	grace time.Duration
	// off says that the show does not take place: the workflow of its cancellation settles its
	// bookings, whose sales are cancelled there already.
	off   bool
	found []booking.HouseFinding
}

// compare says what they do not agree on.
func (c *comparison) compare(sales []booking.HouseState) {
	sold := map[string]booking.HouseState{} // by booking: of the attempt that is in our books
	for _, sale := range sales {
		bookingID, attempt, keyed := readKey(sale.Key)
		e := c.books[bookingID]
		switch {
		case keyed && e.live(c.show.ShowID, attempt):
			sold[bookingID] = sale
		case sale.Status == booking.HouseConfirmed, sale.Status == booking.HouseConfirming:
			c.orphan(sale, bookingID, attempt, e)
		}
	}
	for _, id := range sortedKeys(c.books) {
		// A booking whose seats are ours to sell has no order yet: the house is told later.
		e := c.books[id]
		if e.status != booking.StatusConfirmed || e.show != c.show.ShowID || !e.ordered || e.order != booking.HouseConfirmed {
			continue
		}
		switch sale, listed := sold[id]; {
		case listed && sale.Status == booking.HouseConfirmed:
			c.differs(sale, e)
		case listed && sale.Status == booking.HouseCancelled:
			c.missing(booking.HouseUndone, sale, e, "the theater has cancelled it")
		case !listed:
			c.missing(booking.HouseMissing, booking.HouseState{Key: booking.HouseOrder{BookingID: id, Attempt: e.attempt}.Key()}, e, "the theater does not know it")
		}
	}
}

func (c *comparison) add(kind booking.HouseFindingKind, sale booking.HouseState, bookingID string, alert booking.AlertKind, format string, args ...any) *booking.HouseFinding {
	c.found = append(c.found, booking.HouseFinding{
		Kind: kind, Sale: saleName(sale), ShowID: c.show.ShowID, BookingID: bookingID,
		Alert: booking.Alert{BookingID: bookingID, Kind: alert,
			Detail: fmt.Sprintf("%s, sale %s, show %s: %s", c.house.Name, saleName(sale), c.show.Show, fmt.Sprintf(format, args...))},
	})
	return &c.found[len(c.found)-1]
}

func saleName(sale booking.HouseState) string {
	if sale.Key != "" {
		return sale.Key
	}
	return "reference " + sale.Reference
}

// orphan is a sale in our name that no booking of ours stands for. The caller decides by how
// long it has been seen whether it is cancelled: the house does not say when it was sold.
func (c *comparison) orphan(sale booking.HouseState, bookingID string, attempt int, e entered) {
	if e.id != "" && e.age < c.grace {
		return // its cancellation may be on its way
	}
	f := c.add(booking.HouseOrphan, sale, "", booking.AlertHouseSaleOrphan, "no booking stands for it")
	if bookingID == "" || sale.Status != booking.HouseConfirmed {
		return // not proved to be ours
	}
	f.Cancel = &booking.HouseOrder{BookingID: bookingID, Attempt: attempt, Reference: sale.Reference,
		Terms: booking.HouseTerms{TheaterID: c.house.TheaterID, Adapter: c.house.Adapter, Show: c.show.Show}}
}

func (c *comparison) missing(kind booking.HouseFindingKind, sale booking.HouseState, e entered, what string) {
	if e.age >= c.grace && !c.off {
		c.add(kind, sale, e.id, booking.AlertHouseSaleMissing, "%s", what)
	}
}

func (c *comparison) differs(sale booking.HouseState, e entered) {
	var ours []string
	for _, seat := range e.seats {
		ours = append(ours, c.addresses[seat])
	}
	theirs := slices.Clone(sale.Addresses)
	slices.Sort(ours)
	slices.Sort(theirs)
	switch {
	case !slices.Equal(ours, theirs):
		c.add(booking.HouseDiffers, sale, e.id, booking.AlertHouseSaleDiffers, "seats %s in our books, %s at the theater",
			strings.Join(ours, " "), strings.Join(theirs, " "))
	case e.total.Currency != "" && e.total != sale.Total:
		c.add(booking.HouseDiffers, sale, e.id, booking.AlertHouseSaleDiffers, "%s in our books, %s at the theater", e.total, sale.Total)
	}
}

// readKey takes HouseOrder.Key apart.
func readKey(key string) (bookingID string, attempt int, fine bool) {
	at := strings.LastIndexByte(key, '-')
	if at < 0 {
		return "", 0, false
	}
	id, err := uuid.Parse(key[:at])
	attempt, wrong := strconv.Atoi(key[at+1:])
	if err != nil || wrong != nil || attempt < 1 {
		return "", 0, false
	}
	return id.String(), attempt, true
}
