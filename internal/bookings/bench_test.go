package bookings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// These benchmarks compare two ways of doing the same on the same server in the
// same run, a round of the one after a round of the other, so that other load on the
// machine affects both. They report the ratio, and each way's own figure.

// farConn puts the database as far away as on a machine of its own: the first
// read after a write waits for the round trip, as packets would.
type farConn struct {
	net.Conn
	away time.Duration
	sent atomic.Bool
}

func (c *farConn) Write(p []byte) (int, error) {
	c.sent.Store(true)
	return c.Conn.Write(p)
}

func (c *farConn) Read(p []byte) (int, error) {
	if c.sent.Swap(false) {
		time.Sleep(c.away)
	}
	return c.Conn.Read(p)
}

// newBenchHouse has a pool of its own size, and beside our tables one row per
// seat, as the conventional way keeps them.
func newBenchHouse(b *testing.B, conns int32, away time.Duration) *house {
	b.Helper()
	config, err := pgxpool.ParseConfig(databasetest.URL(b))
	require.NoError(b, err)
	config.MaxConns = conns
	if away > 0 {
		dial := config.ConnConfig.DialFunc
		config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &farConn{Conn: conn, away: away}, err
		}
	}
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	h := housed(showstest.NewOn(b, pool))
	h.Layout = h.AddLayout(2, showstest.Stadium())
	h.Exec(`CREATE TABLE show_seats (show_id uuid, seat text, state text NOT NULL DEFAULT 'free', booking_id uuid,
		held_until timestamptz, PRIMARY KEY (show_id, seat))`)
	return h
}

// benchShow is a show whose seats also exist in the conventional way.
func (h *house) benchShow() string {
	h.T.Helper()
	show := h.Show()
	var seats []string
	for _, row := range showstest.Stadium().Rows {
		for _, seat := range row.Seats {
			seats = append(seats, seat.ID)
		}
	}
	h.Exec(`INSERT INTO show_seats (show_id, seat) SELECT $1, unnest($2::text[])`, show, seats)
	return show
}

// holdStepByStep is the conventional hold: the same checks, the same rows
// written, each statement a round trip of its own.
func holdStepByStep(ctx context.Context, pool *pgxpool.Pool, terms booking.Terms, req booking.HoldRequest) error {
	quote, err := booking.NewQuote(terms, req.Seats)
	if err != nil {
		return err
	}
	document, err := json.Marshal(quote)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var onSale bool
		if err := tx.QueryRow(ctx, `SELECT status = 'scheduled' AND terms_version = $2
			AND now() BETWEEN sales_open_at AND sales_close_at FROM shows WHERE id = $1`,
			req.ShowID, terms.Version).Scan(&onSale); err != nil {
			return err
		}
		var holds int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM bookings WHERE customer_id = $1 AND status = 'held'
			AND hold_expires_at > now()`, req.CustomerID).Scan(&holds); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT state FROM show_seats WHERE show_id = $1 AND seat = ANY ($2)
			AND (state = 'free' OR state = 'held' AND held_until < now()) ORDER BY seat FOR UPDATE`, req.ShowID, req.Seats)
		if err != nil {
			return err
		}
		free, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if !onSale || holds >= req.MaxHolds || len(free) < len(req.Seats) {
			return errors.New("refused")
		}
		if _, err := tx.Exec(ctx, `UPDATE show_seats SET state = 'held', booking_id = $3, held_until = now() + $4::interval
			WHERE show_id = $1 AND seat = ANY ($2)`, req.ShowID, req.Seats, req.BookingID, req.HoldFor); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency,
				hold_expires_at, request_hash, version)
			VALUES ($1, $2, $3, 'held', $4, $5, $6, $7, now() + $8::interval, $9, 1)`, req.BookingID, req.CustomerID,
			req.ShowID, req.Seats, document, quote.Total.Amount, quote.Total.Currency, req.HoldFor, req.RequestHash); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO booking_events (booking_id, seq, event) VALUES ($1, 1, 'held')`, req.BookingID)
		return err
	})
}

