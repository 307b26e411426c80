package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	// seedLock makes two loads of the demo world follow each other.
	seedLock = 0x73656564 // "seed"
	// Demo shows sell from a month before until shortly before they start, so
	// that a payment under way at the last moment still ends before the film.
	sellsFor   = 30 * 24 * time.Hour
	sellsUntil = 10 * time.Minute
)

// charges are what comes on top of a seat's price in demo theaters.
type charges struct{ feePerSeat, taxBasisPoints int64 }

var chargesIn = map[string]charges{
	"INR": {3000, 1800}, // GST on a ticket
	"GBP": {150, 0},     // VAT is part of the price
	"USD": {175, 888},   // New York City, 8.875 %
}

// SeedFor loads the demo world with some days of shows from now on, and names what it
// does to progress (nil: no progress is told). A repeat adds the days that are
// missing. What is on sale already is left alone, whatever was done to it.
func SeedFor(ctx context.Context, db *database.DB, now time.Time, days int, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	err := db.Bun.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw(`SELECT pg_advisory_xact_lock(?)`, seedLock).Exec(ctx); err != nil {
			return fmt.Errorf("wait for another load: %w", err)
		}
		if err := seedPlaces(ctx, tx, progress); err != nil {
			return err
		}
		if err := seedMovies(ctx, tx, progress); err != nil {
			return err
		}
		layouts, err := seedLayouts(ctx, tx)
		if err != nil {
			return err
		}
		return seedShows(ctx, tx, demo.Program(now, days), layouts, progress)
	})
	if err != nil {
		return fmt.Errorf("load the demo world: %w", err)
	}
	if err := seedLogins(ctx, db, progress); err != nil {
		return fmt.Errorf("load the demo logins: %w", err)
	}
	return seedStaff(ctx, db)
}

func seedPlaces(ctx context.Context, tx bun.Tx, progress func(string)) error {
	var (
		cities   []schema.City
		theaters []schema.Theater
		screens  []schema.Screen
	)
	for _, c := range demo.Cities() {
		cities = append(cities, schema.City{
			ID: c.ID, Slug: c.Slug, Name: c.Name, Country: c.Country, TimeZone: c.TimeZone, Currency: c.Currency, Lat: c.Lat, Lon: c.Lon,
		})
	}
	for _, t := range append(demo.Theaters(), demo.Remote()) {
		theaters = append(theaters, schema.Theater{
			ID: t.ID, Slug: t.Slug, CityID: t.CityID, Name: t.Name, Address: t.Address, Lat: t.Lat, Lon: t.Lon,
			TimeZone: t.TimeZone, Currency: t.Currency, Amenities: t.Amenities, Accessibility: t.Accessibility,
			AccessibleReleaseMinutes: rules.UsualAccessibleRelease,
		})
		for _, s := range t.Screens {
			screens = append(screens, schema.Screen{ID: s.ID, TheaterID: t.ID, Name: s.Name, CleaningMinutes: demo.CleaningMinutes})
		}
	}
	if err := upsert(ctx, tx, &cities, "c", false, "slug", "name", "country", "time_zone", "currency", "lat", "lon"); err != nil {
		return err
	}
	if err := upsert(ctx, tx, &theaters, "t", true, "slug", "city_id", "name", "address", "lat", "lon", "time_zone", "currency", "amenities", "accessibility"); err != nil {
		return err
	}
	if err := upsert(ctx, tx, &screens, "sc", false, "name", "cleaning_minutes"); err != nil {
		return err
	}
	progress(fmt.Sprintf("demo data: %d cities, %d theaters, %d screens", len(cities), len(theaters), len(screens)))
	return nil
}

