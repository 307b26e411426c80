package staff

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// ShowEdit sets what is not nil. When the start moves, the end and the end of
// sales move with it unless they are given.
type ShowEdit struct {
	StartsAt      *string `json:"starts_at"`
	LocalStartsAt *string `json:"local_starts_at"`
	EndsAt        *string `json:"ends_at"`
	ScreenID      *string `json:"screen_id"`
	LayoutVersion *int    `json:"layout_version"`
	rules.Presentation
	SalesOpenAt  *string `json:"sales_open_at"`
	SalesCloseAt *string `json:"sales_close_at"`
	Charges
	PriceCardID *string `json:"price_card_id"`
}

// EditShow changes a show that is ahead. Time, screen and layout change only
// while no seat is taken: a seat that is held or sold keeps its meaning, and a
// customer their evening. Prices may change at any time; what is held keeps the
// price it was quoted. Codes: not_found, forbidden, validation_failed, conflict
// (also an Overlap).
func (s *Store) EditShow(ctx context.Context, actor audit.Actor, id string, change ShowEdit, when Precondition) (Show, error) {
	var view Show
	var show schema.Show
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, err := lockShow(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := when.check(before.view().Terms()); err != nil {
			return err
		}
		show = before.Show
		if err := change.onto(ctx, tx, actor, s.charging, before, &show); err != nil {
			return err
		}
		if view = before.view(); reflect.DeepEqual(show, before.Show) {
			return errUnchanged
		}
		if seating(show) != seating(before.Show) {
			if err := unclaimed(ctx, tx, show.ID); err != nil {
				return err
			}
		}
		if _, err := tx.NewUpdate().Model(&show).WherePK().
			ExcludeColumn("clean_at", "terms_version", "created_at", "updated_at").Exec(ctx); err != nil {
			return showRefused(err)
		}
		after, err := findShow(ctx, tx, id)
		if err != nil {
			return err
		}
		view = after.view()
		return recordShow(ctx, tx, actor, "change", show.TheaterID, show.ID, before.view().Terms(), view.Terms())
	})
	return view, s.nameOverlap(ctx, unlessUnchanged(err), show)
}

// lockShow reads a show that the actor may change. Holds under way are waited for
// and later ones wait, so that who has a seat is known until the transaction ends.
func lockShow(ctx context.Context, tx bun.Tx, actor audit.Actor, id string) (showRow, error) {
	row, err := findShow(ctx, tx, id)
	if err != nil {
		return row, err
	}
	if err := mayManage(ctx, tx, actor, row.TheaterID); err != nil {
		return row, err
	}
	if _, err := tx.NewRaw(`SELECT 1 FROM shows WHERE id = ? FOR UPDATE`, row.ID).Exec(ctx); err != nil {
		return row, fmt.Errorf("lock the show: %w", err)
	}
	return row, nil
}

// seating is what a claimed seat relies on.
func seating(show schema.Show) [4]any {
	return [4]any{show.StartsAt.Unix(), show.EndsAt.Unix(), show.ScreenID, show.LayoutID}
}

// unclaimed refuses when a customer has a seat. A hold that ran out counts until it
// is gone: the money for it may be on its way.
func unclaimed(ctx context.Context, tx bun.Tx, show uuid.UUID) error {
	claims, err := tx.NewSelect().Model((*schema.SeatClaim)(nil)).Where("show_id = ?", show).Count(ctx)
	if err != nil {
		return fmt.Errorf("count the claims: %w", err)
	}
	if claims > 0 {
		return booking.E(booking.CodeConflict,
			"Seats of this show are held or sold (%d), so its time, screen and layout stand. POST /v1/admin/shows/%s/reschedule moves it and tells its customers.",
			claims, show)
	}
	return nil
}

// onto checks the change and writes it over the show. Code: validation_failed,
// conflict.
func (c ShowEdit) onto(ctx context.Context, tx bun.Tx, actor audit.Actor, charging booking.Charging, before showRow, show *schema.Show) error {
	now, err := clockOf(ctx, tx)
	if err != nil {
		return err
	}
	if show.Status != booking.ShowScheduled {
		return booking.E(booking.CodeConflict, "This show was cancelled.")
	}
	if !show.EndsAt.After(now) {
		return booking.E(booking.CodeConflict, "This show is over.")
	}
	var p fieldErrors
	hall, err := c.house(ctx, tx, &p, actor, before, show)
	if err != nil {
		return err
	}
	hall.charging = charging
	c.Presentation.Check(p.Add, "")
	c.Presentation.Over(show)
	if err := c.move(ctx, tx, &p, before, now, show); err != nil {
		return err
	}
	if err := c.price(ctx, tx, &p, hall, show); err != nil {
		return err
	}
	return p.Err()
}

