package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// As for the shows that staff plan one by one.
const (
	extras        = 25 * time.Minute // trailers and interval, where the end of a show is not given
	closesBefore  = 10 * time.Minute // so that a payment under way ends before the film begins
	longestShow   = 24 * time.Hour
	planAhead     = 3 // years
	largestPrice  = int64(1_000_000_000)
	largestTax    = int64(10_000)
	maxCategories = 20
)

// showLine is what a file says of a show.
type showLine struct {
	Movie            *string           `json:"movie"`
	Theater          *string           `json:"theater"`
	Screen           *string           `json:"screen"`
	Starts           *string           `json:"starts"`
	Ends             *string           `json:"ends"`
	Format           *string           `json:"format"`
	Language         *string           `json:"language"`
	Subtitles        *string           `json:"subtitles"`
	Captions         *bool             `json:"captions"`
	AudioDescription *bool             `json:"audio_description"`
	Relaxed          *bool             `json:"relaxed"`
	Prices           *map[string]int64 `json:"prices"`
	FeePerSeat       *int64            `json:"fee_per_seat"`
	TaxBasisPoints   *int64            `json:"tax_basis_points"`
	SalesOpen        *string           `json:"sales_open"`
	SalesClose       *string           `json:"sales_close"`

	f *findings
}

func (s *showLine) check(f *findings) {
	required(f, "movie", s.Movie)
	required(f, "theater", s.Theater)
	required(f, "screen", s.Screen)
	required(f, "starts", s.Starts)
	s.Movie = f.name("movie", s.Movie, maxTitle)
	s.Theater = f.name("theater", s.Theater, maxName)
	s.Screen = f.name("screen", s.Screen, maxWord)
	rules.OneOf(f.add, "format", s.Format, rules.Formats()...)
	s.Language = f.check().Language("language", s.Language)
	if s.Subtitles != nil && *s.Subtitles != "" {
		s.Subtitles = f.check().Language("subtitles", s.Subtitles)
	}
	if s.Prices != nil {
		f.prices(*s.Prices)
	}
	rules.Between(f.add, "fee_per_seat", s.FeePerSeat, 0, largestPrice)
	rules.Between(f.add, "tax_basis_points", s.TaxBasisPoints, 0, largestTax)
}

func (f *findings) prices(prices map[string]int64) {
	if len(prices) == 0 || len(prices) > maxCategories {
		f.add("prices", "Give the price of each category, at most %d.", maxCategories)
		return
	}
	for _, category := range slices.Sorted(maps.Keys(prices)) {
		price := prices[category]
		rules.Between(f.add, "prices."+category, &price, 1, largestPrice) // a payment provider takes no payment of nothing
	}
}

// moment reads a time with its offset, or without one on a theater's clock. Nil
// for none, and for a problem.
func (f *findings) moment(field string, text *string, zone *time.Location) *time.Time {
	if text == nil {
		return nil
	}
	written := strings.Replace(strings.TrimSpace(*text), " ", "T", 1) // as spreadsheets write it
	at, err := time.Parse(time.RFC3339, written)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04Z07:00", written)
	}
	read := f.check()
	fine := false
	if err == nil {
		at, fine = read.WholeMinute(field, at.UTC())
	} else {
		at, fine = read.LocalStart(field, written, zone)
	}
	if !fine {
		return nil
	}
	return &at
}

// over writes what the line says over a show, whose start stands.
func (s *showLine) over(show *schema.Show, hall screenOf, movie schema.Movie) {
	set(&show.Format, s.Format)
	set(&show.Language, s.Language)
	set(&show.Subtitles, s.Subtitles)
	set(&show.Captions, s.Captions)
	set(&show.AudioDescription, s.AudioDescription)
	set(&show.Relaxed, s.Relaxed)
	set(&show.Prices, s.Prices)
	set(&show.FeePerSeat, s.FeePerSeat)
	set(&show.TaxBasisPoints, s.TaxBasisPoints)
	if ends := s.f.moment("ends", s.Ends, hall.zone()); ends != nil {
		show.EndsAt = *ends
		s.f.end(*show, movie)
	}
	set(&show.SalesOpenAt, s.f.moment("sales_open", s.SalesOpen, hall.zone()))
	set(&show.SalesCloseAt, s.f.moment("sales_close", s.SalesClose, hall.zone()))
}

