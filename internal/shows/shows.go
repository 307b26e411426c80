package shows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/singleflight"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// showsKept and layoutsKept bound the memory: a show is about 1 kB, a layout
	// about 100 bytes per seat.
	showsKept   = 4096
	layoutsKept = 512
	// summaryFresh bounds how long a renamed movie or theater keeps its old name
	// here. The terms of sale need no such bound: their version is compared by
	// every statement that relies on them.
	summaryFresh = 30 * time.Second
	// loadWithin bounds a load, which outlives the request that began it because
	// others may be waiting for it.
	loadWithin = 5 * time.Second
)

// Show is what selling a seat has to know of its show. It is shared: read only.
type Show struct {
	Terms   booking.Terms
	Summary booking.ShowSummary
	loaded  time.Time
	seating *seating
	house   *house // nil when the seats are ours to sell
	// current is when the terms were last known to be the database's.
	current atomic.Pointer[time.Time]
}

// seating is a layout with what every loser of a rush asks of it.
type seating struct {
	layout booking.Layout
	// plain are the seats that no rule is about, so that each may be sold alone.
	plain map[string]struct{}
	// accessible tells that there are wheelchair spaces or companion seats.
	accessible bool
}

// Sellable tells whether the show has these seats and may sell them together at a
// time, which is the database's.
func (s *Show) Sellable(seats []string, accessible *bool, now time.Time) error {
	if len(seats) == 1 {
		if _, ok := s.seating.plain[seats[0]]; ok {
			return nil
		}
	}
	if _, err := booking.NewQuote(s.Terms, seats); err != nil {
		return err
	}
	if rule := booking.AccessibleRule(s.Terms.Layout, seats, accessible); rule.Applies() && now.Before(s.Terms.AccessibleUntil) {
		return s.TooEarly(rule)
	}
	return nil
}

// NotBefore is when seats may be sold together for which a rule speaks until then;
// nil when none does. The version of the terms vouches for it.
func (s *Show) NotBefore(rule booking.SeatRule) *time.Time {
	if !rule.Applies() {
		return nil
	}
	return &s.Terms.AccessibleUntil
}

// TooEarly says what is wrong with seats that may not be sold together yet.
func (s *Show) TooEarly(rule booking.SeatRule) *booking.Error {
	return rule.Refuse(s.Summary.Local(s.Terms.AccessibleUntil).Format("Mon 2 Jan 15:04"))
}

// AccessibleUntil is until when wheelchair spaces and companion seats are kept for
// customers who need them; nil when the layout has none.
func (s *Show) AccessibleUntil() *time.Time {
	if !s.seating.accessible {
		return nil
	}
	return &s.Terms.AccessibleUntil
}

func newSeating(layout booking.Layout) *seating {
	plain := make(map[string]struct{}, layout.Capacity())
	for _, row := range layout.Rows {
		for _, seat := range row.Seats {
			switch seat.Type {
			case booking.SeatSofa, booking.SeatWheelchair, booking.SeatCompanion:
			default:
				plain[seat.ID] = struct{}{}
			}
		}
	}
	return &seating{layout, plain, layout.HasAccessible()}
}

// Show gives a show from this process's memory. Its terms may be old: the statement
// that relies on them compares their version. Code: not_found.
func (s *Store) Show(ctx context.Context, showID string) (*Show, error) {
	return s.shows.get(ctx, showID)
}

// ShowAt gives the show with terms of this version, loading it when what is here is
// of another.
func (s *Store) ShowAt(ctx context.Context, showID string, version int64) (*Show, error) {
	known, err := s.shows.get(ctx, showID)
	if err != nil || known.Terms.Version == version {
		return known, err
	}
	s.Drop(known)
	return s.shows.get(ctx, showID)
}

// Drop forgets a show whose terms turned out to be old, unless it was loaded again
// meanwhile.
func (s *Store) Drop(stale *Show) {
	known := s.shows.shows
	if current, ok := known.Peek(stale.Terms.ShowID); ok && current == stale {
		known.Remove(stale.Terms.ShowID)
	}
}

// showCache keeps shows in the process.
type showCache struct {
	pool     *pgxpool.Pool
	charging booking.Charging // nil when prices are not checked
	shows    *lru.Cache[string, *Show]
	// layouts never change once stored, and a screen's shows share one.
	layouts *lru.Cache[string, *seating]
	loading singleflight.Group
	looking singleflight.Group // for versions
}

func newShowCache(pool *pgxpool.Pool) *showCache {
	return &showCache{
		pool:    pool,
		shows:   newLRU[*Show](showsKept),
		layouts: newLRU[*seating](layoutsKept),
	}
}

func newLRU[V any](size int) *lru.Cache[string, V] {
	cache, err := lru.New[string, V](size)
	if err != nil {
		panic(err) // only for a size below one
	}
	return cache
}

func (c *showCache) get(ctx context.Context, showID string) (*Show, error) {
	if known, ok := c.shows.Get(showID); ok && time.Since(known.loaded) < summaryFresh {
		return known, nil
	}
	loading := c.loading.DoChan(showID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
		defer cancel()
		return c.load(ctx, showID)
	})
	select {
	case <-ctx.Done():
		return nil, Unavailable(fmt.Errorf("shows: load show: %w", ctx.Err()))
	case result := <-loading:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*Show), nil
	}
}

func (c *showCache) load(ctx context.Context, showID string) (*Show, error) {
	id, err := ParseID("show", showID)
	if err != nil {
		return nil, err
	}
	loaded := &Show{loaded: time.Now()}
	loaded.current.Store(&loaded.loaded)
	terms := &loaded.Terms
	var layoutID string
	var layout, house []byte
	fields := append(SummaryFields(&loaded.Summary), &terms.Version, UTC(&terms.SalesOpenAt),
		UTC(&terms.SalesCloseAt), &terms.Currency, &terms.Prices, &terms.FeePerSeat, &terms.TaxBasisPoints,
		UTC(&terms.AccessibleUntil), &layoutID, &layout, &house)
	err = c.pool.QueryRow(ctx, `SELECT `+SummaryColumns+`,
			s.terms_version, s.sales_open_at, s.sales_close_at, s.currency, s.prices, s.fee_per_seat,
			s.tax_basis_points, s.starts_at - make_interval(mins => t.accessible_release_minutes), l.id::text, l.layout, `+readHouse+`
		FROM `+SummaryTables+` JOIN layouts l ON l.id = s.layout_id
		WHERE s.id = $1`, id).Scan(fields...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	if err != nil {
		return nil, translate("load show", err)
	}
	terms.ShowID, terms.Status = loaded.Summary.ID, loaded.Summary.Status
	if loaded.seating, err = c.seating(layoutID, layout); err != nil {
		return nil, err
	}
	if loaded.house, err = readHouseOf(house); err != nil {
		return nil, err
	}
	terms.Layout = loaded.seating.layout
	if c.charging != nil {
		// A currency that no provider charges has no limits here: its payment fails.
		terms.Limits, _ = c.charging(terms.Currency)
	}
	c.shows.Add(showID, loaded)
	return loaded, nil
}

func (c *showCache) seating(layoutID string, document []byte) (*seating, error) {
	if known, ok := c.layouts.Get(layoutID); ok {
		return known, nil
	}
	var layout booking.Layout
	if err := json.Unmarshal(document, &layout); err != nil {
		return nil, fmt.Errorf("shows: layout %s: %w", layoutID, err)
	}
	known := newSeating(layout)
	c.layouts.Add(layoutID, known)
	return known, nil
}
