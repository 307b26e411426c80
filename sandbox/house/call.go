package house

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// struck tells whether a fault of this kind strikes the call.
func (c *call) struck(kind string) bool {
	_, yes := c.strike.Kinds[kind]
	return yes
}

// kindOf gives the kind of a refusal, empty for another error and for none.
func kindOf(err error) Kind {
	var refused *Refusal
	if errors.As(err, &refused) {
		return refused.Kind
	}
	return ""
}

// off is how far the clock is wrong in this answer.
func (c *call) off() time.Duration {
	detail, yes := c.strike.Kinds[faultClockOff]
	if !yes {
		return c.Site.Offset
	}
	return c.Site.Offset + cmp.Or(detail.Length, 5*time.Minute)
}

// now is what the site's clock shows: for the Date header.
func (c *call) now() time.Time { return c.Site.now().Add(c.off()) }

// end is what the client is told about a hold's end, by the site's clock; false when it is
// told nothing.
func (c *call) end(o Order) (time.Time, bool) {
	if c.struck(faultEndMissing) || o.ToldEnd.IsZero() {
		return time.Time{}, false
	}
	return o.ToldEnd.Add(c.off()), true
}

// codes are the tickets as the client is told: the fault wrong_codes leaves out the last
// one's code.
func (c *call) codes(o Order) []Ticket {
	tickets := slices.Clone(o.Tickets)
	if c.struck(faultWrongCodes) {
		tickets[len(tickets)-1].Code = ""
	}
	return tickets
}

// bookedButFailed tells whether the answer has to be a failure after the work was done.
func (c *call) bookedButFailed(err error) bool { return err == nil && c.struck(faultBookedButFailed) }

// failed is the site's own statement that it failed and did nothing.
func (c *call) failed() error {
	if c.struck(faultFailed) {
		return refuse(Failed)
	}
	return nil
}

// hold holds. Kinds: those of Books.Hold and Failed. When the order stands already (kind
// Duplicate of Books.Hold), it is given without a refusal if it has the same seats, unless
// the fault duplicate_refused strikes.
func (c *call) hold(w Wish) (Order, error) {
	if err := c.failed(); err != nil {
		return Order{}, err
	}
	if c.struck(faultPriceChanged) {
		_ = c.books.ChangeShow(c.Site.ID, w.Show, reprice) // an unknown show is refused below
	}
	if c.struck(faultCounterTakes) && len(w.Tickets) > 0 {
		c.counterTakes(w)
	}
	if early, yes := c.strike.Kinds[faultEndsEarly]; yes {
		w.EndsEarly = cmp.Or(early.Length, time.Duration(c.Site.HoldMinutes)*time.Minute/4)
	}
	order, err := c.books.Hold(c.Site.ID, w)
	wanted := Order{Tickets: w.Tickets}
	if kindOf(err) == Duplicate && !c.struck(faultDuplicateRefused) && order.Show == w.Show && sameSeats(order, wanted) {
		return order, nil
	}
	return order, err
}

