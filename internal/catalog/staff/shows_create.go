package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// NewShow is a show to be planned. It starts at StartsAt or, on the theater's
// clock, at LocalStartsAt.
type NewShow struct {
	MovieID       string  `json:"movie_id"`
	ScreenID      string  `json:"screen_id"`
	StartsAt      *string `json:"starts_at"`
	LocalStartsAt *string `json:"local_starts_at"`
	EndsAt        *string `json:"ends_at"`
	rules.Presentation
	SalesOpenAt  *string `json:"sales_open_at"`
	SalesCloseAt *string `json:"sales_close_at"`
	Charges
	PriceCardID *string `json:"price_card_id"`
}

// CreateShow plans a show on the screen's newest layout. Codes:
// validation_failed, forbidden, conflict (an Overlap).
func (s *Store) CreateShow(ctx context.Context, actor audit.Actor, in NewShow) (Show, error) {
	var view Show
	planned := schema.Show{ID: uuid.New(), Status: booking.ShowScheduled}
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := plan(ctx, tx, actor, s.charging, in, &planned); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&planned).Exec(ctx); err != nil {
			return showRefused(err)
		}
		row, err := findShow(ctx, tx, planned.ID.String())
		if err != nil {
			return err
		}
		view = row.view()
		return recordShow(ctx, tx, actor, "create", planned.TheaterID, planned.ID, nil, view.Terms())
	})
	return view, s.nameOverlap(ctx, err, planned)
}

// plan fills in a show from what was asked.
func plan(ctx context.Context, tx bun.Tx, actor audit.Actor, charging booking.Charging, in NewShow, show *schema.Show) error {
	var p fieldErrors
	movie, err := p.movie(ctx, tx, "movie_id", in.MovieID)
	if err != nil {
		return err
	}
	hall, err := p.house(ctx, tx, actor, "screen_id", in.ScreenID, nil)
	if err != nil {
		return err
	}
	hall.charging = charging
	now, err := clockOf(ctx, tx)
	if err != nil {
		return err
	}
	required(&p, "format", in.Format)
	required(&p, "language", in.Language)
	in.Presentation.Check(p.Add, "")
	in.Presentation.Over(show)
	show.MovieID = movie.ID
	if hall.TheaterID == uuid.Nil { // nothing below could be checked
		return p.Err()
	}
	show.TheaterID, show.ScreenID, show.LayoutID, show.Currency = hall.TheaterID, hall.ScreenID, hall.LayoutID, hall.Currency

	start, known := p.start(in.StartsAt, in.LocalStartsAt, hall.TimeZone)
	if !known && in.StartsAt == nil && in.LocalStartsAt == nil {
		p.Add("starts_at", "Is required, unless local_starts_at is given.")
	}
	if known {
		show.StartsAt = start
		if p.ahead(startField(in.LocalStartsAt), start, now) {
			p.window(in, movie, now, show)
		}
	}
	var terms charged
	if err := p.price(ctx, tx, "", in.Charges, in.PriceCardID, hall, &terms); err != nil {
		return err
	}
	terms.onto(show)
	return p.Err()
}

// price works out what a new show charges. at is the path of the object.
func (p *fieldErrors) price(ctx context.Context, tx bun.Tx, at string, charges Charges, cardID *string, hall house, into *charged) error {
	switch {
	case cardID != nil && charges.given():
		p.Add(at+"price_card_id", "Give a price card or prices, not both.")
	case cardID != nil:
		return p.card(ctx, tx, at+"price_card_id", *cardID, hall, into)
	case charges.Prices == nil:
		p.Add(at+"prices", "Is required, unless price_card_id is given.")
	default:
		charges.onto(p, at, into, hall.Currency, hall.charging)
		p.cover(at+"prices", into.prices, hall.Layout)
	}
	return nil
}

func (c charged) onto(show *schema.Show) {
	show.Prices, show.FeePerSeat, show.TaxBasisPoints = c.prices, c.feePerSeat, c.taxBasisPoints
}

