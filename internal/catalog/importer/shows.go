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

const maxCategories = 20

// showLine is what a file says of a show.
type showLine struct {
	Movie   *string `json:"movie"`
	Theater *string `json:"theater"`
	Screen  *string `json:"screen"`
	Starts  *string `json:"starts"`
	Ends    *string `json:"ends"`
	rules.Presentation
	Prices         *map[string]int64 `json:"prices"`
	FeePerSeat     *int64            `json:"fee_per_seat"`
	TaxBasisPoints *int64            `json:"tax_basis_points"`
	SalesOpen      *string           `json:"sales_open"`
	SalesClose     *string           `json:"sales_close"`

	f *findings
}

func (s *showLine) check(f *findings) {
	required(f, "movie", s.Movie)
	required(f, "theater", s.Theater)
	required(f, "screen", s.Screen)
	required(f, "starts", s.Starts)
	s.Movie = f.name("movie", s.Movie, rules.MaxTitle)
	s.Theater = f.name("theater", s.Theater, rules.MaxName)
	s.Screen = f.name("screen", s.Screen, rules.MaxWord)
	s.Presentation.Check(f.add, "")
	if s.Prices != nil {
		f.prices(*s.Prices)
	}
	rules.Between(f.add, "fee_per_seat", s.FeePerSeat, 0, rules.LargestPrice)
	rules.Between(f.add, "tax_basis_points", s.TaxBasisPoints, 0, rules.LargestTax)
}

func (f *findings) prices(prices map[string]int64) {
	if len(prices) == 0 || len(prices) > maxCategories {
		f.add("prices", "Give the price of each category, at most %d.", maxCategories)
		return
	}
	for _, category := range slices.Sorted(maps.Keys(prices)) {
		price := prices[category]
		rules.Between(f.add, "prices."+category, &price, 1, rules.LargestPrice) // a payment provider takes no payment of nothing
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
	fine := false
	if err == nil {
		at, fine = f.check().WholeMinute(field, at.UTC())
	} else {
		at, fine = f.check().LocalStart(field, written, zone)
	}
	if !fine {
		return nil
	}
	return &at
}

// over writes what the line says over a show, whose start stands.
func (s *showLine) over(show *schema.Show, hall screenOf, movie schema.Movie) {
	s.Presentation.Over(show)
	rules.Set(&show.Prices, s.Prices)
	rules.Set(&show.FeePerSeat, s.FeePerSeat)
	rules.Set(&show.TaxBasisPoints, s.TaxBasisPoints)
	if ends := s.f.moment("ends", s.Ends, rules.Zone(hall.TimeZone)); ends != nil {
		show.EndsAt = *ends
		s.f.check().End("ends", *show, movie)
	}
	rules.Set(&show.SalesOpenAt, s.f.moment("sales_open", s.SalesOpen, rules.Zone(hall.TimeZone)))
	rules.Set(&show.SalesCloseAt, s.f.moment("sales_close", s.SalesClose, rules.Zone(hall.TimeZone)))
}

// terms checks what a seat of the layout costs, and when it is sold.
func (f *findings) terms(show schema.Show, layout booking.Layout) {
	missing, unknown := rules.Categories(show.Prices, layout)
	for _, category := range missing {
		if show.Prices != nil {
			f.add("prices", "The layout also has %s.", category)
		}
	}
	for _, category := range unknown {
		f.add("prices."+category, "The layout has no such category.")
	}
	if !f.about("ends") {
		f.check().SalesClose("sales_close", show)
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