// house finds the screen and the layout version that are asked for.
func (c ShowEdit) house(ctx context.Context, tx bun.Tx, p *fieldErrors, actor audit.Actor, before showRow, show *schema.Show) (house, error) {
	if c.ScreenID == nil && c.LayoutVersion == nil {
		return findHouse(ctx, tx, show.ScreenID, &before.Screen.LayoutVersion)
	}
	screen, version := show.ScreenID.String(), c.LayoutVersion
	rules.Set(&screen, c.ScreenID)
	if id, err := uuid.Parse(screen); version == nil && err == nil && id == show.ScreenID {
		version = &before.Screen.LayoutVersion // the screen it is on: nothing changes
	}
	hall, err := p.house(ctx, tx, actor, "screen_id", screen, version)
	if err != nil || hall.TheaterID == uuid.Nil {
		return hall, err
	}
	if hall.TheaterID != show.TheaterID {
		p.Add("screen_id", "Choose a screen of the same theater.")
		return house{}, nil
	}
	show.ScreenID, show.LayoutID = hall.ScreenID, hall.LayoutID
	return hall, nil
}

// move sets when the show starts and ends, and when it is sold.
func (c ShowEdit) move(ctx context.Context, tx bun.Tx, p *fieldErrors, before showRow, now time.Time, show *schema.Show) error {
	if start, given := p.start(c.StartsAt, c.LocalStartsAt, before.TimeZone); given && !start.Equal(show.StartsAt) {
		p.ahead(startField(c.LocalStartsAt), start, now)
		by := start.Sub(show.StartsAt)
		show.StartsAt = start
		show.EndsAt = show.EndsAt.Add(by)
		show.SalesCloseAt = show.SalesCloseAt.Add(by)
	}
	rules.Set(&show.EndsAt, p.check().Moment("ends_at", c.EndsAt))
	if seating(*show) != seating(before.Show) {
		var movie schema.Movie
		if err := tx.NewSelect().Model(&movie).Where("m.id = ?", show.MovieID).Scan(ctx); err != nil {
			return fmt.Errorf("read the movie: %w", err)
		}
		p.check().End("ends_at", *show, movie)
	}
	rules.Set(&show.SalesOpenAt, p.check().Moment("sales_open_at", c.SalesOpenAt))
	rules.Set(&show.SalesCloseAt, p.check().Moment("sales_close_at", c.SalesCloseAt))
	p.check().SalesClose("sales_close_at", *show)
	return nil
}

// price sets what the show charges, and checks that it still fits the layout.
func (c ShowEdit) price(ctx context.Context, tx bun.Tx, p *fieldErrors, hall house, show *schema.Show) error {
	terms := charged{prices: show.Prices, feePerSeat: show.FeePerSeat, taxBasisPoints: show.TaxBasisPoints}
	switch {
	case c.PriceCardID != nil && c.Charges.given():
		p.Add("price_card_id", "Give a price card or prices, not both.")
	case hall.LayoutID == uuid.Nil: // the screen is the problem
	case c.PriceCardID != nil && hall.Currency != show.Currency:
		p.Add("price_card_id", "The theater charges %s by now, and this show %s.", hall.Currency, show.Currency)
	case c.PriceCardID != nil:
		if err := p.card(ctx, tx, "price_card_id", *c.PriceCardID, hall, &terms); err != nil {
			return err
		}
	default:
		c.Charges.onto(p, "", &terms, show.Currency, hall.charging)
		p.cover("prices", terms.prices, hall.Layout)
	}
	terms.onto(show)
	return nil
}

// DeleteShow removes a show that was never booked, as if it had not been
// planned. Codes: not_found, forbidden, conflict.
func (s *Store) DeleteShow(ctx context.Context, actor audit.Actor, id string) error {
	return s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := lockShow(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model(&row.Show).WherePK().Exec(ctx); err != nil {
			// Its bookings, and what was told to them, refer to it.
			if hasState(err, stateForeignKey) {
				return booking.E(booking.CodeConflict,
					"This show was booked, so it stays on record. POST /v1/admin/shows/%s/cancel gives its customers their money back.", row.ID).Wrap(err)
			}
			return fmt.Errorf("delete the show: %w", err)
		}
		return recordShow(ctx, tx, actor, "delete", row.TheaterID, row.ID, row.view().Terms(), nil)
	})
}
