package importer

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// showWrite is a show as a line wants it.
type showWrite struct {
	f     *findings
	row   schema.Show
	isNew bool
	leave bool // it stays as it is
	moves bool // its end
}

// screenOf is a screen with what its shows have of it.
type screenOf struct {
	ScreenID  uuid.UUID
	TheaterID uuid.UUID
	LayoutID  *uuid.UUID
	Layout    *booking.Layout
	Slug      string // the theater's
	Name      string // the screen's
	TimeZone  string
	Currency  string
	Retired   bool
}

// program is what the database knows of what a batch is about.
type program struct {
	now     time.Time
	movies  map[string]schema.Movie // by slug and by id
	houses  map[string]bool         // slugs
	screens map[[2]string]screenOf
	shows   map[slot]planned
}

// planned is a show that is there.
type planned struct {
	schema.Show
	Layout booking.Layout // that it sells
}

// resolve finds what each line is about, and writes it over what is there.
func (s *shows) resolve(ctx context.Context, tx pgx.Tx) ([]showWrite, error) {
	lines := s.pending
	s.pending = nil
	p, err := readProgram(ctx, tx, lines)
	if err != nil {
		return nil, err
	}
	writes := make([]showWrite, len(lines))
	starts := make([]*time.Time, len(lines))
	var slots []slot
	for i := range lines {
		writes[i].f = lines[i].f
		hall, found := p.screens[[2]string{*lines[i].Theater, *lines[i].Screen}]
		if !found {
			continue
		}
		if starts[i] = lines[i].f.moment("starts", lines[i].Starts, rules.Zone(hall.TimeZone)); starts[i] != nil {
			slots = append(slots, slot{hall.ScreenID, starts[i].Unix()})
		}
	}
	if err := p.readShows(ctx, tx, slots); err != nil {
		return nil, err
	}
	for i := range lines {
		s.plan(p, &lines[i], starts[i], &writes[i])
		s.checkCharges(lines[i], writes[i])
	}
	return writes, nil
}

// checkCharges looks at a show's charges when the line is about them.
func (s *shows) checkCharges(line showLine, w showWrite) {
	said := line.Prices != nil || line.FeePerSeat != nil || line.TaxBasisPoints != nil
	if !said || w.leave || w.row.ID == uuid.Nil || line.f.refused() {
		return
	}
	line.f.check().Chargeable(s.charging, rules.Charges{
		Currency: w.row.Currency, Prices: w.row.Prices, FeePerSeat: w.row.FeePerSeat, TaxBasisPoints: w.row.TaxBasisPoints,
	}, "", "")
}

func (s *shows) plan(p *program, line *showLine, starts *time.Time, w *showWrite) {
	f := line.f
	movie, known := p.movies[*line.Movie]
	if !known {
		f.add("movie", "There is no movie %s. Write its slug or its id.", printable(*line.Movie))
	}
	hall, found := p.screens[[2]string{*line.Theater, *line.Screen}]
	switch {
	case found:
	case p.houses[*line.Theater]:
		f.add("screen", "The theater has no screen %s.", printable(*line.Screen))
	default:
		f.add("theater", "There is no theater %s. Write its slug.", printable(*line.Theater))
	}
	if !known || !found || starts == nil {
		return
	}
	at := slot{hall.ScreenID, starts.Unix()}
	if earlier, twice := s.earlier[at]; twice {
		f.add("starts", "Line %d is about this screen and time already.", earlier)
		return
	}
	s.earlier[at] = f.line
	there, planned := p.shows[at]
	switch {
	case !planned:
		p.newShow(line, hall, movie, *starts, w)
	case there.MovieID == movie.ID:
		w.change(line, hall, movie, there, p.now)
	case there.Status == booking.ShowCancelled:
		p.newShow(line, hall, movie, *starts, w) // the slot is free
	default:
		f.add("starts", "Another movie is planned on this screen at this time. Cancel that show first.")
	}
}

