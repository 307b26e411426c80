package houses

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// seatsFresh is how old the taken seats of a show may be before its next look asks the house.
	seatsFresh = 15 * time.Second
	// askWithin bounds one question to a house, and atOnce the questions of this process.
	askWithin = 5 * time.Second
	atOnce    = 8
	// looksKept bounds the memory of which shows were looked at.
	looksKept = 4096
)

// Seats asks a house what cannot be sold of a show, by the house's own id of it. Codes: those
// of the port of a house.
type Seats func(ctx context.Context, theaterID, show string) (booking.HouseTaken, error)

// Refresher asks houses for taken seats when a show is looked at and what is here is old. A
// look never waits for the answer: a page shows what is here, with its age.
type Refresher struct {
	store *Store
	seats Seats
	log   *slog.Logger

	looks *lru.Cache[string, time.Time]
	slots chan struct{}
	wait  sync.WaitGroup
	ctx   context.Context //nolint:containedctx // the questions end with the process, not with a request
	stop  context.CancelFunc
}

// NewRefresher makes a refresher. Close ends it.
func NewRefresher(store *Store, seats Seats, log *slog.Logger) *Refresher {
	looks, err := lru.New[string, time.Time](looksKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Refresher{store: store, seats: seats, log: log, looks: looks, slots: make(chan struct{}, atOnce), ctx: ctx, stop: stop}
}

// Close ends the questions under way.
func (r *Refresher) Close() {
	r.stop()
	r.wait.Wait()
}

// Look says that the seats of a show are looked at. It does not block. While all slots are in
// use a look is dropped: the next one comes soon.
func (r *Refresher) Look(showID string) {
	if at, known := r.looks.Get(showID); known && time.Since(at) < seatsFresh || r.ctx.Err() != nil {
		return
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return
	}
	r.looks.Add(showID, time.Now())
	r.wait.Go(func() {
		defer func() { <-r.slots }()
		ctx, cancel := context.WithTimeout(r.ctx, askWithin)
		defer cancel()
		if err := r.refresh(ctx, showID); err != nil && r.ctx.Err() == nil {
			r.log.Info("the taken seats of a theater were not read", "show", showID, "error", err)
		}
	})
}

// refresh asks the house unless another process does.
func (r *Refresher) refresh(ctx context.Context, showID string) error {
	var theater, show string
	err := r.store.pool.QueryRow(ctx, `UPDATE house_shows SET seats_asked_at = clock_timestamp()
		WHERE show_id = $1 AND coalesce(seats_asked_at, '-infinity') < clock_timestamp() - $2::interval AND unsellable = ''
		RETURNING theater_id::text, external_id`, showID, seatsFresh).Scan(&theater, &show)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return wrap(err, "who asks for the seats of show %s", showID)
	}
	taken, err := r.seats(ctx, theater, show)
	if err != nil {
		return err
	}
	return r.store.WriteTaken(ctx, showID, taken)
}
