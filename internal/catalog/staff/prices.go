package staff

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

// PriceCard is what new shows of a theater charge. A show copies it, so changing
// the card changes no show.
type PriceCard struct {
	ID             uuid.UUID                `json:"id"`
	TheaterID      uuid.UUID                `json:"theater_id"`
	Name           string                   `json:"name"`
	Prices         map[string]booking.Money `json:"prices"`
	FeePerSeat     booking.Money            `json:"fee_per_seat"`
	TaxBasisPoints int64                    `json:"tax_basis_points"`
	CreatedAt      time.Time                `json:"created_at"`
	UpdatedAt      time.Time                `json:"updated_at"`
}

// NewPriceCard is a card to be made.
type NewPriceCard struct {
	TheaterID string  `json:"theater_id"`
	Name      *string `json:"name"`
	Charges
}

// PriceCardEdit sets what is not nil.
type PriceCardEdit struct {
	Name *string `json:"name"`
	Charges
}

// PriceCardFilter narrows a list of cards; an empty field does not.
type PriceCardFilter struct {
	TheaterID string
	Limit     int
	Cursor    string
}

func cardView(card schema.PriceCard, currency string) PriceCard {
	return PriceCard{
		ID: card.ID, TheaterID: card.TheaterID, Name: card.Name, Prices: moneyOf(card.Prices, currency),
		FeePerSeat:     booking.Money{Amount: card.FeePerSeat, Currency: currency},
		TaxBasisPoints: card.TaxBasisPoints, CreatedAt: card.CreatedAt, UpdatedAt: card.UpdatedAt,
	}
}

// CreatePriceCard makes a card of a theater. The theater's currency does not change
// meanwhile. Codes: validation_failed, forbidden, conflict.
func (s *Store) CreatePriceCard(ctx context.Context, actor audit.Actor, in NewPriceCard) (PriceCard, error) {
	var view PriceCard
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		var p fieldErrors
		theater, err := p.theater(ctx, tx, "theater_id", in.TheaterID)
		if err != nil {
			return err
		}
		if theater.ID != uuid.Nil {
			if err := mayManage(ctx, tx, actor, theater.ID); err != nil {
				return err
			}
		}
		card := schema.PriceCard{ID: uuid.New(), TheaterID: theater.ID}
		required(&p, "name", in.Name)
		required(&p, "prices", in.Prices)
		p.changeCard(&card, in.Name, in.Charges, theater.Currency, s.charging)
		if err := p.Err(); err != nil {
			return err
		}
		if err := hasRoom(ctx, tx, "price_cards", "theater_id", theater.ID, mostCards, "A theater has at most %d price cards."); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&card).Returning("*").Exec(ctx); err != nil {
			return cardRefused(err)
		}
		view = cardView(card, theater.Currency)
		return recordCard(ctx, tx, actor, "create", card, nil, view)
	})
	return view, err
}

func (p *fieldErrors) changeCard(card *schema.PriceCard, name *string, charges Charges, currency string, charging booking.Charging) {
	const longest = 60
	rules.Set(&card.Name, p.check().Line("name", name, 1, longest))
	now := chargedBy(*card)
	charges.onto(p, "", &now, currency, charging)
	card.Prices, card.FeePerSeat, card.TaxBasisPoints = now.prices, now.feePerSeat, now.taxBasisPoints
}

// PriceCards lists cards by name: a manager's are those of their theaters. next is
// empty on the last page. Codes: validation_failed, forbidden.
func (s *Store) PriceCards(ctx context.Context, actor audit.Actor, f PriceCardFilter) (items []PriceCard, next string, err error) {
	var p fieldErrors
	theater := p.id("theater_id", f.TheaterID, notAnID)
	after := p.readCursor(f.Cursor, storable)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	query := byName(s.db.NewSelect().TableExpr("price_cards AS pc").Join("JOIN theaters AS t ON t.id = pc.theater_id").
		ColumnExpr("pc.*").ColumnExpr("t.currency"), "pc.name", "pc.id", after)
	if theater != uuid.Nil {
		query.Where("pc.theater_id = ?", theater)
	}
	if err := s.narrow(ctx, query, actor, "pc.theater_id", theater); err != nil {
		return nil, "", err
	}
	return page(ctx, query, f.Limit, "price cards",
		func(r *cardRow) paging.Key { return paging.Key{Text: r.Name, ID: r.ID} },
		func(r *cardRow) PriceCard { return cardView(r.PriceCard, r.Currency) })
}

