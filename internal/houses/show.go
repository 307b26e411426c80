package houses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// stateExclusion is the SQLSTATE of two shows on one screen at one time.
const stateExclusion = "23P01"

func isOverlap(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == stateExclusion
}

// changeNamespace makes the ids of changes of shows from what makes two the same.
var changeNamespace = uuid.MustParse("5a0f6f0e-6f0c-5b5e-9d0c-0a8a2f1c7d44")

// stored is a show of a house as our database has it, locked.
type stored struct {
	id                uuid.UUID
	status            booking.ShowStatus
	screen, layout    uuid.UUID
	starts, ends      time.Time
	unsellable        string
	seats             map[string]string
	pendingAt         *time.Time
	now               time.Time
	booked            bool // there are bookings, held or confirmed
	changes           int  // of the show, so far
	currentLayout     booking.Layout
	claimedByBookings []string
}

// apply brings rows of a program into the catalog, all or none. Several are out of each other's
// way while that is done.
func (s *Store) apply(ctx context.Context, house Settings, applied *tally, rows ...booking.HouseShow) error {
	var outcome tally // counted only when the transaction is committed
	err := s.inCatalog(ctx, func(tx pgx.Tx) error {
		outcome = tally{}
		if len(rows) > 1 {
			if err := makeRoom(ctx, tx, house, rows); err != nil {
				return err
			}
		}
		for _, row := range rows {
			if err := s.applyRow(ctx, tx, house, row, &outcome); err != nil {
				return err
			}
		}
		return nil
	})
	if isOverlap(err) {
		return err
	}
	if err != nil {
		return wrap(err, "program of theater %s", house.TheaterID)
	}
	applied.Add(outcome.HouseApplied)
	applied.touched = append(applied.touched, outcome.touched...)
	return nil
}

func (s *Store) applyRow(ctx context.Context, tx pgx.Tx, house Settings, row booking.HouseShow, outcome *tally) error {
	m := s.mapShow(house, row)
	show, err := find(ctx, tx, house.TheaterID, row.ID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s.add(ctx, tx, house, m, outcome)
	case err != nil:
		return err
	default:
		return s.change(ctx, tx, house, m, show, outcome)
	}
}

// makeRoom takes shows without bookings from their screens until the transaction gives them
// their new time: an empty span of time overlaps no other.
func makeRoom(ctx context.Context, tx pgx.Tx, house Settings, rows []booking.HouseShow) error {
	var moving []string
	for _, row := range rows {
		moving = append(moving, row.ID)
	}
	_, err := tx.Exec(ctx, `
		UPDATE shows s SET clean_at = s.starts_at FROM house_shows h
		WHERE h.show_id = s.id AND h.theater_id = $1 AND h.external_id = ANY ($2)
			AND s.status = 'scheduled' AND s.starts_at > clock_timestamp()
			AND NOT EXISTS (SELECT FROM bookings b WHERE b.show_id = s.id AND b.status IN ('held', 'confirmed'))`,
		house.TheaterID, moving)
	return err
}

// refuse stops the sale of a show whose row cannot be applied.
func (s *Store) refuse(ctx context.Context, house Settings, row booking.HouseShow, why string, applied *tally) error {
	applied.Unsellable++
	return wrap(s.inCatalog(ctx, func(tx pgx.Tx) error {
		show, err := find(ctx, tx, house.TheaterID, row.ID)
		if err == nil && show.unsellable != why {
			applied.Stopped++
			applied.touched = append(applied.touched, show.id.String())
		}
		if err == nil {
			err = stop(ctx, tx, show.id.String(), why, &row)
		} else if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		if err != nil {
			return err
		}
		return raise(ctx, tx, house, row, why)
	}), "show %q of theater %s", row.ID, house.TheaterID)
}

func raise(ctx context.Context, tx pgx.Tx, house Settings, row booking.HouseShow, why string) error {
	return alerts.Raise(ctx, tx, booking.Alert{Kind: booking.AlertHouseShowUnsellable,
		Detail: fmt.Sprintf("%s, show %s of its own system: %s", house.Name, row.ID, why)})
}

