package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/houses/session"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/sandbox/house"
)

const (
	// demoHouseToken opens the simulated theater, which has nothing to protect.
	demoHouseToken = "sandbox-theater-token"
	// demoHouseFilms is how many films it shows, and demoHouseDays for how many days.
	demoHouseFilms, demoHouseDays = 5, 10
	// demoHouseFee is our fee for each of its seats, in pence.
	demoHouseFee = "75"
)

// seedHouse opens the demo world's theater that sells from its own system, in the sandbox, and
// reads its program. The world is whole without it when there is no sandbox.
func seedHouse(ctx context.Context, cfg config.Config, db *database.DB, days int, progress func(string)) error {
	theater := demo.Remote()
	if cfg.TheaterSandboxURL == "" || len(cfg.TheaterKeys) == 0 {
		return nil
	}
	err := house.Seed(ctx, &http.Client{Timeout: 10 * time.Second}, cfg.TheaterSandboxURL, theater.Slug, demoSite(theater, min(days, demoHouseDays)))
	var away *url.Error
	if errors.As(err, &away) {
		progress("demo data: no shows of " + theater.Name + ", which sells from its own system: there is no sandbox at " + cfg.TheaterSandboxURL)
		return nil
	}
	if err != nil {
		return err
	}
	box, err := sealing.New(cfg.TheaterKeys...)
	if err != nil {
		return fmt.Errorf("THEATER_KEYS: %w", err)
	}
	store := houses.New(db.Pool, houses.Options{Box: box, Charging: charging})
	address := strings.TrimRight(cfg.TheaterSandboxURL, "/") + "/house/" + theater.Slug + "/session"
	_, err = store.Save(ctx, audit.System("seed"), theater.ID.String(), houses.NewSettings{
		Adapter: session.Name, Address: address, Credentials: map[string]string{"token": demoHouseToken},
		Options: map[string]string{houses.OptionFee: demoHouseFee},
	})
	if err != nil {
		return fmt.Errorf("the demo theater with its own system: %w", err)
	}
	client, err := session.New(session.Options{Address: address, Token: demoHouseToken, HTTP: theaterHTTP(cfg)})
	if err != nil {
		return err
	}
	return readProgram(ctx, store, client, theater, progress)
}

// readProgram takes in what a house has on, as its workflow does every few minutes.
func readProgram(ctx context.Context, store *houses.Store, client *session.House, theater demo.Theater, progress func(string)) error {
	cursor, err := store.BeginProgram(ctx, theater.ID.String())
	var all booking.HouseApplied
	for more := true; err == nil && more; {
		var page booking.HousePage
		if page, err = client.Program(ctx, cursor); err != nil {
			break
		}
		var applied booking.HouseApplied
		applied, err = store.ApplyProgram(ctx, theater.ID.String(), page)
		all.Added += applied.Added
		cursor, more = page.Next, page.More
	}
	if err != nil {
		return fmt.Errorf("the program of the demo theater with its own system: %w", err)
	}
	progress(fmt.Sprintf("demo data: %d new shows of %s, which sells from its own system", all.Added, theater.Name))
	return nil
}

// demoSite is the theater as the sandbox simulates it.
func demoSite(theater demo.Theater, days int) house.Settings {
	site := house.Settings{
		Style: session.Name, Name: theater.Name, TimeZone: theater.TimeZone, Currency: theater.Currency,
		Token: demoHouseToken, HoldMinutes: 12, Days: days,
		Times: []string{"10:15", "14:00", "17:45", "21:30"}, // no film is so long that two shows of a room overlap
	}
	for _, film := range demo.Movies()[:demoHouseFilms] {
		site.Films = append(site.Films, house.Film{ID: film.Slug, Title: film.Title, Minutes: film.RuntimeMinutes})
	}
	return site
}
