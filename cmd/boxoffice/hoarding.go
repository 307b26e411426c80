package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/hoarding"
)

// openGuard makes the limits of holds, or nil for none. API and workers have the ticket keys, so
// they make one secret of them and know a card, a device and a network by the same names. After
// a rotation every one of them is new once.
func (p *platform) openGuard() (*hoarding.Guard, error) {
	c := p.config
	if !c.HoldLimits || len(c.TicketKeys) == 0 {
		return nil, nil
	}
	secret, err := hkdf.Key(sha256.New, c.TicketKeys[0].Seed(), nil, "boxoffice names of holders", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("secret of the limits of holds: %w", err)
	}
	return hoarding.New(hoarding.Limits{
		Seats: c.HoldSeats, OfShow: c.HoldSeatsOfShow, SeatsUnproved: c.UnprovedHoldSeats, HoldsUnproved: c.UnprovedHolds,
		OfNetwork: c.NetworkHoldSeats, LeastOfNetwork: c.BadNetworkHoldSeats,
		Free: c.UnpaidHoldsFree, Waits: c.UnpaidHoldWaits, Memory: c.UnpaidHoldsKept,
	}, secret), nil
}

// cardSeats is how many seats of a show one card buys; 0 is no limit.
func (p *platform) cardSeats() int {
	if p.guardHolds == nil {
		return 0
	}
	return p.config.CardSeats
}
