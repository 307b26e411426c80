package house

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Status is where an order stands.
type Status string

// The statuses. An order that is Held in the store and whose end has passed is Lapsed.
const (
	Held      Status = "held"
	Pending   Status = "pending" // the sale is not decided
	Sold      Status = "sold"
	Cancelled Status = "cancelled" // a sale was undone
	Released  Status = "released"  // a hold was undone
	Lapsed    Status = "lapsed"
)

// Order is what one client wants, held or sold.
type Order struct {
	ID string `json:"id"`
	// Reference is the client's own name for it, where the id is the site's.
	Reference string   `json:"reference,omitempty"`
	Show      string   `json:"show"`
	Tickets   []Ticket `json:"tickets"`
	Total     int64    `json:"total"` // cents
	Status    Status   `json:"status"`
	// Counter says that it was sold at the site's counter.
	Counter bool `json:"counter,omitempty"`
	// EndsAt is when the hold ends, and ToldEnd what the client is told.
	EndsAt  time.Time `json:"ends_at,omitzero"`
	ToldEnd time.Time `json:"told_end,omitzero"`
	// Number is what the site calls the sale.
	Number string `json:"number,omitempty"`
	// Polls is how many questions are still answered with Pending, and Fails how it ends.
	Polls int  `json:"polls,omitempty"`
	Fails bool `json:"fails,omitempty"`
	// CancelledBy is "client", "counter" or "site".
	CancelledBy string    `json:"cancelled_by,omitempty"`
	Refunded    int64     `json:"refunded,omitempty"` // cents
	Made        time.Time `json:"made"`
	SoldAt      time.Time `json:"sold_at,omitzero"`
	CancelledAt time.Time `json:"cancelled_at,omitzero"`
}

// Ticket is one seat of an order. Code opens the door once the order is sold.
type Ticket struct {
	Seat     string `json:"seat"` // as the books name it: "C7"
	Category string `json:"category"`
	Price    int64  `json:"price"`
	Code     string `json:"code,omitempty"`
}

// at gives the order as it is at that time.
func (o Order) at(now time.Time) Order {
	if o.Status == Held && !now.Before(o.EndsAt) {
		o.Status = Lapsed
	}
	return o
}

// seats are the books' names of the order's seats.
func (o *Order) seats() []string {
	ids := make([]string, len(o.Tickets))
	for i, ticket := range o.Tickets {
		ids[i] = ticket.Seat
	}
	return ids
}

// Wish is what a hold is asked for. Without an ID the books give one. Price of a ticket is
// what the client expects; zero expects nothing.
type Wish struct {
	ID, Reference string
	Show          string
	Tickets       []Ticket
	// EndsEarly makes the hold end after this time, though the client is told the usual
	// one; zero is the usual one.
	EndsEarly time.Duration
}

// occupant is what a seat is taken by. Until is zero when it is sold, or the sale pending.
type occupant struct {
	Order string    `json:"order"`
	Until time.Time `json:"until,omitzero"`
}

func (o occupant) at(now time.Time) bool { return o.Until.IsZero() || now.Before(o.Until) }

func takenIn(t *bbolt.Tx, site, show string) (map[string]occupant, error) {
	found, err := get[map[string]occupant](t, bucketTaken, site+"/"+show)
	if err != nil || found == nil {
		return map[string]occupant{}, err
	}
	return *found, nil
}

// occupy writes who has the order's seats: the order until a time (zero: without end), or,
// when it is over, no one.
func occupy(t *bbolt.Tx, site *Site, order *Order, over bool, until time.Time) error {
	taken, err := takenIn(t, site.ID, order.Show)
	if err != nil {
		return err
	}
	now := site.now()
	maps.DeleteFunc(taken, func(_ string, o occupant) bool { return o.Order == order.ID || !o.at(now) })
	if !over {
		for _, seat := range order.seats() {
			taken[seat] = occupant{Order: order.ID, Until: until}
		}
	}
	return put(t, bucketTaken, site.ID+"/"+order.Show, taken)
}

// Taken is what of a show cannot be sold now.
type Taken struct {
	Seats []string // as the books name them, in order
	AsOf  time.Time
}

// Taken tells what is held and sold. With an age above zero the answer may be as old; then
// it is the one that was given before. Kinds: NoSite, NoShow.
func (b *Books) Taken(site, show string, age time.Duration) (Taken, error) {
	key := site + "/" + show
	b.mu.Lock()
	defer b.mu.Unlock()
	var answer Taken
	err := b.db.View(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		if _, err := showIn(t, s, show); err != nil {
			return err
		}
		now := s.now()
		if before, ok := b.snapshots[key]; ok && now.Sub(before.AsOf) < age {
			answer = before
			return nil
		}
		taken, err := takenIn(t, site, show)
		maps.DeleteFunc(taken, func(_ string, o occupant) bool { return !o.at(now) })
		answer = Taken{Seats: slices.Sorted(maps.Keys(taken)), AsOf: now}
		return err
	})
	if err == nil {
		b.snapshots[key] = answer
	}
	return answer, err
}

