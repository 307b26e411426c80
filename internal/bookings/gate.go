package bookings

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/shows"
)

const (
	// questionsAtOnce bounds the size of one round trip.
	questionsAtOnce = 256
	// askWithin bounds a round trip. No single request's context can, because many requests
	// share it.
	askWithin = 5 * time.Second
)

// gate asks the database about many requests at once. A lone question goes out
// immediately; questions that arrive while the lanes are busy wait for the next
// round trip and share it, so that a larger rush makes each request cheaper. Nothing is
// remembered between round trips: every answer is at least as new as its question.
type gate struct {
	pool *pgxpool.Pool

	mu      sync.Mutex
	waiting []*question
	lanes   int // round trips under way
	most    int
}

func newGate(pool *pgxpool.Pool) *gate {
	// More lanes only make smaller loads, and the database needs processors too.
	return &gate{pool: pool, most: max(1, runtime.GOMAXPROCS(0)/2)}
}

func (g *gate) ask(ctx context.Context, q *question) (finding, error) {
	q.answered = make(chan struct{})
	g.mu.Lock()
	g.waiting = append(g.waiting, q)
	if g.lanes < g.most {
		g.lanes++
		go g.serve()
	}
	g.mu.Unlock()

	select {
	case <-q.answered:
		return q.found, q.err
	case <-ctx.Done():
		return finding{}, shows.Unavailable(fmt.Errorf("bookings: precheck: %w", ctx.Err()))
	}
}

// serve makes round trips until no request waits.
func (g *gate) serve() {
	for {
		g.mu.Lock()
		load := g.waiting
		if len(load) == 0 {
			g.lanes--
			g.mu.Unlock()
			return
		}
		rest := load[min(len(load), questionsAtOnce):]
		load = load[:len(load)-len(rest)]
		g.waiting = slices.Clone(rest)
		g.mu.Unlock()

		err := g.roundTrip(load)
		for _, q := range load {
			q.err = err
			close(q.answered)
		}
	}
}

// One statement per table, sent together. The lateral joins with their limits make each one
// use index look-ups, even if the planner's statistics of a new, growing table are stale.
const (
	askEarlier = `SELECT q.n, k.request_hash, k.status, k.body, b.request_hash
		FROM unnest($1::uuid[], $2::text[], $3::uuid[]) WITH ORDINALITY AS q (customer, key, booking, n)
		LEFT JOIN LATERAL (SELECT * FROM idempotency_keys k
			WHERE k.customer_id = q.customer AND k.key = q.key LIMIT 1) k ON true
		LEFT JOIN LATERAL (SELECT b.customer_id, b.request_hash FROM bookings b
			WHERE b.id = q.booking LIMIT 1) b ON b.customer_id = q.customer
		WHERE k.key IS NOT NULL OR b.request_hash IS NOT NULL`
	askShows = `SELECT s.id, s.terms_version,
			s.status = 'scheduled' AND clock_timestamp() BETWEEN s.sales_open_at AND s.sales_close_at, clock_timestamp()
		FROM shows s WHERE s.id = ANY ($1)`
	askTaken = `SELECT c.show_id, c.seat, c.booking_id
		FROM unnest($1::uuid[], $2::text[]) AS q (show, seat)
		CROSS JOIN LATERAL (SELECT * FROM seat_claims c WHERE c.show_id = q.show AND c.seat = q.seat
			AND (c.state = 'sold' OR c.held_until >= clock_timestamp()) LIMIT 1) c`
)

func (g *gate) roundTrip(load []*question) error {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()

	batch := &pgx.Batch{}
	askAboutRequests(batch, load)
	shows := askAboutShows(batch, load)
	taken := askAboutSeats(batch, load)
	if err := g.pool.SendBatch(ctx, batch).Close(); err != nil {
		return translate("precheck", err)
	}
	for _, q := range load {
		if show, ok := shows[q.show]; ok {
			q.found.showExists, q.found.termsVersion, q.found.onSale, q.found.at = true, show.version, show.onSale, show.at
		}
		for _, name := range q.seats {
			if by, ok := taken[place{q.show, name}]; ok && by != q.booking {
				q.found.taken = append(q.found.taken, name)
			}
		}
	}
	return nil
}

func askAboutRequests(batch *pgx.Batch, load []*question) {
	customers, keys := make([]pgtype.UUID, len(load)), make([]string, len(load))
	bookings := make([]pgtype.UUID, len(load))
	for i, q := range load {
		customers[i], keys[i], bookings[i] = pgUUID(q.customer), q.key, pgUUID(q.booking)
	}
	batch.Queue(askEarlier, customers, keys, bookings).Query(func(rows pgx.Rows) error {
		var n int64
		var hash, begunHash *string
		var status *int
		var body []byte
		_, err := pgx.ForEachRow(rows, []any{&n, &hash, &status, &body, &begunHash}, func() error {
			found := &load[n-1].found
			if hash != nil {
				found.answer = &Answer{RequestHash: *hash, Status: *status, Body: slices.Clone(body)}
			}
			if begunHash != nil {
				found.begun, found.requestHash = true, *begunHash
			}
			return nil
		})
		return err
	})
}

type sale struct {
	version int64
	onSale  bool
	at      time.Time
}

func askAboutShows(batch *pgx.Batch, load []*question) map[uuid.UUID]sale {
	var ids []pgtype.UUID
	for _, q := range load {
		if !slices.Contains(ids, pgUUID(q.show)) { // a rush is for one show, or a few
			ids = append(ids, pgUUID(q.show))
		}
	}
	shows := make(map[uuid.UUID]sale, len(ids))
	batch.Queue(askShows, ids).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var found sale
		_, err := pgx.ForEachRow(rows, []any{&id, &found.version, &found.onSale, &found.at}, func() error {
			shows[id] = found
			return nil
		})
		return err
	})
	return shows
}

// pgUUID is the form of an id that the driver encodes without looking for a way:
// it is what most of a large load consists of.
func pgUUID(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// place is one seat of one show.
type place struct {
	show uuid.UUID
	seat string
}

// askAboutSeats asks about each place once, however many want it, and gives who
// has it.
func askAboutSeats(batch *pgx.Batch, load []*question) map[place]uuid.UUID {
	wanted := map[place]struct{}{}
	var shows []pgtype.UUID
	var names []string
	for _, q := range load {
		for _, name := range q.seats {
			if _, ok := wanted[place{q.show, name}]; !ok {
				wanted[place{q.show, name}] = struct{}{}
				shows, names = append(shows, pgUUID(q.show)), append(names, name)
			}
		}
	}
	taken := map[place]uuid.UUID{}
	batch.Queue(askTaken, shows, names).Query(func(rows pgx.Rows) error {
		var at place
		var by uuid.UUID
		_, err := pgx.ForEachRow(rows, []any{&at.show, &at.seat, &by}, func() error {
			taken[at] = by
			return nil
		})
		return err
	})
	return taken
}
