package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/houses/session"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/vendors"
	"github.com/boxoffice/boxoffice/sandbox"
	"github.com/boxoffice/boxoffice/sandbox/house"
	"github.com/boxoffice/boxoffice/workers"
)

const siteToken = "token-of-the-benchmark"

// open makes the demo world's theater that sells from its own system, with a customer.
func (b *theatersBench) open(ctx context.Context, world *readHouse) (workers.Activities, error) {
	var none workers.Activities
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	box, err := sandbox.New(sandbox.Options{Logger: quiet})
	if err != nil {
		return none, err
	}
	server := httptest.NewServer(box.Handler())
	world.closers = append(world.closers, func() {
		server.Close()
		_ = box.Close()
	})
	theater := demo.Remote()
	if err := house.Seed(ctx, http.DefaultClient, server.URL, theater.Slug, site(theater)); err != nil {
		return none, err
	}
	b.customer = uuid.NewString()
	_, err = b.db.Pool.Exec(ctx, `INSERT INTO accounts (id, email, name, password_hash) VALUES ($1, 'bench@boxoffice.example', 'Bench', '')`, b.customer)
	if err != nil {
		return none, fmt.Errorf("a customer: %w", err)
	}
	known := shows.New(b.db.Pool, nil)
	sealed, err := sealing.New([]byte("a key of thirty-two bytes, right"))
	if err != nil {
		return none, err
	}
	store := houses.New(b.db.Pool, houses.Options{Box: sealed, Changed: known.Changed})
	settings := houses.NewSettings{
		Adapter: session.Name, Address: server.URL + "/house/" + theater.Slug + "/session", Credentials: map[string]string{"token": siteToken},
	}
	if _, err := store.Save(ctx, audit.System("bench"), theater.ID.String(), settings); err != nil {
		return none, err
	}
	registry := houses.NewRegistry(store, houses.RegistryOptions[activities.House, activities.HouseVendor]{
		Factories: map[string]func(houses.Settings) (activities.House, error){
			session.Name: func(s houses.Settings) (activities.House, error) {
				return session.New(session.Options{Address: s.Address, Token: s.Credentials["token"], Logger: quiet})
			},
		},
		Guard: func(name string) activities.HouseVendor {
			return vendors.NewGuard(name, vendors.Options{Logger: quiet})
		},
	})
	if err := readSite(ctx, store, registry, theater.ID.String()); err != nil {
		return none, err
	}
	return b.effects(known, registry), nil
}

// site is the theater as the sandbox simulates it.
func site(theater demo.Theater) house.Settings {
	site := house.Settings{
		Style: session.Name, Name: theater.Name, TimeZone: theater.TimeZone, Currency: theater.Currency,
		Token: siteToken, HoldMinutes: 15, Days: 14, Times: []string{"10:15", "14:00", "17:45", "21:30"},
	}
	for _, film := range demo.Movies()[:5] {
		site.Films = append(site.Films, house.Film{ID: film.Slug, Title: film.Title, Minutes: film.RuntimeMinutes})
	}
	return site
}

func readSite(ctx context.Context, store *houses.Store, registry activities.HouseRegistry, theater string) error {
	client, _, err := registry.House(ctx, theater)
	if err != nil {
		return err
	}
	cursor := ""
	for more := true; more; {
		page, err := client.Program(ctx, cursor)
		if err != nil {
			return fmt.Errorf("read the program: %w", err)
		}
		if _, err := store.ApplyProgram(ctx, theater, page); err != nil {
			return fmt.Errorf("read the program: %w", err)
		}
		cursor, more = page.Next, page.More
	}
	return nil
}

// shows makes every second show of the theater ours, and lists pairs of seats of both kinds.
func (b *theatersBench) shows(ctx context.Context) (ours, theirs *heldAt, err error) {
	ours, theirs = &heldAt{name: "ours"}, &heldAt{name: "the theater's"}
	rows, err := b.db.Pool.Query(ctx, `SELECT h.show_id::text FROM house_shows h JOIN shows s ON s.id = h.show_id
		WHERE h.unsellable = '' AND s.starts_at > $1 ORDER BY s.screen_id, s.starts_at`, time.Now().Add(48*time.Hour))
	if err != nil {
		return nil, nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, nil, err
	}
	for i, show := range all {
		at := theirs
		if i%2 == 0 {
			at = ours
			if _, err := b.db.Pool.Exec(ctx, `DELETE FROM house_shows WHERE show_id = $1`, show); err != nil {
				return nil, nil, err
			}
		}
		for _, row := range []string{"B", "C", "D"} { // both rooms have them, with ten seats at least
			for seat := 1; seat < 10; seat += 2 {
				at.seats = append(at.seats, wanted{show, []string{fmt.Sprint(row, seat), fmt.Sprint(row, seat+1)}})
			}
		}
	}
	if most := min(len(ours.seats), len(theirs.seats)) - 20; b.holds > most {
		return nil, nil, fmt.Errorf("there are seats for %d holds of each kind; give a smaller -holds", most)
	}
	return ours, theirs, nil
}