// BenchmarkHold compares holding two seats in one round trip with holding them
// step by step: for one client and for many who buy different seats of one show
// at once, on this machine and half a millisecond away.
func BenchmarkHold(b *testing.B) {
	for _, bench := range []struct {
		clients int
		away    time.Duration
	}{{1, 0}, {16, 0}, {1, 500 * time.Microsecond}, {16, 500 * time.Microsecond}} {
		b.Run(fmt.Sprintf("clients=%d/away=%s", bench.clients, bench.away), func(b *testing.B) {
			const perRound = 208
			h := newBenchHouse(b, 16, bench.away)
			var customers []string
			for range perRound {
				customers = append(customers, h.Customer())
			}
			at, err := h.Shows.Show(b.Context(), h.benchShow())
			require.NoError(b, err)
			round := func(hold func(booking.HoldRequest) error) time.Duration {
				show := h.benchShow()
				terms := at.Terms
				terms.ShowID = show
				_, err := h.Shows.Show(b.Context(), show)
				require.NoError(b, err)
				var all errgroup.Group
				all.SetLimit(bench.clients)
				began := time.Now()
				for i := range perRound {
					row, x := 'A'+rune(i/8), 1+5*(i%8)
					all.Go(func() error {
						req := showstest.Request(show, customers[i], fmt.Sprintf("%c%d", row, x), fmt.Sprintf("%c%d", row, x+1))
						return hold(req)
					})
				}
				require.NoError(b, all.Wait())
				return time.Since(began)
			}
			once := func(req booking.HoldRequest) error { _, err := h.store.Hold(b.Context(), req); return err }
			steps := func(req booking.HoldRequest) error { return holdStepByStep(b.Context(), h.Pool, at.Terms, req) }
			round(once)
			round(steps)
			var ours, conventional time.Duration
			for b.Loop() {
				ours += round(once)
				conventional += round(steps)
			}
			holds := time.Duration(b.N * perRound)
			b.ReportMetric(float64(conventional)/float64(ours), "ratio")
			b.ReportMetric(float64((ours / holds).Microseconds()), "µs/hold")
			b.ReportMetric(float64((conventional / holds).Microseconds()), "µs/step-by-step")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkRush compares how fast requests that come too late for a seat are answered:
// Precheck against SELECT … FOR UPDATE, which queues them on the row, each with a
// connection (up to the server's limit).
func BenchmarkRush(b *testing.B) {
	for _, rushers := range []int{64, 512} {
		b.Run(fmt.Sprintf("rushers=%d", rushers), func(b *testing.B) { benchmarkRush(b, rushers) })
	}
}

func benchmarkRush(b *testing.B, rushers int) {
	const lasting = 250 * time.Millisecond
	h := newBenchHouse(b, 4, 0)
	config := h.Pool.Config()
	config.MaxConns = 64
	queue, err := pgxpool.NewWithConfig(b.Context(), config)
	require.NoError(b, err)
	defer queue.Close()
	show, customer := h.benchShow(), h.Customer()
	h.Held(show, "C7")
	h.Exec(`UPDATE show_seats SET state = 'held', held_until = now() + interval '1 hour' WHERE show_id = $1 AND seat = 'C7'`, show)

	ours := func() error {
		_, err := h.store.Precheck(b.Context(), PrecheckRequest{
			CustomerID: customer, Key: uuid.NewString(), BookingID: uuid.NewString(), ShowID: show, Seats: []string{"C7"},
		})
		if booking.CodeOf(err) != booking.CodeSeatsUnavailable {
			return fmt.Errorf("not refused: %w", err)
		}
		return nil
	}
	blocking := func() error { return loseBlocking(b.Context(), queue, show) }
	rush(b, rushers, lasting, ours)
	rush(b, rushers, lasting, blocking)
	var refused, queued int64
	for b.Loop() {
		refused += rush(b, rushers, lasting, ours)
		queued += rush(b, rushers, lasting, blocking)
	}
	seconds := lasting.Seconds() * float64(b.N)
	b.ReportMetric(float64(refused)/float64(queued), "ratio")
	b.ReportMetric(float64(refused)/seconds, "refused/s")
	b.ReportMetric(float64(queued)/seconds, "blocking/s")
	b.ReportMetric(0, "ns/op")
}

// rush lets many lose for a while, and counts.
func rush(b *testing.B, rushers int, lasting time.Duration, lose func() error) int64 {
	b.Helper()
	var lost atomic.Int64
	var all errgroup.Group
	deadline := time.Now().Add(lasting)
	for range rushers {
		all.Go(func() error {
			for time.Now().Before(deadline) {
				if err := lose(); err != nil {
					return err
				}
				lost.Add(1)
			}
			return nil
		})
	}
	require.NoError(b, all.Wait())
	return lost.Load()
}

func loseBlocking(ctx context.Context, pool *pgxpool.Pool, show string) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return err
	}
	var free bool
	err = tx.QueryRow(ctx, `SELECT state = 'free' OR state = 'held' AND held_until < now()
		FROM show_seats WHERE show_id = $1 AND seat = 'C7' FOR UPDATE`, show).Scan(&free)
	if err == nil && free {
		err = errors.New("not refused")
	}
	return errors.Join(err, tx.Rollback(ctx))
}