// Hold holds exactly the seats, all or none. A repeat with the id or the reference of an
// order that stands gives that order and Duplicate; the wire decides what to make of it.
// Kinds: NoSite, NoShow, NotOnSale, NoSuchSeat, HalfPair, PriceChanged, SeatsTaken,
// Duplicate; HoldOver when the order with this id is over.
func (b *Books) Hold(site string, w Wish) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		if known, err := knownIn(t, s, w); err != nil || known != nil {
			return known, err
		}
		order := &Order{ID: w.ID, Reference: w.Reference, Show: w.Show, Tickets: slices.Clone(w.Tickets), Status: Held, Made: s.now()}
		if err := order.fit(t, s); err != nil {
			return nil, err
		}
		order.ToldEnd = s.now().Add(time.Duration(s.HoldMinutes) * time.Minute)
		order.EndsAt = order.ToldEnd
		if w.EndsEarly > 0 {
			order.EndsAt = s.now().Add(w.EndsEarly)
		}
		if err := order.name(t, s); err != nil {
			return nil, err
		}
		return order, occupy(t, s, order, false, order.EndsAt)
	})
}

func knownIn(t *bbolt.Tx, s *Site, w Wish) (*Order, error) {
	known, err := orderIn(t, s, w.ID)
	if known == nil && err == nil && w.Reference != "" {
		known, err = byReference(t, s, w.Reference)
	}
	switch {
	case err != nil || known == nil:
		return nil, err
	case known.Status == Released || known.Status == Lapsed || known.Status == Cancelled:
		return known, refuse(HoldOver)
	}
	return known, refuse(Duplicate)
}

// fit checks that the order can be had: show, seats, pairs, prices and the places in the room.
func (o *Order) fit(t *bbolt.Tx, s *Site) error {
	show, err := showIn(t, s, o.Show)
	if err != nil {
		return err
	}
	if show.Cancelled || !s.now().Before(show.OpenUntil) {
		return refuse(NotOnSale)
	}
	if err := o.fitSeats(show); err != nil {
		return err
	}
	taken, err := takenIn(t, s.ID, o.Show)
	if err != nil {
		return err
	}
	var gone []string
	for _, seat := range o.seats() {
		if by, ok := taken[seat]; ok && by.at(s.now()) {
			gone = append(gone, seat)
		}
	}
	if len(gone) > 0 {
		return refuse(SeatsTaken, gone...)
	}
	return nil
}

func (o *Order) fitSeats(show *Show) error {
	if len(o.Tickets) == 0 {
		return refuse(NoSuchSeat)
	}
	wanted, other := map[string]bool{}, show.pairs()
	for _, seat := range o.seats() {
		if _, _, ok := show.place(seat); !ok || wanted[seat] {
			return refuse(NoSuchSeat, seat)
		}
		wanted[seat] = true
	}
	o.Total = 0
	for i := range o.Tickets {
		ticket := &o.Tickets[i]
		if half := other[ticket.Seat]; half != "" && !wanted[half] {
			return refuse(HalfPair, ticket.Seat)
		}
		row, _, _ := show.place(ticket.Seat)
		price, ok := show.price(row.Category)
		if !ok || ticket.Category != row.Category || ticket.Price != 0 && ticket.Price != price {
			return refuse(PriceChanged, ticket.Seat)
		}
		ticket.Price = price
		o.Total += price
	}
	return nil
}

// name gives a new order its id, and makes it known by its reference and its show.
func (o *Order) name(t *bbolt.Tx, s *Site) error {
	if o.ID == "" {
		n, err := t.Bucket(bucketOrders).NextSequence()
		if err != nil {
			return err
		}
		o.ID = fmt.Sprintf("%08d", n)
	}
	if o.Reference != "" {
		if err := put(t, bucketReferences, s.ID+"/"+o.Reference, o.ID); err != nil {
			return err
		}
	}
	return put(t, bucketOfShow, s.ID+"/"+o.Show+"/"+o.ID, o.ID)
}

// Extend makes a hold last the usual time from now. Kinds: NoOrder, HoldOver, AlreadySold,
// Completing.
func (b *Books) Extend(site, id string) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		order, err := heldIn(t, s, id)
		if err != nil {
			return order, err
		}
		order.EndsAt = s.now().Add(time.Duration(s.HoldMinutes) * time.Minute)
		order.ToldEnd = order.EndsAt
		return order, occupy(t, s, order, false, order.EndsAt)
	})
}