func sameSeats(a, b Order) bool {
	x, y := a.seats(), b.seats()
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// reprice raises the prices of a show by 50 cents, or takes that back.
func reprice(_ *Site, show *Show) error {
	by := int64(50)
	if show.Raised {
		by = -50
	}
	show.Raised = !show.Raised
	show.Categories = slices.Clone(show.Categories)
	for i := range show.Categories {
		show.Categories[i].Price += by
	}
	return nil
}

// counterTakes sells the last wanted seat at the counter, with the other half of its sofa,
// unless the order holds it already.
func (c *call) counterTakes(w Wish) {
	show, err := c.books.Show(c.Site.ID, w.Show)
	if err != nil {
		return
	}
	seats := []string{w.Tickets[len(w.Tickets)-1].Seat}
	if half := show.pairs()[seats[0]]; half != "" {
		seats = append(seats, half)
	}
	if _, err := c.books.SellAtCounter(c.Site.ID, w.Show, seats); err != nil && kindOf(err) == "" {
		c.log.Error("sandbox: house counter", "error", err)
	}
}

// extend extends. Kinds: those of Books.Extend and Failed.
func (c *call) extend(id string) (Order, error) {
	if err := c.failed(); err != nil {
		return Order{}, err
	}
	return c.books.Extend(c.Site.ID, id)
}

// confirm sells. Kinds: those of Books.Confirm and Failed. The fault counter_cancels undoes
// the sale after it is answered.
func (c *call) confirm(id string, total int64) (Order, error) {
	if err := c.failed(); err != nil {
		return Order{}, err
	}
	var how Completion
	if detail, yes := c.strike.Kinds[faultPending]; yes {
		how.Polls = cmp.Or(detail.Polls, 2)
	}
	if detail, yes := c.strike.Kinds[faultPendingFails]; yes {
		how = Completion{Polls: cmp.Or(detail.Polls, 2), Fails: true}
	}
	order, err := c.books.Confirm(c.Site.ID, id, total, how)
	if err == nil && c.struck(faultCounterCancels) && order.Status == Sold {
		_, err = c.books.Cancel(c.Site.ID, id, "counter")
	}
	return order, err
}

// state asks for an order by its id, or by the client's own reference when the id is empty;
// a question about a pending sale counts. Kinds: NoOrder and Failed.
func (c *call) state(id, reference string) (Order, error) {
	if err := c.failed(); err != nil {
		return Order{}, err
	}
	if id == "" {
		order, err := c.books.FindByReference(c.Site.ID, reference)
		if err != nil {
			return Order{}, err
		}
		id = order.ID
	}
	return c.books.Poll(c.Site.ID, id)
}

// release undoes a hold. Kinds: those of Books.Release and Failed.
func (c *call) release(id string) (Order, error) {
	if err := c.failed(); err != nil {
		return Order{}, err
	}
	return c.books.Release(c.Site.ID, id)
}

// cancel undoes a sale. Kinds: those of Books.Cancel and Failed.
func (c *call) cancel(id string) (Order, error) {
	if err := c.failed(); err != nil {
		return Order{}, err
	}
	return c.books.Cancel(c.Site.ID, id, "client")
}

// sales lists the orders of a show that clients, not the counter, have bought, cancelled ones
// among them, after an id. next is empty at the end. Kinds: NoShow and Failed.
func (c *call) sales(show, after string, most int) (orders []Order, next string, err error) {
	if err := c.failed(); err != nil {
		return nil, "", err
	}
	if _, err := c.books.Show(c.Site.ID, show); err != nil {
		return nil, "", err
	}
	orders, err = c.books.Orders(c.Site.ID, show, after, most)
	if len(orders) == most {
		next = orders[most-1].ID
	}
	return slices.DeleteFunc(orders, func(o Order) bool {
		return o.Counter || o.Status != Sold && o.Status != Cancelled
	}), next, err
}

// seats tells what is taken; cached is the age up to which a former answer is given. Kinds:
// NoShow and Failed.
func (c *call) seats(show string, cached time.Duration) (Taken, error) {
	if err := c.failed(); err != nil {
		return Taken{}, err
	}
	if detail, yes := c.strike.Kinds[faultCached]; yes {
		cached = max(cached, cmp.Or(detail.Length, 10*time.Minute))
	}
	taken, err := c.books.Taken(c.Site.ID, show, cached)
	taken.AsOf = taken.AsOf.Add(c.off())
	return taken, err
}

// page is a part of the program.
type page struct {
	Shows []Show
	// Version is the site's; of a page of changes, that of the last change in it: the next
	// page begins there.
	Version int64
	More    bool
}

// changes lists what changed after a version, with the faults of feeds. Kinds: Failed, and
// Forgotten for a version that the site does not know: the client begins again.
func (c *call) changes(since int64, most int) (page, error) {
	if err := c.failed(); err != nil {
		return page{}, err
	}
	shows, latest, err := c.books.Changed(c.Site.ID, since, most+1)
	switch {
	case err != nil:
		return page{}, err
	case since > latest || since < c.Site.Oldest:
		return page{}, refuse(Forgotten)
	case c.struck(faultFeedLate):
		return page{Version: since}, nil
	}
	p := page{Shows: shows[:min(len(shows), most)], Version: since, More: len(shows) > most}
	if len(p.Shows) > 0 {
		p.Version = p.Shows[len(p.Shows)-1].Version
	}
	p.Shows = c.feed(p.Shows)
	return p, nil
}

// all lists the shows after an id, in the order of their ids, with the faults of feeds. The
// next page begins after the last id, which is given apart: a fault may leave it out. Kind:
// Failed.
func (c *call) all(after string, most int) (p page, last string, err error) {
	if err := c.failed(); err != nil {
		return page{}, "", err
	}
	shows, latest, err := c.books.Shows(c.Site.ID, after, most+1)
	if err != nil {
		return page{}, "", err
	}
	p = page{Shows: shows[:min(len(shows), most)], Version: latest, More: len(shows) > most}
	if len(p.Shows) > 0 {
		last = p.Shows[len(p.Shows)-1].ID
	}
	p.Shows = c.feed(p.Shows)
	return p, last, nil
}

func (c *call) feed(shows []Show) []Show {
	shows = slices.Clone(shows)
	if c.struck(faultFeedOmits) && len(shows) > 0 {
		shows = slices.Delete(shows, len(shows)/2, len(shows)/2+1)
	}
	if c.struck(faultFeedReorder) {
		slices.Reverse(shows)
	}
	if c.struck(faultFeedDuplicate) {
		shows = append(shows, shows...)
	}
	return shows
}