func find(ctx context.Context, tx pgx.Tx, theaterID, externalID string) (stored, error) {
	var s stored
	err := tx.QueryRow(ctx, `
		SELECT s.id, s.status, s.screen_id, s.layout_id, s.starts_at, s.ends_at, h.unsellable, h.seats, h.pending_at,
			clock_timestamp(), l.layout
		FROM house_shows h JOIN shows s ON s.id = h.show_id JOIN layouts l ON l.id = s.layout_id
		WHERE h.theater_id = $1 AND h.external_id = $2 FOR UPDATE OF s`, theaterID, externalID).
		Scan(&s.id, &s.status, &s.screen, &s.layout, &s.starts, &s.ends, &s.unsellable, &s.seats, &s.pendingAt, &s.now, &s.currentLayout)
	if err != nil {
		return s, err
	}
	// With the lock: every hold of before is visible now, and the next waits.
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM bookings b WHERE b.show_id = $1 AND b.status IN ('held', 'confirmed')),
			(SELECT count(*) FROM show_changes ch WHERE ch.show_id = $1),
			(SELECT coalesce(array_agg(c.seat ORDER BY c.seat), '{}') FROM seat_claims c WHERE c.show_id = $1 AND c.booking_id <> $2)`,
		s.id, uuid.Nil).Scan(&s.booked, &s.changes, &s.claimedByBookings)
	return s, err
}

// add makes a show that the house has put on.
func (s *Store) add(ctx context.Context, tx pgx.Tx, house Settings, m mapped, outcome *tally) error {
	var now time.Time
	if err := tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return err
	}
	if m.row.Cancelled || !m.closes.After(now) {
		return nil // of no interest to customers
	}
	if m.why != "" {
		outcome.Unsellable++
		return raise(ctx, tx, house, m.row, m.why)
	}
	place, err := s.place(ctx, tx, house, m)
	if err != nil {
		return err
	}
	id := uuid.New()
	_, err = tx.Exec(ctx, `
		INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		id, place.movie, house.TheaterID, place.screen, place.layout, m.row.StartsAt, m.row.EndsAt, m.row.Format, m.row.Language,
		now, m.closes, house.Currency, m.prices, m.fee, m.tax)
	if err != nil {
		return err
	}
	sum, err := digest(house, m.given)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO house_shows (show_id, theater_id, external_id, seats, categories, digest)
		VALUES ($1, $2, $3, $4, $5, $6)`, id, house.TheaterID, m.row.ID, m.seats, m.categories, sum)
	if err != nil {
		return err
	}
	outcome.Added++
	outcome.touched = append(outcome.touched, id.String())
	return record(ctx, tx, "create", house, id, nil, m)
}

// change brings a row to a show that is there.
func (s *Store) change(ctx context.Context, tx pgx.Tx, house Settings, m mapped, show stored, outcome *tally) error {
	if show.status == booking.ShowCancelled || !show.starts.After(show.now) {
		// It is over here, whatever the house says now.
		_, err := tx.Exec(ctx, `UPDATE house_shows SET pending = NULL, pending_at = NULL, listed_at = clock_timestamp() WHERE show_id = $1`, show.id)
		return err
	}
	why, pending := m.why, false
	place, err := placed{screen: show.screen, layout: show.layout}, error(nil)
	switch {
	case m.row.Cancelled:
		why, pending = "the theater has cancelled it", true
	case why == "":
		if place, err = s.place(ctx, tx, house, m); err != nil {
			return err
		}
		why, pending = m.against(show, place)
	}
	if why != "" {
		return s.hold(ctx, tx, house, m, show, place, why, pending, outcome)
	}
	_, err = tx.Exec(ctx, `
		UPDATE shows SET movie_id = $2, screen_id = $3, layout_id = $4, starts_at = $5, ends_at = $6, format = $7, language = $8,
			sales_close_at = greatest($9, sales_open_at + interval '1 microsecond'), currency = $10, prices = $11,
			fee_per_seat = $12, tax_basis_points = $13
		WHERE id = $1`, show.id, place.movie, place.screen, place.layout, m.row.StartsAt, m.row.EndsAt, m.row.Format, m.row.Language,
		m.closes, house.Currency, m.prices, m.fee, m.tax)
	if err != nil {
		return err
	}
	sum, err := digest(house, m.given)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE house_shows SET seats = $2, categories = $3, digest = $4, unsellable = '', pending = NULL,
		pending_at = NULL, listed_at = clock_timestamp() WHERE show_id = $1`, show.id, m.seats, m.categories, sum)
	if err != nil {
		return err
	}
	outcome.Changed++
	outcome.touched = append(outcome.touched, show.id.String())
	return record(ctx, tx, "change", house, show.id, nil, m)
}

// against says why a show with bookings cannot become what the row says; pending, that it can
// when its bookings have been told.
func (m mapped) against(show stored, place placed) (why string, pending bool) {
	if show.booked && (!m.row.StartsAt.Equal(show.starts) || place.screen != show.screen) {
		return "the theater has moved it", true
	}
	types, before := seatTypes(m.layout), seatTypes(show.currentLayout)
	for _, seat := range show.claimedByBookings {
		if m.seats[seat] != show.seats[seat] || types[seat] != before[seat] {
			return fmt.Sprintf("its seating has changed, and seat %s of a booking is not what it was", seat), false
		}
	}
	return "", false
}

