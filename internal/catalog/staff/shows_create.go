package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	// extras are trailers and interval, where the end of a show is not given.
	extras = 25 * time.Minute
	// closesBefore leaves a payment under way at the last moment the time to end
	// before the film begins.
	closesBefore = 10 * time.Minute
	longestShow  = 24 * time.Hour
	// yearsAhead is how far shows are planned; beyond it somebody mistyped a year.
	yearsAhead = 3
)

// NewShow is a show to be planned. It starts at StartsAt or, on the theater's
// clock, at LocalStartsAt.
type NewShow struct {
	MovieID       string  `json:"movie_id"`
	ScreenID      string  `json:"screen_id"`
	StartsAt      *string `json:"starts_at"`
	LocalStartsAt *string `json:"local_starts_at"`
	EndsAt        *string `json:"ends_at"`
	Presentation
	SalesOpenAt  *string `json:"sales_open_at"`
	SalesCloseAt *string `json:"sales_close_at"`
	Charges
	PriceCardID *string `json:"price_card_id"`
}

// Presentation is how a film is shown.
type Presentation struct {
	Format           *string `json:"format"`
	Language         *string `json:"language"`
	Subtitles        *string `json:"subtitles"`
	Captions         *bool   `json:"captions"`
	AudioDescription *bool   `json:"audio_description"`
	Relaxed          *bool   `json:"relaxed"`
}