type cardRow struct {
	schema.PriceCard `bun:",extend"`
	Currency         string `bun:"currency"`
}

// PriceCard reads one card. Codes: not_found, forbidden.
func (s *Store) PriceCard(ctx context.Context, actor audit.Actor, id string) (PriceCard, error) {
	card, err := findCard(ctx, s.db, id)
	if err != nil {
		return PriceCard{}, err
	}
	if err := mayRead(ctx, s.db, actor, card.TheaterID); err != nil {
		return PriceCard{}, err
	}
	currency, err := currencyOf(ctx, s.db, card.TheaterID)
	return cardView(card, currency), err
}

// EditPriceCard changes what later shows charge. Codes: not_found, forbidden,
// validation_failed, conflict.
func (s *Store) EditPriceCard(ctx context.Context, actor audit.Actor, id string, change PriceCardEdit, when Precondition) (PriceCard, error) {
	var view PriceCard
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		card, before, err := lockCard(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := when.check(before); err != nil {
			return err
		}
		var p fieldErrors
		was, currency := card, before.FeePerSeat.Currency
		p.changeCard(&card, change.Name, change.Charges, currency, s.charging)
		if err := p.Err(); err != nil {
			return err
		}
		if view = before; reflect.DeepEqual(card, was) {
			return errUnchanged
		}
		if _, err := tx.NewUpdate().Model(&card).WherePK().
			Column("name", "prices", "fee_per_seat", "tax_basis_points").Set("updated_at = now()").
			Returning("*").Exec(ctx); err != nil {
			return cardRefused(err)
		}
		view = cardView(card, currency)
		return recordCard(ctx, tx, actor, "change", card, before, view)
	})
	return view, unlessUnchanged(err)
}

// DeletePriceCard removes a card. Shows keep what they copied. Codes: not_found,
// forbidden.
func (s *Store) DeletePriceCard(ctx context.Context, actor audit.Actor, id string) error {
	return s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		card, before, err := lockCard(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model(&card).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("delete the price card: %w", err)
		}
		return recordCard(ctx, tx, actor, "delete", card, before, nil)
	})
}

func lockCard(ctx context.Context, tx bun.Tx, actor audit.Actor, id string) (schema.PriceCard, PriceCard, error) {
	card, err := findCard(ctx, tx, id)
	if err != nil {
		return card, PriceCard{}, err
	}
	if err := mayManage(ctx, tx, actor, card.TheaterID); err != nil {
		return card, PriceCard{}, err
	}
	err = tx.NewSelect().Model(&card).WherePK().For("UPDATE").Scan(ctx)
	if err != nil {
		return card, PriceCard{}, noSuch(err, "the price card") // deleted while we waited
	}
	currency, err := currencyOf(ctx, tx, card.TheaterID)
	return card, cardView(card, currency), err
}

func findCard(ctx context.Context, db bun.IDB, id string) (card schema.PriceCard, err error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return card, noSuch(sql.ErrNoRows, "the price card")
	}
	err = db.NewSelect().Model(&card).Where("pc.id = ?", key).Scan(ctx)
	return card, noSuch(err, "the price card")
}

func cardRefused(err error) error {
	if hasState(err, stateUnique) {
		return booking.E(booking.CodeConflict, "The theater has another price card of this name.").Wrap(err)
	}
	return fmt.Errorf("write the price card: %w", err)
}

func currencyOf(ctx context.Context, db bun.IDB, theater uuid.UUID) (currency string, err error) {
	err = db.NewSelect().Model((*schema.Theater)(nil)).Column("currency").Where("t.id = ?", theater).Scan(ctx, &currency)
	if err != nil {
		return "", fmt.Errorf("read the theater's currency: %w", err)
	}
	return currency, nil
}

func recordCard(ctx context.Context, tx bun.Tx, actor audit.Actor, action string, card schema.PriceCard, before, after any) error {
	return record(ctx, tx, audit.Entry{
		Actor: actor, Action: action, Entity: "price_card", EntityID: card.ID.String(), TheaterID: card.TheaterID,
		Before: before, After: after,
	})
}