func seatTypes(layout booking.Layout) map[string]booking.SeatType {
	types := map[string]booking.SeatType{}
	for _, row := range layout.Rows {
		for _, seat := range row.Seats {
			types[seat.ID] = seat.Type
		}
	}
	return types
}

// hold stops the sale of a show, and keeps the row when the bookings must be told first.
func (s *Store) hold(ctx context.Context, tx pgx.Tx, house Settings, m mapped, show stored, place placed, why string, pending bool, outcome *tally) error {
	var row *booking.HouseShow
	if pending {
		row = &m.given
		outcome.Changes = append(outcome.Changes, m.request(show, place))
	} else {
		outcome.Unsellable++
	}
	if err := stop(ctx, tx, show.id.String(), why, row); err != nil {
		return err
	}
	if show.unsellable != why {
		outcome.Stopped++
		outcome.touched = append(outcome.touched, show.id.String())
		if err := record(ctx, tx, "stop", house, show.id, nil, stopped{why}); err != nil {
			return err
		}
	}
	if !pending {
		return raise(ctx, tx, house, m.row, why)
	}
	if show.pendingAt != nil && show.now.Sub(*show.pendingAt) > pendingFor {
		return raise(ctx, tx, house, m.row, why+", and the change could not be carried out here")
	}
	return nil
}

// request is the change that the show's bookings are told of.
func (m mapped) request(show stored, place placed) booking.ShowChangeRequest {
	request := booking.ShowChangeRequest{
		ShowID: show.id.String(), Kind: booking.ChangeCancelled, Reason: "The theater has cancelled this show.",
		// The program itself asks.
		By: booking.Staff{AccountID: uuid.Nil.String(), Role: "system"},
	}
	key := "cancel"
	if !m.row.Cancelled {
		request.Kind, request.Reason = booking.ChangeRescheduled, "The theater has moved this show."
		request.StartsAt, request.EndsAt, request.SalesCloseAt = m.row.StartsAt, m.row.EndsAt, m.closes
		request.Default = booking.ChoiceKeep
		if place.screen != show.screen {
			request.ScreenID = place.screen.String()
		}
		// The count: a show may move to and fro.
		key = fmt.Sprintf("move %d %s %s", show.changes, m.row.StartsAt.UTC().Format(time.RFC3339), place.screen)
	}
	request.ChangeID = uuid.NewSHA1(changeNamespace, []byte(request.ShowID+"\n"+key)).String()
	return request
}

// stop ends the sale of a show until a program has it again as it should be. With a row, that
// row is tried again until then.
func stop(ctx context.Context, tx pgx.Tx, showID, why string, row *booking.HouseShow) error {
	var pending []byte
	if row != nil {
		var err error
		if pending, err = json.Marshal(row); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE shows SET sales_close_at = greatest(clock_timestamp(), sales_open_at + interval '1 microsecond')
		WHERE id = $1 AND sales_close_at > clock_timestamp()`, showID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE house_shows SET unsellable = $2, pending = $3, listed_at = CASE WHEN $2 = $4 THEN listed_at ELSE clock_timestamp() END,
			pending_at = CASE WHEN $3::jsonb IS NULL THEN NULL ELSE coalesce(pending_at, clock_timestamp()) END
		WHERE show_id = $1`, showID, why, pending, notListed)
	return err
}

// placed is where a show takes place, and what is shown.
type placed struct{ movie, screen, layout uuid.UUID }

// planned is what the audit log has of a show of a house.
type planned struct {
	ExternalID string           `json:"external_id"`
	StartsAt   time.Time        `json:"starts_at"`
	EndsAt     time.Time        `json:"ends_at"`
	Screen     string           `json:"screen"`
	Prices     map[string]int64 `json:"prices"`
	ClosesAt   time.Time        `json:"sales_close_at"`
	Seats      int              `json:"seats"`
}

// stopped is what the audit log has of a show that is not sold any more.
type stopped struct {
	Why string `json:"unsellable"`
}

func record(ctx context.Context, tx pgx.Tx, action string, house Settings, show uuid.UUID, before, after any) error {
	if m, ok := after.(mapped); ok {
		after = planned{m.row.ID, m.row.StartsAt.UTC(), m.row.EndsAt.UTC(), m.row.Screen, maps.Clone(m.prices), m.closes.UTC(), m.layout.Capacity()}
	}
	return audit.Record(ctx, audit.Pgx(tx), audit.Entry{
		Actor: audit.System(""), Action: action, Entity: "show", EntityID: show.String(),
		TheaterID: uuid.MustParse(house.TheaterID), Before: before, After: after,
	})
}