// newShow plans a show on the screen's newest layout.
func (p *program) newShow(line *showLine, hall screenOf, movie schema.Movie, starts time.Time, w *showWrite) {
	f := line.f
	required(f, "format", line.Format)
	required(f, "language", line.Language)
	required(f, "prices", line.Prices)
	switch {
	case movie.RetiredAt != nil:
		f.add("movie", "This movie was retired.")
	case hall.Retired:
		f.add("screen", "This screen, or its theater, was retired.")
	case hall.LayoutID == nil:
		f.add("screen", "This screen has no layout yet.")
	case !starts.After(p.now):
		f.add("starts", "This time has passed.")
	case starts.After(p.now.AddDate(rules.YearsAhead, 0, 0)):
		f.add("starts", "Is more than %d years away.", rules.YearsAhead)
	case line.Ends == nil && movie.RuntimeMinutes == 0:
		f.add("ends", "Is required: the movie's runtime is not known.")
	}
	if f.refused() {
		return
	}
	w.isNew = true
	w.row = schema.Show{
		ID: uuid.New(), MovieID: movie.ID, TheaterID: hall.TheaterID, ScreenID: hall.ScreenID, LayoutID: *hall.LayoutID,
		StartsAt: starts, EndsAt: starts.Add(time.Duration(movie.RuntimeMinutes)*time.Minute + rules.Extras),
		SalesOpenAt: p.now, SalesCloseAt: starts.Add(-rules.ClosesBefore), Currency: hall.Currency,
	}
	line.over(&w.row, hall, movie)
	f.terms(w.row, *hall.Layout)
}

// change writes the line over a show that is there. What staff did to it since
// stands: one that they cancelled stays cancelled.
func (w *showWrite) change(line *showLine, hall screenOf, movie schema.Movie, there planned, now time.Time) {
	f := line.f
	if there.Status == booking.ShowCancelled {
		f.note("This show was cancelled, and stays so.")
		w.leave = true
		return
	}
	if !there.EndsAt.After(now) {
		w.leave = true
		return
	}
	w.row = there.Show
	line.over(&w.row, hall, movie)
	f.terms(w.row, there.Layout)
	w.moves = !w.row.EndsAt.Equal(there.EndsAt)
}

func readProgram(ctx context.Context, tx pgx.Tx, lines []showLine) (*program, error) {
	p := &program{movies: map[string]schema.Movie{}, houses: map[string]bool{}, screens: map[[2]string]screenOf{}, shows: map[slot]planned{}}
	if err := tx.QueryRow(ctx, `SELECT date_trunc('second', now())`).Scan(&p.now); err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	var slugs, theaters []string
	var ids []uuid.UUID
	for _, line := range lines {
		theaters = append(theaters, *line.Theater)
		if id, err := uuid.Parse(*line.Movie); err == nil {
			ids = append(ids, id)
		} else {
			slugs = append(slugs, *line.Movie)
		}
	}
	movies, err := rowsOf[schema.Movie](ctx, tx,
		`SELECT id, slug, runtime_minutes, retired_at FROM movies WHERE slug = ANY ($1) OR id = ANY ($2)`, slugs, ids)
	if err != nil {
		return nil, fmt.Errorf("read movies: %w", err)
	}
	for _, m := range movies {
		p.movies[m.Slug], p.movies[m.ID.String()] = m, m
	}
	screens, err := rowsOf[screenOf](ctx, tx, `
		SELECT sc.id AS screen_id, sc.theater_id, l.id AS layout_id, l.layout, t.slug, sc.name, t.time_zone, t.currency,
			sc.retired_at IS NOT NULL OR t.retired_at IS NOT NULL AS retired
		FROM screens sc JOIN theaters t ON t.id = sc.theater_id
			LEFT JOIN LATERAL (SELECT id, layout FROM layouts WHERE screen_id = sc.id ORDER BY version DESC LIMIT 1) l ON true
		WHERE t.slug = ANY ($1)`, theaters)
	if err != nil {
		return nil, fmt.Errorf("read screens: %w", err)
	}
	for _, s := range screens {
		p.screens[[2]string{s.Slug, s.Name}] = s
		p.houses[s.Slug] = true
	}
	return p, nil
}

// readShows reads those in the slots; of several the one that takes place, or
// else the newest.
func (p *program) readShows(ctx context.Context, tx pgx.Tx, slots []slot) error {
	screens, starts := make([]uuid.UUID, len(slots)), make([]time.Time, len(slots))
	for i, at := range slots {
		screens[i], starts[i] = at.screen, time.Unix(at.starts, 0)
	}
	rows, err := rowsOf[planned](ctx, tx, `
		SELECT s.*, l.layout
		FROM unnest($1::uuid[], $2::timestamptz[]) AS at (screen_id, starts_at)
			JOIN shows s USING (screen_id, starts_at) JOIN layouts l ON l.id = s.layout_id
		ORDER BY s.status = 'scheduled', s.created_at`, screens, starts)
	if err != nil {
		return fmt.Errorf("read shows: %w", err)
	}
	for _, row := range rows {
		p.shows[slot{row.ScreenID, row.StartsAt.Unix()}] = row
	}
	return nil
}
