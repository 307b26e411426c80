package house

import (
	"go.etcd.io/bbolt"
)

// change runs one transaction and keeps the order that it gives, unless it is refused. A
// refusal changes nothing and may come with the order that it is about.
func (b *Books) change(site string, run func(t *bbolt.Tx, s *Site) (*Order, error)) (Order, error) {
	var order Order
	err := b.db.Update(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		changed, err := run(t, s)
		if changed != nil {
			order = changed.at(s.now())
		}
		if err != nil {
			return err
		}
		return put(t, bucketOrders, site+"/"+changed.ID, changed)
	})
	return order, err
}

// orderIn gives an order as it is now, nil for an unknown one.
func orderIn(t *bbolt.Tx, s *Site, id string) (*Order, error) {
	if id == "" {
		return nil, nil
	}
	order, err := get[Order](t, bucketOrders, s.ID+"/"+id)
	if err != nil || order == nil {
		return nil, err
	}
	now := order.at(s.now())
	return &now, nil
}

func byReference(t *bbolt.Tx, s *Site, reference string) (*Order, error) {
	id, err := get[string](t, bucketReferences, s.ID+"/"+reference)
	if err != nil || id == nil {
		return nil, err
	}
	return orderIn(t, s, *id)
}

// Find gives an order by its id. Kinds: NoSite, NoOrder.
func (b *Books) Find(site, id string) (Order, error) {
	return b.find(site, func(t *bbolt.Tx, s *Site) (*Order, error) { return orderIn(t, s, id) })
}

// FindByReference gives an order by the client's own name for it. Kinds: NoSite, NoOrder.
func (b *Books) FindByReference(site, reference string) (Order, error) {
	return b.find(site, func(t *bbolt.Tx, s *Site) (*Order, error) { return byReference(t, s, reference) })
}

// FindByCode gives the order that a code was given for. Kinds: NoSite, NoOrder.
func (b *Books) FindByCode(site, code string) (Order, error) {
	return b.find(site, func(t *bbolt.Tx, s *Site) (*Order, error) {
		id, err := get[string](t, bucketCodes, s.ID+"/"+code)
		if err != nil || id == nil {
			return nil, err
		}
		return orderIn(t, s, *id)
	})
}

func (b *Books) find(site string, look func(t *bbolt.Tx, s *Site) (*Order, error)) (Order, error) {
	var order Order
	err := b.db.View(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		found, err := look(t, s)
		switch {
		case err != nil:
			return err
		case found == nil:
			return refuse(NoOrder)
		}
		order = *found
		return nil
	})
	return order, err
}

// Orders lists the orders of a show, the counter's among them, in the order of their ids
// after one, at most so many; of all shows when show is empty. Kind: NoSite.
func (b *Books) Orders(site, show, after string, most int) ([]Order, error) {
	var orders []Order
	err := b.db.View(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		take := func(id string) (bool, error) {
			order, err := orderIn(t, s, id)
			if order != nil {
				orders = append(orders, *order)
			}
			return len(orders) < most, err
		}
		if show == "" {
			return each(t, bucketOrders, site+"/", after, func(id string, _ *Order) (bool, error) { return take(id) })
		}
		return each(t, bucketOfShow, site+"/"+show+"/", after, func(_ string, id *string) (bool, error) { return take(*id) })
	})
	return orders, err
}