// start reads the one or the other way to say when a show begins. False when
// neither says it well.
func (p *fieldErrors) start(startsAt, localStartsAt *string, timeZone string) (time.Time, bool) {
	switch {
	case startsAt != nil && localStartsAt != nil:
		p.Add("local_starts_at", "Give starts_at or local_starts_at, not both.")
	case startsAt != nil:
		if moment := p.check().Moment("starts_at", startsAt); moment != nil {
			return *moment, true
		}
	case localStartsAt != nil:
		return p.check().LocalStart("local_starts_at", *localStartsAt, rules.Zone(timeZone))
	}
	return time.Time{}, false
}

func startField(localStartsAt *string) string {
	if localStartsAt != nil {
		return "local_starts_at"
	}
	return "starts_at"
}

// ahead refuses what is over already, and what is too far away. False when there
// is a problem.
func (p *fieldErrors) ahead(field string, start, now time.Time) bool {
	switch {
	case !start.After(now):
		p.Add(field, "This time has passed.")
	case start.After(now.AddDate(rules.YearsAhead, 0, 0)):
		p.Add(field, "Is more than three years away.")
	default:
		return true
	}
	return false
}

// window sets when a new show ends and when it is sold.
func (p *fieldErrors) window(in NewShow, movie schema.Movie, now time.Time, show *schema.Show) {
	switch ends := p.check().Moment("ends_at", in.EndsAt); {
	case ends != nil:
		show.EndsAt = *ends
		p.check().End("ends_at", *show, movie)
	case in.EndsAt == nil && movie.ID != uuid.Nil && movie.RuntimeMinutes == 0:
		p.Add("ends_at", "Is required: the movie's runtime is not known.")
	case in.EndsAt == nil:
		show.EndsAt = show.StartsAt.Add(time.Duration(movie.RuntimeMinutes)*time.Minute + rules.Extras)
	}
	show.SalesOpenAt, show.SalesCloseAt = now, show.StartsAt.Add(-rules.ClosesBefore)
	rules.Set(&show.SalesOpenAt, p.check().Moment("sales_open_at", in.SalesOpenAt))
	rules.Set(&show.SalesCloseAt, p.check().Moment("sales_close_at", in.SalesCloseAt))
	p.check().SalesClose("sales_close_at", *show)
}

// house finds the screen of something new; the zero house when there is a
// problem. Code: forbidden.
func (p *fieldErrors) house(ctx context.Context, db bun.IDB, actor audit.Actor, field, text string, version *int) (house, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		p.Add(field, "There is no such screen.")
		return house{}, nil
	}
	hall, err := findHouse(ctx, db, id, version)
	if booking.CodeOf(err) == booking.CodeNotFound {
		p.Add(field, "There is no such screen.")
		return house{}, nil
	}
	if err != nil {
		return house{}, err
	}
	if err := mayManage(ctx, db, actor, hall.TheaterID); err != nil {
		return house{}, err
	}
	switch {
	case hall.Retired:
		p.Add(field, "This screen was retired.")
	case hall.LayoutID == uuid.Nil && version != nil:
		p.Add("layout_version", "The screen has no such version.")
	case hall.LayoutID == uuid.Nil:
		p.Add(field, "This screen has no layout yet.")
	default:
		return hall, nil
	}
	return house{}, nil
}

// clockOf reads the database's clock, which sales go by.
func clockOf(ctx context.Context, db bun.IDB) (now time.Time, err error) {
	if err := db.NewRaw(`SELECT clock_timestamp()`).Scan(ctx, &now); err != nil {
		return now, fmt.Errorf("read the clock: %w", err)
	}
	return now, nil
}

func recordShow(ctx context.Context, tx bun.Tx, actor audit.Actor, action string, theater, show uuid.UUID, before, after any) error {
	return record(ctx, tx, audit.Entry{
		Actor: actor, Action: action, Entity: "show", EntityID: show.String(), TheaterID: theater, Before: before, After: after,
	})
}