// Completion says how a sale is decided: at once, or after so many questions.
type Completion struct {
	Polls int
	Fails bool
}

// Confirm sells what is held, for the total in cents. Kinds: NoOrder, HoldOver, PriceChanged,
// AlreadySold, Completing, NotOnSale when the show was cancelled.
func (b *Books) Confirm(site, id string, total int64, how Completion) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		order, err := heldIn(t, s, id)
		if err != nil {
			return order, err
		}
		show, err := showIn(t, s, order.Show)
		switch {
		case err != nil:
			return nil, err
		case show.Cancelled:
			return order, refuse(NotOnSale)
		case total != order.Total:
			return order, refuse(PriceChanged)
		}
		if how.Polls > 0 {
			order.Status, order.Polls, order.Fails = Pending, how.Polls, how.Fails
			return order, occupy(t, s, order, false, time.Time{})
		}
		return order, order.sell(t, s)
	})
}

func heldIn(t *bbolt.Tx, s *Site, id string) (*Order, error) {
	order, err := orderIn(t, s, id)
	switch {
	case err != nil:
		return nil, err
	case order == nil:
		return nil, refuse(NoOrder)
	case order.Status == Sold:
		return order, refuse(AlreadySold)
	case order.Status == Pending:
		return order, refuse(Completing)
	case order.Status == Cancelled:
		return order, refuse(AlreadyCancelled)
	case order.Status != Held:
		return order, refuse(HoldOver)
	}
	return order, nil
}

func (o *Order) sell(t *bbolt.Tx, s *Site) error {
	n, err := t.Bucket(bucketCodes).NextSequence()
	if err != nil {
		return err
	}
	o.Status, o.SoldAt, o.Number = Sold, s.now(), fmt.Sprintf("W%06d", n)
	for i := range o.Tickets {
		code, err := rand.Int(rand.Reader, big.NewInt(1e12))
		if err != nil {
			return err
		}
		// The running number makes it unique.
		o.Tickets[i].Code = fmt.Sprintf("%012d%06d%02d", code, n, i)
		if err := put(t, bucketCodes, s.ID+"/"+o.Tickets[i].Code, o.ID); err != nil {
			return err
		}
	}
	return occupy(t, s, o, false, time.Time{})
}

// Poll gives an order and counts the question: a sale that is pending is decided by the last
// one. Kind: NoOrder.
func (b *Books) Poll(site, id string) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		order, err := orderIn(t, s, id)
		switch {
		case err != nil:
			return nil, err
		case order == nil:
			return nil, refuse(NoOrder)
		case order.Status != Pending:
			return order, nil
		}
		order.Polls--
		if order.Polls >= 0 {
			return order, nil
		}
		order.Polls = 0
		if order.Fails {
			order.Status = Released
			return order, occupy(t, s, order, true, time.Time{})
		}
		return order, order.sell(t, s)
	})
}

// Release undoes a hold; one that is over stays so, without a refusal. Kinds: NoOrder,
// AlreadySold, Completing, AlreadyCancelled.
func (b *Books) Release(site, id string) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		order, err := orderIn(t, s, id)
		switch {
		case err != nil:
			return nil, err
		case order == nil:
			return nil, refuse(NoOrder)
		case order.Status == Sold:
			return order, refuse(AlreadySold)
		case order.Status == Pending:
			return order, refuse(Completing)
		case order.Status == Cancelled:
			return order, refuse(AlreadyCancelled)
		case order.Status != Held:
			return order, nil
		}
		order.Status = Released
		return order, occupy(t, s, order, true, time.Time{})
	})
}

// Cancel undoes a sale, whole, and gives the money back. by is "client", "counter" or
// "site"; only for a client there is a last time. Kinds: NoOrder, NotSold, Completing,
// AlreadyCancelled, TooLate.
func (b *Books) Cancel(site, id, by string) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		order, err := orderIn(t, s, id)
		switch {
		case err != nil:
			return nil, err
		case order == nil:
			return nil, refuse(NoOrder)
		case order.Status == Cancelled:
			return order, refuse(AlreadyCancelled)
		case order.Status == Pending:
			return order, refuse(Completing)
		case order.Status != Sold:
			return order, refuse(NotSold)
		}
		show, err := showIn(t, s, order.Show)
		switch {
		case err != nil:
			return nil, err
		case by == "client" && !show.Cancelled && !s.now().Before(show.StartsAt.Add(-time.Duration(s.CancelMinutes)*time.Minute)):
			return order, refuse(TooLate)
		}
		return order, order.undo(t, s, by)
	})
}

func (o *Order) undo(t *bbolt.Tx, s *Site, by string) error {
	o.Status, o.CancelledBy, o.CancelledAt, o.Refunded = Cancelled, by, s.now(), o.Total
	return occupy(t, s, o, true, time.Time{})
}
