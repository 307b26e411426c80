package house

import (
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

func (b *Books) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.snapshots)
}

// SellAtCounter sells seats to people who stand there. Kinds: those of Hold.
func (b *Books) SellAtCounter(site, show string, seats []string) (Order, error) {
	return b.change(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		found, err := showIn(t, s, show)
		if err != nil {
			return nil, err
		}
		order := &Order{Show: show, Status: Held, Counter: true, Made: s.now()}
		for _, seat := range seats {
			row, _, _ := found.place(seat)
			order.Tickets = append(order.Tickets, Ticket{Seat: seat, Category: row.Category})
		}
		if err := order.fit(t, s); err != nil {
			return nil, err
		}
		if err := order.name(t, s); err != nil {
			return nil, err
		}
		return order, order.sell(t, s)
	})
}

// SetPrice changes the price of a category of a show, in cents. Kinds: NoSite, NoShow.
func (b *Books) SetPrice(site, show, category string, price int64) error {
	return b.ChangeShow(site, show, func(_ *Site, found *Show) error {
		i := slices.IndexFunc(found.Categories, func(c Category) bool { return c.ID == category })
		if i < 0 {
			return refuse(NoShow)
		}
		found.Categories = slices.Clone(found.Categories)
		found.Categories[i].Price = price
		return nil
	})
}

// CancelShow cancels a show, and gives back the money of all that it has sold when refund is
// set. Kinds: NoSite, NoShow.
func (b *Books) CancelShow(site, show string, refund bool) error {
	return b.db.Update(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		if err := changeShow(t, s, show, func(_ *Site, found *Show) error {
			found.Cancelled = true
			return nil
		}); err != nil || !refund {
			return err
		}
		var sold []*Order
		err = each(t, bucketOfShow, site+"/"+show+"/", "", func(_ string, id *string) (bool, error) {
			order, err := orderIn(t, s, *id)
			if order != nil && order.Status == Sold {
				sold = append(sold, order)
			}
			return true, err
		})
		if err != nil {
			return err
		}
		for _, order := range sold {
			if err := order.undo(t, s, "site"); err != nil {
				return err
			}
			if err := put(t, bucketOrders, site+"/"+order.ID, order); err != nil {
				return err
			}
		}
		return nil
	})
}

// MoveShow gives a show another start. Kinds: NoSite, NoShow.
func (b *Books) MoveShow(site, show string, starts time.Time) error {
	return b.ChangeShow(site, show, func(s *Site, found *Show) error {
		found.move(s, starts.UTC())
		return nil
	})
}

// RemoveSeats takes seats out of a show's room, sold ones among them. Kinds: NoSite, NoShow.
func (b *Books) RemoveSeats(site, show string, seats []string) error {
	return b.ChangeShow(site, show, func(s *Site, found *Show) error {
		rows := found.Rows
		if rows == nil {
			rows = s.screen(found.Screen).Rows
		}
		found.Rows = slices.Clone(rows)
		for i := range found.Rows {
			row := &found.Rows[i]
			row.Seats = slices.DeleteFunc(slices.Clone(row.Seats), func(seat Seat) bool {
				return slices.Contains(seats, seatID(*row, seat))
			})
		}
		return nil
	})
}
