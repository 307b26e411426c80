package importer

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

var (
	citiesTable   = table{name: "cities", columns: []string{"id", "slug", "name", "country", "time_zone", "currency", "lat", "lon"}}
	theatersTable = table{name: "theaters", stamped: true, columns: []string{
		"id", "slug", "city_id", "name", "address", "lat", "lon", "time_zone", "currency", "amenities", "accessibility",
		"accessible_release_minutes"}}
	screensTable = table{name: "screens", columns: []string{"id", "theater_id", "name", "cleaning_minutes"}}
	layoutsTable = table{name: "layouts", columns: []string{"id", "screen_id", "version", "layout", "capacity"}}
)

// cleaningMinutes lie between two shows unless a file says otherwise.
const cleaningMinutes = 15

// theaters imports houses with their screens and layouts.
type theaters struct {
	format   Format
	at       paths
	pending  []theaterLine
	charging booking.Charging

	// earlier is what the file said of each house so far, by slug; screens are
	// those it named, with the line.
	earlier map[string]theaterLine
	screens map[[2]string]int
	// zones are those that Postgres knows, which reads the same clocks with its own
	// copy of the IANA database.
	zones map[string]bool
}

func newTheaters(format Format, charging booking.Charging) *theaters {
	return &theaters{format: format, charging: charging, at: pathsOf(format), earlier: map[string]theaterLine{}, screens: map[[2]string]int{}, zones: map[string]bool{}}
}

func (t *theaters) fields() spec {
	if t.format == CSV {
		return specOf[theaterRow]()
	}
	return specOf[theaterLine]()
}