func (in Presentation) onto(p *problems, at string, show *schema.Show) {
	set(&show.Format, rules.OneOf(p.add, at+"format", in.Format, rules.Formats()...))
	set(&show.Language, p.check().Language(at+"language", in.Language))
	if in.Subtitles != nil && *in.Subtitles == "" {
		show.Subtitles = ""
	} else {
		set(&show.Subtitles, p.check().Language(at+"subtitles", in.Subtitles))
	}
	set(&show.Captions, in.Captions)
	set(&show.AudioDescription, in.AudioDescription)
	set(&show.Relaxed, in.Relaxed)
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
	var p problems
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
	in.Presentation.onto(&p, "", show)
	show.MovieID = movie.ID
	if hall.TheaterID == uuid.Nil { // nothing below could be checked
		return p.err()
	}
	show.TheaterID, show.ScreenID, show.LayoutID, show.Currency = hall.TheaterID, hall.ScreenID, hall.LayoutID, hall.Currency

	start, known := p.start(in.StartsAt, in.LocalStartsAt, hall.TimeZone)
	if !known && in.StartsAt == nil && in.LocalStartsAt == nil {
		p.add("starts_at", "Is required, unless local_starts_at is given.")
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
	return p.err()
}

// price works out what a new show charges. at is the path of the object.
func (p *problems) price(ctx context.Context, tx bun.Tx, at string, charges Charges, cardID *string, hall house, into *charged) error {
	switch {
	case cardID != nil && charges.given():
		p.add(at+"price_card_id", "Give a price card or prices, not both.")
	case cardID != nil:
		return p.card(ctx, tx, at+"price_card_id", *cardID, hall, into)
	case charges.Prices == nil:
		p.add(at+"prices", "Is required, unless price_card_id is given.")
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
func (p *problems) start(startsAt, localStartsAt *string, timeZone string) (time.Time, bool) {
	switch {
	case startsAt != nil && localStartsAt != nil:
		p.add("local_starts_at", "Give starts_at or local_starts_at, not both.")
	case startsAt != nil:
		if moment := p.check().Moment("starts_at", startsAt); moment != nil {
			return *moment, true
		}
	case localStartsAt != nil:
		return p.check().LocalStart("local_starts_at", *localStartsAt, zoneOf(timeZone))
	}
	return time.Time{}, false
}

func startField(localStartsAt *string) string {
	if localStartsAt != nil {
		return "local_starts_at"
	}
	return "starts_at"
}

// zoneOf is for the zones of theaters, which were loaded before they were stored.
func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// ahead refuses what is over already, and what is too far away. False when there
// is a problem.
func (p *problems) ahead(field string, start, now time.Time) bool {
	switch {
	case !start.After(now):
		p.add(field, "This time has passed.")
	case start.After(now.AddDate(yearsAhead, 0, 0)):
		p.add(field, "Is more than three years away.")
	default:
		return true
	}
	return false
}

// window sets when a new show ends and when it is sold.
func (p *problems) window(in NewShow, movie schema.Movie, now time.Time, show *schema.Show) {
	switch ends := p.check().Moment("ends_at", in.EndsAt); {
	case ends != nil:
		show.EndsAt = *ends
		p.checkEnd(*show, movie)
	case in.EndsAt == nil && movie.ID != uuid.Nil && movie.RuntimeMinutes == 0:
		p.add("ends_at", "Is required: the movie's runtime is not known.")
	case in.EndsAt == nil:
		show.EndsAt = show.StartsAt.Add(time.Duration(movie.RuntimeMinutes)*time.Minute + extras)
	}
	show.SalesOpenAt, show.SalesCloseAt = now, show.StartsAt.Add(-closesBefore)
	set(&show.SalesOpenAt, p.check().Moment("sales_open_at", in.SalesOpenAt))
	set(&show.SalesCloseAt, p.check().Moment("sales_close_at", in.SalesCloseAt))
	p.checkSales(*show)
}

func (p *problems) checkEnd(show schema.Show, movie schema.Movie) {
	length := show.EndsAt.Sub(show.StartsAt)
	switch {
	case length <= 0:
		p.add("ends_at", "Must be after the start.")
	case length > longestShow:
		p.add("ends_at", "A show lasts at most %d hours.", int(longestShow.Hours()))
	case length < time.Duration(movie.RuntimeMinutes)*time.Minute:
		p.add("ends_at", "The movie lasts %d minutes.", movie.RuntimeMinutes)
	}
}

func (p *problems) checkSales(show schema.Show) {
	switch {
	case !show.SalesCloseAt.After(show.SalesOpenAt):
		p.add("sales_close_at", "Must be after sales open (%s). Unless it is given, sales close %d minutes before the start.",
			show.SalesOpenAt.Format(time.RFC3339), int(closesBefore.Minutes()))
	case !show.EndsAt.IsZero() && show.SalesCloseAt.After(show.EndsAt):
		p.add("sales_close_at", "Must not be after the end of the show.")
	}
}

// movie finds the film of something new; the zero movie when there is a problem.
func (p *problems) movie(ctx context.Context, db bun.IDB, field, text string) (movie schema.Movie, err error) {
	id, err := uuid.Parse(text)
	if err == nil {
		err = db.NewSelect().Model(&movie).Where("m.id = ?", id).Scan(ctx)
	} else {
		err = sql.ErrNoRows
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		p.add(field, "There is no such movie.")
	case err != nil:
		return schema.Movie{}, fmt.Errorf("read the movie: %w", err)
	case movie.RetiredAt != nil:
		p.add(field, "This movie was retired.")
	default:
		return movie, nil
	}
	return schema.Movie{}, nil
}

// house finds the screen of something new; the zero house when there is a
// problem. Code: forbidden.
func (p *problems) house(ctx context.Context, db bun.IDB, actor audit.Actor, field, text string, version *int) (house, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		p.add(field, "There is no such screen.")
		return house{}, nil
	}
	hall, err := findHouse(ctx, db, id, version)
	if booking.CodeOf(err) == booking.CodeNotFound {
		p.add(field, "There is no such screen.")
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
		p.add(field, "This screen was retired.")
	case hall.LayoutID == uuid.Nil && version != nil:
		p.add("layout_version", "The screen has no such version.")
	case hall.LayoutID == uuid.Nil:
		p.add(field, "This screen has no layout yet.")
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