func seedMovies(ctx context.Context, tx bun.Tx, progress func(string)) error {
	var movies []schema.Movie
	for _, m := range demo.Movies() {
		movie := schema.Movie{
			ID: m.ID, Slug: m.Slug, Title: m.Title, Aliases: m.Aliases, Year: m.Year, RuntimeMinutes: m.RuntimeMinutes,
			Genres: m.Genres, Languages: m.Languages, Certificate: m.Certificate, Synopsis: m.Synopsis, Popularity: m.Popularity,
		}
		if m.OriginalTitle != m.Title {
			movie.OriginalTitle = m.OriginalTitle
		}
		if m.ReleaseDate != "" {
			day, err := time.Parse(time.DateOnly, m.ReleaseDate)
			if err != nil {
				return fmt.Errorf("movie %s: %w", m.Slug, err)
			}
			movie.ReleaseDate = &day
		}
		movie.Credits = make([]schema.Credit, 0, len(m.Cast))
		for _, c := range m.Cast {
			movie.Credits = append(movie.Credits, schema.Credit(c))
		}
		movie.Aliases = rules.Listed(movie.Aliases)
		movies = append(movies, movie)
	}
	if err := upsert(ctx, tx, &movies, "m", true, "slug", "title", "original_title", "aliases", "year", "release_date", "runtime_minutes",
		"genres", "languages", "certificate", "credits", "synopsis", "popularity"); err != nil {
		return err
	}
	progress(fmt.Sprintf("demo data: %d movies", len(movies)))
	return nil
}

// upsert writes rows, and corrects those there whose columns differ. A row that
// is right already is not touched. A stamped table has updated_at.
func upsert(ctx context.Context, tx bun.Tx, rows any, alias string, stamped bool, columns ...string) error {
	query := tx.NewInsert().Model(rows).On("CONFLICT (id) DO UPDATE")
	if stamped {
		query.Set("updated_at = now()")
	}
	var ours, theirs []bun.Ident
	for _, column := range columns {
		query.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
		ours = append(ours, bun.Ident(alias+"."+column))
		theirs = append(theirs, bun.Ident("excluded."+column))
	}
	query.Where("(?) IS DISTINCT FROM (?)", bun.List(ours), bun.List(theirs))
	if _, err := query.Exec(ctx); err != nil {
		return fmt.Errorf("write %T: %w", rows, err)
	}
	return nil
}

// CheckCharges refuses a demo world whose prices the payment providers do not
// charge.
func CheckCharges(now time.Time, days int, charging booking.Charging) error {
	var wrong []error
	for _, s := range demo.Program(now, days) {
		report := rules.Report(func(field, format string, args ...any) {
			wrong = append(wrong, fmt.Errorf("show %s, %s: %s", s.ID, field, fmt.Sprintf(format, args...)))
		})
		extra := chargesIn[s.Currency]
		report.Chargeable(charging, rules.Charges{
			Currency: s.Currency, Prices: s.Prices, FeePerSeat: extra.feePerSeat, TaxBasisPoints: extra.taxBasisPoints,
		}, "", "")
	}
	return errors.Join(wrong...)
}

// seedShows adds the shows that are missing. One that was moved or cancelled
// since keeps its row, and one that would overlap another on its screen is left
// out: the program may have changed since that one was sold.
func seedShows(ctx context.Context, tx bun.Tx, program []demo.Show, layouts map[uuid.UUID]uuid.UUID, progress func(string)) error {
	missing, err := missingShows(ctx, tx, program)
	if err != nil {
		return err
	}
	shows := make([]schema.Show, 0, len(missing))
	for _, s := range missing {
		extra, known := chargesIn[s.Currency]
		if !known {
			return fmt.Errorf("show %s: no fee for %s", s.ID, s.Currency)
		}
		shows = append(shows, schema.Show{
			ID: s.ID, MovieID: s.MovieID, TheaterID: s.TheaterID, ScreenID: s.ScreenID, LayoutID: layouts[s.ScreenID],
			StartsAt: s.StartsAt, EndsAt: s.EndsAt, Format: s.Format, Language: s.Language, Subtitles: s.Subtitles,
			Captions: s.Captions, AudioDescription: s.AudioDescription, Relaxed: s.Relaxed,
			Status:      booking.ShowScheduled,
			SalesOpenAt: s.StartsAt.Add(-sellsFor), SalesCloseAt: s.StartsAt.Add(-sellsUntil),
			Currency: s.Currency, Prices: s.Prices, FeePerSeat: extra.feePerSeat, TaxBasisPoints: extra.taxBasisPoints,
		})
	}
	if len(shows) > 0 {
		if _, err := tx.NewInsert().Model(&shows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("write shows: %w", err)
		}
	}
	progress(fmt.Sprintf("demo data: %d shows, %d of them new", len(program), len(shows)))
	return nil
}