func (t *theaters) prepare(ctx context.Context, conn *pgx.Conn) error {
	rows, _ := conn.Query(ctx, `SELECT name FROM pg_timezone_names`) // its error is that of the rows
	zones, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read the time zones that the database knows: %w", err)
	}
	for _, zone := range zones {
		t.zones[zone] = true
	}
	for _, table := range []table{citiesTable, theatersTable, screensTable, layoutsTable} {
		if err := table.prepare(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

func (t *theaters) take(rec record, f *findings) {
	var line theaterLine
	if t.format == CSV {
		line = decode[theaterRow](rec, f).whole()
	} else {
		line = decode[theaterLine](rec, f)
	}
	line.check(f, t.at)
	f.check().ChargedIn(t.charging, "currency", line.Currency)
	if line.City != nil && line.Currency == nil {
		f.check().ChargedIn(t.charging, t.at.city("currency"), line.City.Currency)
	}
	if !f.refused() {
		t.checkZones(line, f)
	}
	if !f.refused() {
		t.compare(line, f)
	}
	if !f.refused() {
		t.pending = append(t.pending, line)
	}
}

func (t *theaters) checkZones(line theaterLine, f *findings) {
	check := func(field string, zone *string) {
		if zone != nil && !t.zones[*zone] {
			f.add(field, rules.WrongZone)
		}
	}
	check("time_zone", line.TimeZone)
	if line.City != nil {
		check(t.at.city("time_zone"), line.City.TimeZone)
	}
}

// compare refuses what the file said before. Of a CSV the rows of a house follow
// each other with another screen each.
func (t *theaters) compare(line theaterLine, f *findings) {
	earlier, there := t.earlier[*line.Slug]
	switch {
	case !there:
		t.earlier[*line.Slug] = line
	case t.format != CSV:
		f.add("slug", "Line %d is about this theater already.", earlier.line)
		return
	}
	for _, field := range differences(earlier, line, t.at) {
		f.add(field, "Line %d says otherwise of this theater.", earlier.line)
	}
	for i, s := range valueOf(line.Screens) {
		key := [2]string{*line.Slug, *s.Name}
		if first, twice := t.screens[key]; twice {
			f.add(t.at.screen(i, "name"), "Line %d is about this screen already.", first)
		} else {
			t.screens[key] = line.line
		}
	}
}

// recall has nothing to ask the database for: take has noted the lines.
func (t *theaters) recall(context.Context, pgx.Tx) error {
	t.pending = nil
	return nil
}

// houses is what the database knows of the houses of a batch. Lines write over it
// one after the other.
type houses struct {
	cities   map[string]schema.City
	theaters map[string]schema.Theater
	screens  map[uuid.UUID]map[string]schema.Screen // by theater and name
	layouts  map[uuid.UUID]schema.Layout            // the newest, by screen
	// onSale are the houses with shows that are not over, priced those with price
	// cards: their clock and their currency stand.
	onSale, priced map[uuid.UUID]bool
}

// houseWrite is what a line makes of a house.
type houseWrite struct {
	line    int
	city    schema.City
	theater schema.Theater
	screens []schema.Screen
	layouts []schema.Layout
}

func (t *theaters) write(ctx context.Context, tx pgx.Tx) (Summary, []Problem, error) {
	var (
		sum    Summary
		f      findings
		writes []houseWrite
	)
	lines := t.pending
	t.pending = nil
	known, err := readHouses(ctx, tx, lines)
	if err != nil {
		return sum, nil, err
	}
	for _, line := range lines {
		own := findings{line: line.line, columns: line.columns}
		w := known.apply(line, &own, t.at)
		f.all = append(f.all, own.all...)
		if own.refused() {
			sum.Refused++
			continue
		}
		writes = append(writes, w)
	}
	did := newOutcome()
	turnedDown := map[int]bool{}
	err = isolate(ctx, tx, 0, len(writes), func(tx pgx.Tx, from, to int) error {
		done, err := writeHouses(ctx, tx, writes[from:to])
		did.include(done)
		return err
	}, func(at int, why *pgconn.PgError) {
		f.line = writes[at].line
		f.add(why.ColumnName, "The database refuses it: %s.", why.Message)
		turnedDown[at] = true
	})
	for at, w := range writes {
		switch {
		case turnedDown[at]:
			sum.Refused++
		case w.adds(did, t.format):
			sum.Added++
		case w.changes(did):
			sum.Changed++
		default:
			sum.Unchanged++
		}
	}
	return sum, f.all, err
}

// adds tells whether the line was new: its theater, or in a CSV its screen.
func (w houseWrite) adds(did outcome, format Format) bool {
	if format == CSV && len(w.screens) > 0 {
		return did.added[w.screens[0].ID]
	}
	return did.added[w.theater.ID]
}

func (w houseWrite) changes(did outcome) bool {
	changed := did.added[w.city.ID] || did.changed[w.theater.ID] || did.added[w.theater.ID]
	for _, s := range w.screens {
		changed = changed || did.added[s.ID] || did.changed[s.ID]
	}
	for _, l := range w.layouts {
		changed = changed || did.added[l.ID]
	}
	return changed
}

func writeHouses(ctx context.Context, tx pgx.Tx, writes []houseWrite) (outcome, error) {
	did := newOutcome()
	cities, theaters := map[uuid.UUID][]any{}, map[uuid.UUID][]any{}
	screens, layouts := map[uuid.UUID][]any{}, map[uuid.UUID][]any{}
	for _, w := range writes { // a later row of the same house knows more
		c, t := w.city, w.theater
		cities[c.ID] = []any{c.ID, c.Slug, c.Name, c.Country, c.TimeZone, c.Currency, c.Lat, c.Lon}
		theaters[t.ID] = []any{t.ID, t.Slug, t.CityID, t.Name, t.Address, t.Lat, t.Lon, t.TimeZone, t.Currency, t.Amenities, t.Accessibility,
			t.AccessibleReleaseMinutes}
		for _, s := range w.screens {
			screens[s.ID] = []any{s.ID, s.TheaterID, s.Name, s.CleaningMinutes}
		}
		for _, l := range w.layouts {
			layouts[l.ID] = []any{l.ID, l.ScreenID, l.Version, l.Layout, l.Capacity}
		}
	}
	for _, step := range []struct {
		table table
		rows  map[uuid.UUID][]any
	}{{citiesTable, cities}, {theatersTable, theaters}, {screensTable, screens}, {layoutsTable, layouts}} {
		done, err := step.table.write(ctx, tx, slices.Collect(maps.Values(step.rows)))
		if err != nil {
			return outcome{}, err // all of it is rolled back
		}
		did.include(done)
	}
	return did, nil
}

func readHouses(ctx context.Context, tx pgx.Tx, lines []theaterLine) (*houses, error) {
	h := &houses{map[string]schema.City{}, map[string]schema.Theater{}, map[uuid.UUID]map[string]schema.Screen{}, map[uuid.UUID]schema.Layout{}, map[uuid.UUID]bool{}, map[uuid.UUID]bool{}}
	slugs := make([]string, 0, len(lines))
	for _, line := range lines {
		slugs = append(slugs, *line.Slug)
	}
	cities, err := rowsOf[schema.City](ctx, tx, `SELECT `+strings.Join(citiesTable.columns, ", ")+` FROM cities`)
	if err != nil {
		return nil, fmt.Errorf("read cities: %w", err)
	}
	for _, c := range cities {
		h.cities[c.Slug] = c
	}
	theaters, err := rowsOf[schema.Theater](ctx, tx,
		`SELECT `+strings.Join(theatersTable.columns, ", ")+`, retired_at FROM theaters WHERE slug = ANY ($1)`, slugs)
	if err != nil {
		return nil, fmt.Errorf("read theaters: %w", err)
	}
	ids := make([]uuid.UUID, 0, len(theaters))
	for _, t := range theaters {
		h.theaters[t.Slug] = t
		ids = append(ids, t.ID)
	}
	rows, _ := tx.Query(ctx, `
		SELECT t.id, EXISTS (SELECT FROM shows s WHERE s.theater_id = t.id AND s.status = 'scheduled' AND s.ends_at > now()),
			EXISTS (SELECT FROM price_cards c WHERE c.theater_id = t.id)
		FROM theaters t WHERE t.id = ANY ($1)`, ids) // its error is that of the rows
	var (
		id             uuid.UUID
		onSale, priced bool
	)
	if _, err := pgx.ForEachRow(rows, []any{&id, &onSale, &priced}, func() error {
		h.onSale[id], h.priced[id] = onSale, priced
		return nil
	}); err != nil {
		return nil, fmt.Errorf("look what theaters sell: %w", err)
	}
	return h, h.readScreens(ctx, tx, ids)
}

func (h *houses) readScreens(ctx context.Context, tx pgx.Tx, theaters []uuid.UUID) error {
	screens, err := rowsOf[schema.Screen](ctx, tx,
		`SELECT `+strings.Join(screensTable.columns, ", ")+`, retired_at FROM screens WHERE theater_id = ANY ($1)`, theaters)
	if err != nil {
		return fmt.Errorf("read screens: %w", err)
	}
	ids := make([]uuid.UUID, 0, len(screens))
	for _, s := range screens {
		h.addScreen(s)
		ids = append(ids, s.ID)
	}
	layouts, err := rowsOf[schema.Layout](ctx, tx,
		`SELECT DISTINCT ON (screen_id) `+strings.Join(layoutsTable.columns, ", ")+` FROM layouts
		WHERE screen_id = ANY ($1) ORDER BY screen_id, version DESC`, ids)
	if err != nil {
		return fmt.Errorf("read layouts: %w", err)
	}
	for _, l := range layouts {
		h.layouts[l.ScreenID] = l
	}
	return nil
}

func rowsOf[T any](ctx context.Context, tx pgx.Tx, query string, args ...any) ([]T, error) {
	rows, _ := tx.Query(ctx, query, args...) // its error is that of the rows
	return pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
}

func (h *houses) addScreen(s schema.Screen) {
	if h.screens[s.TheaterID] == nil {
		h.screens[s.TheaterID] = map[string]schema.Screen{}
	}
	h.screens[s.TheaterID][s.Name] = s
}

// apply writes a line over what is known.
func (h *houses) apply(line theaterLine, f *findings, at paths) houseWrite {
	w := houseWrite{line: line.line}
	w.city, w.theater = h.house(line, f, at)
	for i, s := range valueOf(line.Screens) {
		h.screen(&w, s, f, func(field string) string { return at.screen(i, field) })
	}
	if f.refused() {
		return w
	}
	h.cities[w.city.Slug], h.theaters[w.theater.Slug] = w.city, w.theater
	for _, s := range w.screens {
		h.addScreen(s)
	}
	for _, l := range w.layouts {
		h.layouts[l.ScreenID] = l
	}
	return w
}

func (h *houses) house(line theaterLine, f *findings, at paths) (schema.City, schema.Theater) {
	theater, there := h.theaters[*line.Slug]
	if !there {
		theater = schema.Theater{ID: uuid.New(), Slug: *line.Slug, AccessibleReleaseMinutes: rules.UsualAccessibleRelease}
		required(f, "name", line.Name)
		required(f, "address", line.Address)
		required(f, "lat", line.Lat)
		required(f, "city", line.City)
	}
	city := h.cityByID(theater.CityID)
	if line.City != nil {
		city = h.city(*line.City, f, at)
		theater.CityID = city.ID
	}
	if !there {
		theater.TimeZone, theater.Currency = city.TimeZone, city.Currency
	}
	h.refuseWhileSelling(line, theater, f)
	rules.Set(&theater.Name, line.Name)
	rules.Set(&theater.Address, line.Address)
	rules.Set(&theater.Lat, line.Lat)
	rules.Set(&theater.Lon, line.Lon)
	rules.Set(&theater.TimeZone, line.TimeZone)
	rules.Set(&theater.Currency, line.Currency)
	rules.Set(&theater.Amenities, line.Amenities)
	rules.Set(&theater.Accessibility, line.Accessibility)
	rules.Set(&theater.AccessibleReleaseMinutes, line.AccessibleReleaseMinutes)
	theater.Amenities, theater.Accessibility = rules.Listed(theater.Amenities), rules.Listed(theater.Accessibility)
	return city, theater
}

// refuseWhileSelling keeps what tickets say true, as for staff.
func (h *houses) refuseWhileSelling(line theaterLine, theater schema.Theater, f *findings) {
	if line.TimeZone != nil && *line.TimeZone != theater.TimeZone && h.onSale[theater.ID] {
		f.add("time_zone", "Cannot change from %s: tickets of shows to come say when they begin by it.", theater.TimeZone)
	}
	if line.Currency != nil && *line.Currency != theater.Currency && (h.onSale[theater.ID] || h.priced[theater.ID]) {
		f.add("currency", "Cannot change from %s while the theater has shows to come or price cards in it.", theater.Currency)
	}
}

func (h *houses) screen(w *houseWrite, line screenLine, f *findings, path func(string) string) {
	screen, there := h.screens[w.theater.ID][*line.Name]
	if !there {
		screen = schema.Screen{ID: uuid.New(), TheaterID: w.theater.ID, Name: *line.Name, CleaningMinutes: cleaningMinutes}
	}
	rules.Set(&screen.CleaningMinutes, line.CleaningMinutes)
	w.screens = append(w.screens, screen)
	latest := h.layouts[screen.ID]
	switch {
	case line.seats == nil && latest.Version == 0:
		f.add(path("layout"), "Is required, or rows, seats_per_row and categories: the screen is new.")
	case line.seats == nil || latest.Version > 0 && reflect.DeepEqual(latest.Layout, *line.seats):
	case screen.RetiredAt != nil || w.theater.RetiredAt != nil:
		f.add(path("name"), "The screen is retired.")
	default:
		w.layouts = append(w.layouts, schema.Layout{
			ID: uuid.New(), ScreenID: screen.ID, Version: latest.Version + 1, Layout: *line.seats, Capacity: line.seats.Capacity(),
		})
	}
}
