// Package staff changes the catalog for the staff who run it: movies,
// theaters, screens and their layouts, shows, price cards, and who manages which
// theater. Every change is checked against the actor's role, is one transaction,
// and leaves an entry in the audit log.
//
// It is above 3,000 lines: all kinds of things go through one flow of check, write and
// audit (changes.go), and each kind adds its own fields, filters and lists. Rules that
// files share are in package rules.
//
// What does not live here: reading the catalog as customers do (package catalog),
// loading files (package importer), and what follows for bookings when a show is
// cancelled or moved (workflows).
package staff

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/outbound"
	"github.com/boxoffice/boxoffice/schema"
)

// Store changes the catalog.
type Store struct {
	db        *bun.DB
	addresses *outbound.Guard
	charging  booking.Charging            // nil when prices are not checked
	providers map[string]booking.Charging // nil when the names of providers are not checked
}

// Option changes how New makes a Store.
type Option func(*Store)

// WithResolver looks up the hosts of posters and trailers with another resolver
// than this machine's.
func WithResolver(resolver outbound.Resolver) Option {
	return func(s *Store) { s.addresses = outbound.New(resolver) }
}

// WithCharging refuses prices and currencies that the payment providers do not
// charge.
func WithCharging(charging booking.Charging) Option {
	return func(s *Store) { s.charging = charging }
}

// WithProviders says which payment providers the platform has, and what each charges. Without
// it theaters may name any.
func WithProviders(providers map[string]booking.Charging) Option {
	return func(s *Store) { s.providers = providers }
}

// New makes a Store over the database.
func New(db *database.DB, options ...Option) *Store {
	s := &Store{db: db.Bun, addresses: outbound.New(nil)}
	for _, option := range options {
		option(s)
	}
	return s
}

// inTx runs a change and its audit entries as one transaction.
func (s *Store) inTx(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	return s.db.RunInTx(ctx, nil, change)
}

// inCatalog is inTx for what customers can find. It takes the lock that every
// write of the catalog takes anyway before it reads anything, so that what it has
// checked still holds when it writes, and two changes cannot wait for each other.
func (s *Store) inCatalog(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw(`SELECT version FROM catalog_version FOR UPDATE`).Exec(ctx); err != nil {
			return fmt.Errorf("wait for other changes of the catalog: %w", err)
		}
		return change(ctx, tx)
	})
}

// Precondition looks at a thing as it is shown, in the transaction that is about
// to change it. Its error stops the change. Nil admits all.
type Precondition func(current any) error

func (p Precondition) check(current any) error {
	if p == nil {
		return nil
	}
	return p(current)
}

// record writes the audit entry of a change.
func record(ctx context.Context, tx bun.Tx, e audit.Entry) error {
	return audit.Record(ctx, audit.Bun(tx), e)
}

// onlyAdmin refuses what a theater's manager may not do anywhere. Code: forbidden.
func onlyAdmin(actor audit.Actor) error {
	if actor.Role != booking.RoleAdmin {
		return booking.E(booking.CodeForbidden, "Only an administrator may do this.")
	}
	return nil
}

// mayManage tells whether the actor runs a theater: administrators run all. Code:
// forbidden.
func mayManage(ctx context.Context, tx bun.IDB, actor audit.Actor, theater uuid.UUID) error {
	switch actor.Role {
	case booking.RoleAdmin:
		return nil
	case booking.RoleTheaterManager:
		runs, err := tx.NewSelect().Model((*schema.TheaterManager)(nil)).
			Where("account_id = ? AND theater_id = ?", actor.AccountID, theater).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look whose theater it is: %w", err)
		}
		if runs {
			return nil
		}
	}
	return booking.E(booking.CodeForbidden, "This is not one of your theaters.")
}
