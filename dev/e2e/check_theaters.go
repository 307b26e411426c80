package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ofTheater is the booking_id of claims that a theater's own system has on seats.
const ofTheater = "00000000-0000-0000-0000-000000000000"

// theaterOrders are the orders in the books of theaters with a system of their own, without
// their counters', by our show. Shows without such a theater are not in it.
type theaterOrders map[string][]TheaterOrder

// theaterOrders reads the theaters' books of some shows, nil is all.
func (w *World) theaterOrders(ctx context.Context, shows []string) (theaterOrders, error) {
	found, err := w.DB.Query(ctx, `SELECT s.show_id::text, s.external_id, h.address FROM house_shows s JOIN houses h USING (theater_id)
		WHERE $1::uuid[] IS NULL OR s.show_id = ANY ($1)`, shows)
	if err != nil {
		return nil, err
	}
	remote, err := pgx.CollectRows(found, pgx.RowToStructByPos[struct{ Show, Session, Address string }])
	if err != nil {
		return nil, err
	}
	books := map[string][]TheaterOrder{}
	all := theaterOrders{}
	for _, show := range remote {
		if _, read := books[show.Address]; !read {
			if books[show.Address], err = w.booksAt(ctx, show.Address); err != nil {
				return nil, err
			}
		}
		all[show.Show] = []TheaterOrder{}
		for _, order := range books[show.Address] {
			if order.Show == show.Session && !order.Counter {
				all[show.Show] = append(all[show.Show], order)
			}
		}
	}
	return all, nil
}

// booksAt reads the books of the site at …/house/{site}/{style}.
func (w *World) booksAt(ctx context.Context, address string) ([]TheaterOrder, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(strings.Trim(at.Path, "/"), "/")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s is no site of the sandbox", address)
	}
	return w.Sandbox.TheaterBooks(ctx, parts[1])
}

// shows lists the shows with a theater's books, for queries.
func (o theaterOrders) shows() []string { return slices.Sorted(maps.Keys(o)) }

// bookingOf is the booking that an order names: its reference is "<booking>-<attempt>".
func bookingOf(o TheaterOrder) string {
	at := strings.LastIndexByte(o.Reference, '-')
	return o.Reference[:max(at, 0)]
}

// remoteSale is a confirmed booking of a show that its theater sells.
type remoteSale struct {
	ID, Show string
	Seats    []string
	Total    int64 // of the seats, without fees
	Codes    []byte
}

// soldThere wants one sale in the theater's books for each confirmed booking, of the same seats
// for the same total, whose codes are ours. A sale that the theater's counter has cancelled does
// not count: once the books were compared, its booking has to be cancelled, too.
func soldThere(ctx context.Context, e *evidence) ([]string, error) {
	found, err := e.db.Query(ctx, `
		SELECT b.id::text, b.show_id::text, b.seats,
			(SELECT sum((s -> 'price' ->> 'amount')::bigint)::bigint FROM jsonb_array_elements(b.quote -> 'seats') s),
			coalesce((SELECT o.codes FROM house_orders o WHERE o.booking_id = b.id), '{}')::text::bytea
		FROM bookings b WHERE b.status = 'confirmed' AND b.show_id = ANY ($1)`, e.theaters.shows())
	if err != nil {
		return nil, err
	}
	sales, err := pgx.CollectRows(found, pgx.RowToStructByPos[remoteSale])
	if err != nil {
		return nil, err
	}
	var cases []string
	for _, sale := range sales {
		var sold []TheaterOrder
		for _, order := range e.theaters[sale.Show] {
			if bookingOf(order) == sale.ID && order.Status == "sold" {
				sold = append(sold, order)
			}
		}
		switch {
		case len(sold) == 1:
			if wrong := sale.differs(sold[0]); wrong != "" {
				cases = append(cases, fmt.Sprintf("booking %s, order %s of the theater: %s", sale.ID, sold[0].ID, wrong))
			}
		case len(sold) > 1:
			cases = append(cases, fmt.Sprintf("booking %s is sold %d times by the theater", sale.ID, len(sold)))
		default:
			cases = append(cases, fmt.Sprintf("booking %s is confirmed, and the theater has not sold it", sale.ID))
		}
	}
	return cases, nil
}

func (s remoteSale) differs(o TheaterOrder) string {
	ours, theirs := slices.Sorted(slices.Values(s.Seats)), slices.Sorted(slices.Values(o.seats()))
	codes := map[string]string{}
	if err := json.Unmarshal(s.Codes, &codes); err != nil {
		return err.Error()
	}
	switch {
	case !slices.Equal(ours, theirs):
		return fmt.Sprintf("seats %v here, %v there", ours, theirs)
	case s.Total != o.Total:
		return fmt.Sprintf("%d here, %d there", s.Total, o.Total)
	case !maps.Equal(codes, o.codes()):
		return fmt.Sprintf("codes %v here, %v there", codes, o.codes())
	}
	return ""
}

// soldHere starts from the theaters' books: what they have sold for us belongs to a booking that
// is confirmed, or that waits for their decision.
func soldHere(ctx context.Context, e *evidence) ([]string, error) {
	ids, err := e.rows(ctx, `SELECT b.id::text FROM bookings b
		WHERE b.status IN ('held', 'confirmed') AND b.show_id = ANY ($2) AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))`, e.theaters.shows())
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, id := range ids {
		live[id] = true
	}
	var cases []string
	for show, orders := range e.theaters {
		for _, order := range orders {
			if (order.Status == "sold" || order.Status == "pending") && !live[bookingOf(order)] {
				cases = append(cases, fmt.Sprintf("show %s: the theater's order %s (%s) is %s, and no booking stands for it",
					show, order.ID, order.Reference, order.Status))
			}
		}
	}
	return cases, nil
}

// keptForNothing looks at seats that are off sale here because the theater may have them for us:
// its books say whether it does.
func keptForNothing(ctx context.Context, e *evidence) ([]string, error) {
	found, err := e.db.Query(ctx, `SELECT show_id::text, seat, booking_id::text FROM seat_claims
		WHERE state = 'held' AND show_id = ANY ($1)
			AND (held_until = 'infinity' OR booking_id = $2 AND held_until > clock_timestamp())`, e.theaters.shows(), ofTheater)
	if err != nil {
		return nil, err
	}
	claims, err := pgx.CollectRows(found, pgx.RowToStructByPos[struct{ Show, Seat, Booking string }])
	if err != nil {
		return nil, err
	}
	var cases []string
	for _, claim := range claims {
		if !slices.ContainsFunc(e.theaters[claim.Show], func(o TheaterOrder) bool {
			return o.takes() && slices.Contains(o.seats(), claim.Seat) && (claim.Booking == ofTheater || claim.Booking == bookingOf(o))
		}) {
			cases = append(cases, fmt.Sprintf("show %s, seat %s is kept for booking %s, and the theater has it for no order of ours",
				claim.Show, claim.Seat, claim.Booking))
		}
	}
	return cases, nil
}
