package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/dev/platform"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/temporal"
)

// World is a running platform and the means to look into it.
type World struct {
	Platform *platform.Platform
	API      string // the address of the platform's own replica
	Sandbox  *Sandbox
	DB       *pgxpool.Pool
	Temporal client.Client

	opts    platform.Options
	env     map[string]string
	witness *witness
}

// Open starts a throwaway platform over a state directory.
func Open(ctx context.Context, opts platform.Options) (*World, error) {
	w := &World{opts: opts, witness: newWitness()}
	var err error
	// Replicas run elsewhere than we do.
	if w.opts.Root, err = filepath.Abs(opts.Root); err != nil {
		return nil, err
	}
	if err := w.start(ctx); err != nil {
		return nil, err
	}
	if err := w.look(ctx); err != nil {
		w.Platform.KillAll()
		return nil, err
	}
	return w, nil
}

func (w *World) start(ctx context.Context) (err error) {
	if w.Platform, err = platform.Start(ctx, w.opts); err != nil {
		return fmt.Errorf("start the platform: %w", err)
	}
	w.env = w.Platform.Env()
	w.API = "http://" + w.env["API_ADDR"]
	w.Sandbox = NewSandbox(w.env)
	return nil
}

// look opens the judge's own ways in.
func (w *World) look(ctx context.Context) error {
	pool, err := pgxpool.ParseConfig(w.env["DATABASE_URL"])
	if err != nil {
		return err
	}
	pool.MaxConns = 8
	if w.DB, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return err
	}
	var given config.CodecKeys
	if err := given.UnmarshalText([]byte(w.env["TEMPORAL_CODEC_KEYS"])); err != nil {
		return err
	}
	var keys temporal.Keys
	for _, key := range given {
		keys = append(keys, temporal.Key(key))
	}
	w.Temporal, err = temporal.Dial(temporal.Options{
		Address: w.env["TEMPORAL_ADDRESS"], Namespace: w.env["TEMPORAL_NAMESPACE"], Keys: keys, Logger: quiet(),
	})
	return err
}

// CutPower ends every process with SIGKILL and starts them over what is left.
func (w *World) CutPower(ctx context.Context) error {
	w.Platform.KillAll()
	return w.start(ctx)
}

// Close stops everything.
func (w *World) Close() error {
	w.Temporal.Close()
	w.DB.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return w.Platform.Stop(ctx)
}

// Logs are the files in which the processes wrote what they did.
func (w *World) Logs() string { return filepath.Join(w.opts.StateDir, "logs") }

// Register makes a customer of the platform's own replica, whose address and number count as
// proven: messages are sent to them.
func (w *World) Register(ctx context.Context) (*Customer, error) {
	c, err := Register(ctx, w.API, w.witness)
	if err != nil {
		return nil, err
	}
	_, err = w.DB.Exec(ctx, `INSERT INTO proven_addresses (account_id, channel, address, in_session)
		SELECT id, 'email', lower(email), true FROM accounts WHERE email = $1
		UNION ALL SELECT id, 'sms', phone, true FROM accounts WHERE email = $1`, c.Email)
	if err != nil {
		return nil, fmt.Errorf("prove the address of a customer: %w", err)
	}
	return c, nil
}

// Staff logs in with a staff account of the demo data.
func (w *World) Staff(ctx context.Context, role string) (*Customer, error) {
	logins, err := w.Platform.Logins(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(logins, func(l platform.Login) bool { return l.Role == role })
	if i < 0 {
		return nil, fmt.Errorf("the demo data has no %s, only %+v", role, logins)
	}
	return Login(ctx, w.API, logins[i].Email, logins[i].Password)
}

// ShowPlan is a show that a test wants for itself.
type ShowPlan struct {
	Rows, PerRow int
	StartsIn     time.Duration
	Currency     string // empty: the theater's
}

// NewShow puts a show on sale that only this test knows. It is made in the
// database, because a test needs sizes and times that no program has.
func (w *World) NewShow(ctx context.Context, plan ShowPlan) (string, error) {
	layout := booking.Layout{}
	for r := range plan.Rows {
		row := booking.Row{Label: rowLabel(r), Category: "silver"}
		for n := range plan.PerRow {
			row.Seats = append(row.Seats, booking.Seat{ID: SeatName(r, n), X: float64(n), Type: booking.SeatStandard})
		}
		layout.Rows = append(layout.Rows, row)
	}
	content, err := json.Marshal(layout)
	if err != nil {
		return "", err
	}
	var show string
	err = w.DB.QueryRow(ctx, `
		WITH place AS (SELECT id, currency FROM theaters t WHERE slug NOT LIKE $5 || '%'
			AND NOT EXISTS (SELECT FROM houses h WHERE h.theater_id = t.id) ORDER BY id LIMIT 1),
		film AS (SELECT id FROM movies ORDER BY id LIMIT 1),
		screen AS (INSERT INTO screens (id, theater_id, name)
			SELECT gen_random_uuid(), id, 'Test ' || gen_random_uuid() FROM place RETURNING id, theater_id),
		seating AS (INSERT INTO layouts (id, screen_id, version, layout, capacity)
			SELECT gen_random_uuid(), id, 1, $1, $2 FROM screen RETURNING id)
		INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
		SELECT gen_random_uuid(), film.id, screen.theater_id, screen.id, seating.id, now() + $3, now() + $3 + interval '2h',
			'2D', 'en', now() - interval '1h', now() + $3, coalesce(nullif($4, ''), place.currency), '{"silver": 25000}', 1500, 1800
		FROM place, film, screen, seating RETURNING id::text`,
		content, layout.Capacity(), plan.StartsIn, plan.Currency, theaterSlug).Scan(&show)
	if err != nil {
		return "", fmt.Errorf("make a show: %w", err)
	}
	return show, nil
}

// SeatName names a seat of a NewShow by its row and place, both from 0.
func SeatName(row, place int) string { return fmt.Sprintf("%s%d", rowLabel(row), place+1) }

func rowLabel(row int) string { return string(rune('A' + row)) }

// replicaLog is where a replica of our own writes.
func (w *World) replicaLog(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(w.Logs(), name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}
