package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/houses/office"
	"github.com/boxoffice/boxoffice/internal/houses/session"
	"github.com/boxoffice/boxoffice/internal/outbound"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/vendors"
)

// houseRegistry finds the clients of theaters' own systems.
type houseRegistry = houses.Registry[activities.House, activities.HouseVendor]

// paidShare is the part of a theater's rate that holds and looks at seats leave to bookings
// that are paid, or end.
const paidShare = 0.2

// openHouses makes what knows the theaters that sell from their own system.
func (p *platform) openHouses(known *shows.Store) (*houses.Store, *houseRegistry, error) {
	var box *sealing.Box
	if keys := p.config.TheaterKeys; len(keys) > 0 {
		var err error
		if box, err = sealing.New(keys...); err != nil {
			return nil, nil, fmt.Errorf("THEATER_KEYS: %w", err)
		}
	}
	p.theaters = theaterHTTP(p.config)
	store := houses.New(p.db.Pool, houses.Options{Box: box, Changed: known.Changed, Charging: charging, MoneyKept: p.moneyKept()})
	registry := houses.NewRegistry(store, houses.RegistryOptions[activities.House, activities.HouseVendor]{
		Factories: map[string]func(houses.Settings) (activities.House, error){
			session.Name: p.sessionHouse, office.Name: p.officeHouse,
		},
		// A house has a breaker and a rate of its own: one that is down stops no other.
		Guard: func(name string) activities.HouseVendor {
			return vendors.NewGuard(name, vendors.Options{
				PerSecond: p.config.TheaterPerSecond, Reserve: paidShare, Logger: p.log,
				// Beside a payment provider there is another one. No other system sells this theater's
				// seats: one that fails every second time still sells, and bookings that are under way
				// need its answers. It is left alone when hardly any call succeeds.
				Failures: 8, MinCalls: 20, Share: 0.8,
			})
		},
		Off: p.config.TheaterSystemsOff,
	})
	return store, registry, nil
}

// theaterHTTP makes the connections to theaters' own systems, whose addresses staff write. How
// long a call may take is its context's matter; 30 seconds is for one that has no end.
func theaterHTTP(cfg config.Config) *http.Client {
	return &http.Client{Transport: outbound.NewTransport(cfg.TheaterReach), Timeout: 30 * time.Second}
}

func (p *platform) sessionHouse(s houses.Settings) (activities.House, error) {
	return session.New(session.Options{Address: s.Address, Token: s.Credentials["token"], HTTP: p.theaters, Logger: p.log})
}

func (p *platform) officeHouse(s houses.Settings) (activities.House, error) {
	holdFor, err := time.ParseDuration(s.Options["hold_for"])
	if err != nil {
		return nil, fmt.Errorf("hold_for: how long the ticket office keeps a reservation, for example 10m: %w", err)
	}
	return office.New(office.Options{
		Address: s.Address, User: s.Credentials["user"], Password: s.Credentials["password"], HoldFor: holdFor, HTTP: p.theaters, Logger: p.log,
	})
}

// refresher asks theaters' own systems for taken seats when their shows are looked at.
func (p *platform) refresher(store *houses.Store, registry *houseRegistry) *houses.Refresher {
	refresher := houses.NewRefresher(store, func(ctx context.Context, theaterID, show string) (taken booking.HouseTaken, err error) {
		house, guard, err := registry.House(ctx, theaterID)
		if err != nil {
			return taken, err
		}
		err = guard.TryYielding(ctx, func(ctx context.Context) error {
			taken, err = house.Seats(ctx, show)
			return err
		})
		return taken, err
	}, p.log)
	p.closers = append(p.closers, refresher.Close)
	return refresher
}