func (f *findings) end(show schema.Show, movie schema.Movie) {
	length := show.EndsAt.Sub(show.StartsAt)
	switch {
	case length <= 0:
		f.add("ends", "Must be after the start.")
	case length > longestShow:
		f.add("ends", "A show lasts at most %d hours.", int(longestShow.Hours()))
	case length < time.Duration(movie.RuntimeMinutes)*time.Minute:
		f.add("ends", "The movie lasts %d minutes.", movie.RuntimeMinutes)
	}
}

// terms checks what a seat of the layout costs, and when it is sold.
func (f *findings) terms(show schema.Show, layout booking.Layout) {
	categories := map[string]bool{}
	for _, row := range layout.Rows {
		categories[row.Category] = true
	}
	for _, category := range slices.Sorted(maps.Keys(categories)) {
		if _, priced := show.Prices[category]; !priced && show.Prices != nil {
			f.add("prices", "The layout also has %s.", category)
		}
	}
	for _, category := range slices.Sorted(maps.Keys(show.Prices)) {
		if !categories[category] {
			f.add("prices."+category, "The layout has no such category.")
		}
	}
	switch {
	case f.about("ends"):
	case !show.SalesCloseAt.After(show.SalesOpenAt):
		f.add("sales_close", "Must be after sales open (%s). Unless it is given, sales close %d minutes before the start.",
			show.SalesOpenAt.Format(time.RFC3339), int(closesBefore.Minutes()))
	case show.SalesCloseAt.After(show.EndsAt):
		f.add("sales_close", "Must not be after the end of the show.")
	}
}

var showsTable = table{name: "shows", columns: []string{ // a trigger sets updated_at
	"id", "movie_id", "theater_id", "screen_id", "layout_id", "starts_at", "ends_at", "format", "language", "subtitles",
	"captions", "audio_description", "relaxed", "sales_open_at", "sales_close_at", "currency", "prices", "fee_per_seat", "tax_basis_points"}}

func showValues(s schema.Show) []any {
	return []any{s.ID, s.MovieID, s.TheaterID, s.ScreenID, s.LayoutID, s.StartsAt, s.EndsAt, s.Format, s.Language, s.Subtitles,
		s.Captions, s.AudioDescription, s.Relaxed, s.SalesOpenAt, s.SalesCloseAt, s.Currency, s.Prices, s.FeePerSeat, s.TaxBasisPoints}
}

// shows imports screenings.
type shows struct {
	pending []showLine
	// earlier are the lines about each screen and start.
	earlier  map[slot]int
	charging booking.Charging
}

// slot is what a show is known by.
type slot struct {
	screen uuid.UUID
	starts int64 // Unix time
}

func newShows(charging booking.Charging) *shows {
	return &shows{earlier: map[slot]int{}, charging: charging}
}

func (*shows) fields() spec { return specOf[showLine]() }

func (*shows) prepare(ctx context.Context, conn *pgx.Conn) error {
	return showsTable.prepare(ctx, conn)
}

func (s *shows) take(rec record, f *findings) {
	line := decode[showLine](rec, f)
	line.check(f)
	if !f.refused() {
		line.f = &findings{line: f.line, columns: f.columns}
		s.pending = append(s.pending, line)
	}
}

// recall notes the slots of the lines.
func (s *shows) recall(ctx context.Context, tx pgx.Tx) error {
	_, err := s.resolve(ctx, tx)
	return err
}

func (s *shows) write(ctx context.Context, tx pgx.Tx) (Summary, []Problem, error) {
	var sum Summary
	lines, err := s.resolve(ctx, tx)
	if err != nil {
		return sum, nil, err
	}
	if err := refuseClaimed(ctx, tx, lines); err != nil {
		return sum, nil, err
	}
	var problems []Problem
	var writes []showWrite
	for _, w := range lines {
		switch {
		case w.f.refused():
			sum.Refused++
		case w.leave:
			sum.Unchanged++
		default:
			writes = append(writes, w)
			continue
		}
		problems = append(problems, w.f.all...)
	}
	wrote, err := writeShows(ctx, tx, writes)
	if err != nil {
		return sum, nil, fmt.Errorf("write shows: %w", err)
	}
	for _, w := range writes {
		problems = append(problems, w.f.all...)
	}
	sum.Added, sum.Changed = wrote.Added, wrote.Changed
	sum.Refused += wrote.Refused
	sum.Unchanged += wrote.Unchanged
	return sum, problems, nil
}