func missingShows(ctx context.Context, tx bun.Tx, program []demo.Show) ([]demo.Show, error) {
	if len(program) == 0 {
		return nil, nil
	}
	var first, last time.Time
	ids := make([]uuid.UUID, 0, len(program))
	for _, s := range program {
		if first.IsZero() || s.StartsAt.Before(first) {
			first = s.StartsAt
		}
		if s.EndsAt.After(last) {
			last = s.EndsAt
		}
		ids = append(ids, s.ID)
	}
	var there []schema.Show
	err := tx.NewSelect().Model(&there).Column("id", "screen_id", "starts_at", "ends_at", "status").
		Where("s.starts_at < ? AND s.ends_at > ?", last, first).WhereOr("s.id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for shows: %w", err)
	}
	known := map[uuid.UUID]bool{}
	onScreen := map[uuid.UUID][]schema.Show{}
	for _, show := range there {
		known[show.ID] = true
		if show.Status == booking.ShowScheduled {
			onScreen[show.ScreenID] = append(onScreen[show.ScreenID], show)
		}
	}
	var missing []demo.Show
	for _, s := range program {
		overlaps := func(other schema.Show) bool {
			return s.StartsAt.Before(other.EndsAt) && other.StartsAt.Before(s.EndsAt)
		}
		if !known[s.ID] && !slices.ContainsFunc(onScreen[s.ScreenID], overlaps) {
			missing = append(missing, s)
		}
	}
	return missing, nil
}

// confirmLogins takes the addresses and numbers of the demo logins for proven: no one reads
// what is sent to them.
func confirmLogins(ctx context.Context, db *database.DB) error {
	for _, login := range demo.Logins() {
		for channel, address := range map[string]string{"email": login.Email, "sms": login.Phone} {
			_, err := db.Bun.NewRaw(`INSERT INTO proven_addresses (account_id, channel, address, in_session)
				SELECT id, ?, ?, true FROM accounts WHERE lower(email) = lower(?) ON CONFLICT DO NOTHING`, channel, address, login.Email).Exec(ctx)
			if err != nil {
				return fmt.Errorf("confirm the address of a %s: %w", login.Role, err)
			}
		}
	}
	return nil
}

// seedLogins makes the accounts that are missing. Hashing takes its time, so
// those there are skipped, whatever their password is by now.
func seedLogins(ctx context.Context, db *database.DB, progress func(string)) error {
	made := 0
	for _, login := range demo.Logins() {
		exists, err := db.Bun.NewSelect().Model((*schema.Account)(nil)).Where("lower(email) = lower(?)", login.Email).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look for the account of a %s: %w", login.Role, err)
		}
		if exists {
			continue
		}
		hash, err := password.Hash(ctx, password.Strangers, login.Password)
		if err != nil {
			return err
		}
		account := &schema.Account{
			ID: uuid.New(), Email: login.Email, PasswordHash: hash, Name: login.Name, Phone: login.Phone,
			Role: cmp.Or(login.Role, booking.RoleCustomer),
		}
		if _, err := db.Bun.NewInsert().Model(account).On("CONFLICT (lower(email)) DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("write the account of a %s: %w", login.Role, err)
		}
		made++
	}
	if err := confirmLogins(ctx, db); err != nil {
		return err
	}
	progress(fmt.Sprintf("demo data: %d logins, %d of them new", len(demo.Logins()), made))
	return nil
}
