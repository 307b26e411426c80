package showchanges

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/shows"
)

const (
	// defaultDecision is how long customers of a moved show may choose when staff
	// do not say.
	defaultDecision = 24 * time.Hour
	// beforeStart is how long before the new start the time to choose ends then, so
	// that a default is carried out when the doors open.
	beforeStart = 30 * time.Minute
	// stateExclusion is the SQLSTATE of two shows on one screen at one time.
	stateExclusion = "23P01"
)

// shownChange is the part of a show that a change is about, as the audit log has
// it before and after.
type shownChange struct {
	Status       booking.ShowStatus `json:"status"`
	ScreenID     string             `json:"screen_id"`
	LayoutID     string             `json:"layout_id"`
	StartsAt     time.Time          `json:"starts_at"`
	EndsAt       time.Time          `json:"ends_at"`
	SalesCloseAt time.Time          `json:"sales_close_at"`
}

// changingShow is a show that is locked because it is about to change.
type changingShow struct {
	shownChange
	theater   uuid.UUID
	salesOpen time.Time
	prices    map[string]int64
	now       time.Time // by the database's clock, after the lock
}

// ChangeShow cancels or moves a show, with its entry in the audit log, in one
// transaction. A repeat answers with the existing change. The workflows handle the
// bookings. Codes: not_found, conflict, seats_unavailable, validation_failed,
// idempotency_key_reused.
func (s *Store) ChangeShow(ctx context.Context, req booking.ShowChangeRequest) (booking.ShowChange, error) {
	id, err := shows.ParseID("change", req.ChangeID)
	if err != nil {
		return booking.ShowChange{}, err
	}
	showID, err := shows.ParseID("show", req.ShowID)
	if err != nil {
		return booking.ShowChange{}, err
	}
	known, err := s.knownChange(ctx, id, req)
	if err != nil || known != nil {
		return deref(known), err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return change(ctx, tx, id, showID, req) })
	if shows.HasState(err, stateExclusion) {
		return booking.ShowChange{}, s.overlap(ctx, showID, req, err)
	}
	if err != nil {
		return booking.ShowChange{}, ours("change show", err)
	}
	s.shows.Changed(ctx, req.ShowID, "")
	return s.ShowChange(ctx, req.ChangeID)
}

// SameChange refuses a request whose change was already made by a different request. Codes:
// idempotency_key_reused, not_found.
func (s *Store) SameChange(ctx context.Context, req booking.ShowChangeRequest) error {
	var kind booking.ChangeKind
	var hash string
	err := s.pool.QueryRow(ctx, `SELECT kind, request_hash FROM show_changes WHERE id = $1`, req.ChangeID).Scan(&kind, &hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return booking.E(booking.CodeNotFound, "There is no such change.")
	case err != nil:
		return translate("look for the change", err)
	case req.Kind != kind, req.Hash != "" && hash != "" && req.Hash != hash:
		return booking.E(booking.CodeKeyReused, "This Idempotency-Key was used for a different request. Use a new one.")
	default:
		return nil
	}
}

// knownChange finds what an earlier try of the request did, nil for nothing.
func (s *Store) knownChange(ctx context.Context, id uuid.UUID, req booking.ShowChangeRequest) (*booking.ShowChange, error) {
	err := s.SameChange(ctx, req)
	if booking.CodeOf(err) == booking.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err := s.ShowChange(ctx, req.ChangeID)
	if err != nil || known.Kind != booking.ChangeCancelled || known.FinishedAt == nil {
		return &known, err
	}
	// A show is cancelled once. A repeat retries what could not be settled.
	again, err := s.pool.Exec(ctx, `UPDATE show_changes ch SET finished_at = NULL WHERE id = $1
		AND EXISTS (SELECT FROM show_change_bookings cb WHERE cb.change_id = ch.id AND cb.settled_at IS NULL)`, id)
	if err != nil {
		return nil, translate("take the change up again", err)
	}
	if again.RowsAffected() == 0 {
		return nil, booking.E(booking.CodeConflict, "This show is cancelled already.")
	}
	if _, err := s.pool.Exec(ctx, `UPDATE show_change_bookings SET failure = '' WHERE change_id = $1`, id); err != nil {
		return nil, translate("take the change up again", err)
	}
	known.FinishedAt = nil
	return &known, nil
}

func change(ctx context.Context, tx pgx.Tx, id, showID uuid.UUID, req booking.ShowChangeRequest) error {
	show, err := lockShow(ctx, tx, showID)
	if err != nil {
		return err
	}
	var done bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM show_changes WHERE id = $1)`, id).Scan(&done); err != nil || done {
		return err // the same request, at the same moment, was first
	}
	if err := show.mayChange(); err != nil {
		return err
	}
	after, action := show.shownChange, "cancel"
	if req.Kind == booking.ChangeRescheduled {
		action = "reschedule"
		if after, err = move(ctx, tx, showID, show, &req); err != nil {
			return err
		}
	} else {
		after.Status = booking.ShowCancelled
	}
	_, err = tx.Exec(ctx, `UPDATE shows SET status = $2, screen_id = $3, layout_id = $4, starts_at = $5, ends_at = $6,
			sales_close_at = $7 WHERE id = $1`,
		showID, after.Status, after.ScreenID, after.LayoutID, after.StartsAt, after.EndsAt, after.SalesCloseAt)
	if err != nil {
		return err
	}
	// The clock, not now(): a hold on the old terms waited for nothing but this
	// transaction's lock, so it was made before this moment, and one on the new
	// terms is made after it.
	_, err = tx.Exec(ctx, `INSERT INTO show_changes (id, show_id, kind, reason, old_starts_at, new_starts_at, decide_by,
			default_choice, requested_by, request_hash, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp())`,
		id, showID, req.Kind, req.Reason, show.StartsAt, shows.NullTime(req.StartsAt), shows.NullTime(req.DecideBy),
		string(req.Default), req.By.AccountID, req.Hash)
	if err != nil {
		return err
	}
	who, _ := uuid.Parse(req.By.AccountID)
	return audit.Record(ctx, audit.Pgx(tx), audit.Entry{
		Actor:  audit.Actor{AccountID: who, Role: req.By.Role, RequestID: req.By.RequestID},
		Action: action, Entity: "show", EntityID: showID.String(), TheaterID: show.theater,
		Before: show.shownChange,
		After: struct {
			shownChange
			ChangeID string               `json:"change_id"`
			Reason   string               `json:"reason"`
			DecideBy *time.Time           `json:"decide_by,omitempty"`
			Default  booking.ChangeChoice `json:"default,omitempty"`
		}{after, id.String(), req.Reason, shows.NullTime(req.DecideBy), req.Default},
	})
}

// lockShow makes confirmations and holds of the show wait, and then find it
// changed.
func lockShow(ctx context.Context, tx pgx.Tx, id uuid.UUID) (changingShow, error) {
	var show changingShow
	// The lock that every write of the catalog takes, before the show's: staff who
	// change the show at this moment take them in this order.
	if _, err := tx.Exec(ctx, `SELECT version FROM catalog_version FOR UPDATE`); err != nil {
		return show, err
	}
	err := tx.QueryRow(ctx, `SELECT status, screen_id::text, layout_id::text, starts_at, ends_at, sales_open_at,
			sales_close_at, theater_id, prices FROM shows WHERE id = $1 FOR UPDATE`, id).
		Scan(&show.Status, &show.ScreenID, &show.LayoutID, shows.UTC(&show.StartsAt), shows.UTC(&show.EndsAt),
			shows.UTC(&show.salesOpen), shows.UTC(&show.SalesCloseAt), &show.theater, &show.prices)
	if errors.Is(err, pgx.ErrNoRows) {
		return show, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	if err != nil {
		return show, err
	}
	err = tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(shows.UTC(&show.now))
	return show, err
}

func (s changingShow) mayChange() error {
	switch {
	case s.Status == booking.ShowCancelled:
		return booking.E(booking.CodeConflict, "This show is cancelled already.")
	case !s.now.Before(s.StartsAt):
		return booking.E(booking.CodeConflict, "This show has started, or is over.")
	default:
		return nil
	}
}

// move works out how the show stands after the move, and until when customers may
// choose, which it writes into the request.
func move(ctx context.Context, tx pgx.Tx, id uuid.UUID, show changingShow, req *booking.ShowChangeRequest) (shownChange, error) {
	after := show.shownChange
	if req.StartsAt.IsZero() {
		req.StartsAt = show.StartsAt // to another screen, at the same time
	}
	by := req.StartsAt.Sub(show.StartsAt)
	after.StartsAt = req.StartsAt
	after.EndsAt = orTime(req.EndsAt, show.EndsAt.Add(by))
	after.SalesCloseAt = orTime(req.SalesCloseAt, show.SalesCloseAt.Add(by))
	if req.DecideBy.IsZero() {
		req.DecideBy = decideBy(show.now, req.StartsAt)
	}
	if err := checkTimes(show, after, req.DecideBy); err != nil {
		return after, err
	}
	if req.ScreenID != "" && req.ScreenID != show.ScreenID {
		screen, layout, err := otherScreen(ctx, tx, id, show, req.ScreenID)
		if err != nil {
			return after, err
		}
		after.ScreenID, after.LayoutID = screen, layout
	}
	if after == show.shownChange {
		return after, booking.E(booking.CodeConflict, "The show is at this time on this screen already.")
	}
	return after, nil
}

func checkTimes(show changingShow, after shownChange, decideBy time.Time) error {
	var fieldErrors booking.FieldErrors
	if !after.StartsAt.After(show.now) {
		fieldErrors.Add("starts_at", "Must be in the future.")
		return fieldErrors.Err() // the rest follows from it
	}
	if !after.EndsAt.After(after.StartsAt) {
		fieldErrors.Add("ends_at", "Must be after the start.")
	}
	if !after.SalesCloseAt.After(show.salesOpen) {
		fieldErrors.Add("sales_close_at", "Must be after the sale opens, %s.", show.salesOpen.Format(time.RFC3339))
	}
	if !decideBy.After(show.now) || decideBy.After(after.StartsAt) {
		fieldErrors.Add("decide_by", "Must be in the future, and not after the new start.")
	}
	return fieldErrors.Err()
}

// decideBy is the default: a day, or what there is before the new start.
func decideBy(now, starts time.Time) time.Time {
	latest := starts.Add(-beforeStart)
	if !latest.After(now) {
		latest = now.Add(starts.Sub(now) / 2)
	}
	if day := now.Add(defaultDecision); day.Before(latest) {
		return day
	}
	return latest
}

// otherScreen finds the newest layout of another screen of the house, and refuses a layout
// that lacks a taken seat or has it as another type: a customer with a wheelchair space
// cannot take a chair, nor the other way round.
func otherScreen(ctx context.Context, tx pgx.Tx, showID uuid.UUID, show changingShow, screenID string) (screen, layoutID string, err error) {
	id, err := uuid.Parse(screenID)
	if err != nil {
		return "", "", booking.Invalid(booking.FieldError{Field: "screen_id", Message: "This is not a screen's id."})
	}
	var layout booking.Layout
	err = tx.QueryRow(ctx, `SELECT sc.id::text, l.id::text, l.layout FROM screens sc JOIN layouts l ON l.screen_id = sc.id
		WHERE sc.id = $1 AND sc.theater_id = $2 AND sc.retired_at IS NULL
		ORDER BY l.version DESC LIMIT 1`, id, show.theater).Scan(&screen, &layoutID, &layout)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", booking.Invalid(booking.FieldError{Field: "screen_id", Message: "The show's theater has no such screen."})
	}
	if err != nil {
		return "", "", err
	}
	for _, row := range layout.Rows {
		if _, priced := show.prices[row.Category]; !priced {
			return "", "", booking.E(booking.CodeConflict, "That screen has seats of category %q, which this show has no price for.", row.Category)
		}
	}
	missing, err := lackedSeats(ctx, tx, showID, show.LayoutID, layout)
	if err != nil {
		return "", "", err
	}
	if len(missing) > 0 {
		e := booking.E(booking.CodeConflict, "That screen does not have all the seats that are held or sold, of the same type: %s.",
			strings.Join(missing, ", "))
		e.Seats = missing
		return "", "", e
	}
	return screen, layoutID, nil
}

// lackedSeats are the claimed seats of a show that another layout does not have, or
// has of another type. A hold that ran out counts until its seats are free: its
// payment may turn out to be authorized.
func lackedSeats(ctx context.Context, tx pgx.Tx, showID uuid.UUID, layoutID string, other booking.Layout) ([]string, error) {
	var layout booking.Layout
	if err := tx.QueryRow(ctx, `SELECT layout FROM layouts WHERE id = $1`, layoutID).Scan(&layout); err != nil {
		return nil, err
	}
	// Seats that a theater's own system has taken, with the nil booking, have other ones there.
	rows, err := tx.Query(ctx, `SELECT seat FROM seat_claims WHERE show_id = $1 AND booking_id <> $2 ORDER BY seat`, showID, uuid.Nil)
	if err != nil {
		return nil, err
	}
	claimed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	before, after := seatTypes(layout), seatTypes(other)
	return slices.DeleteFunc(claimed, func(seat string) bool {
		kind, has := after[seat]
		return has && kind == before[seat]
	}), nil
}

func seatTypes(layout booking.Layout) map[string]booking.SeatType {
	types := map[string]booking.SeatType{}
	for _, row := range layout.Rows {
		for _, seat := range row.Seats {
			types[seat.ID] = cmp.Or(seat.Type, booking.SeatStandard)
		}
	}
	return types
}

// overlap says which show is in the way.
func (s *Store) overlap(ctx context.Context, showID uuid.UUID, req booking.ShowChangeRequest, cause error) error {
	var title, screen string
	var other uuid.UUID
	var from, to time.Time
	err := s.pool.QueryRow(ctx, `SELECT o.id, m.title, sc.name, o.starts_at, o.clean_at
		FROM shows mine JOIN shows o ON o.screen_id = coalesce(nullif($2, '')::uuid, mine.screen_id) AND o.id <> mine.id
		JOIN movies m ON m.id = o.movie_id JOIN screens sc ON sc.id = o.screen_id
		WHERE mine.id = $1 AND o.status = 'scheduled' AND tstzrange(o.starts_at, o.clean_at) &&
			tstzrange(coalesce($3, mine.starts_at), coalesce($4, mine.ends_at + (coalesce($3, mine.starts_at) - mine.starts_at))
				+ make_interval(mins => sc.cleaning_minutes))
		ORDER BY o.starts_at LIMIT 1`, showID, req.ScreenID, shows.NullTime(req.StartsAt), shows.NullTime(req.EndsAt)).
		Scan(&other, &title, &screen, shows.UTC(&from), shows.UTC(&to))
	if err != nil {
		// The other show has gone since; the refusal still stands.
		return booking.E(booking.CodeConflict, "Another show is on that screen at that time.").Wrap(cause)
	}
	return booking.E(booking.CodeConflict, "%s shows %s from %s to %s, cleaning included (show %s).", screen, title,
		from.Format(time.RFC3339), to.Format(time.RFC3339), other).Wrap(cause)
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t.UTC()
}

func deref(change *booking.ShowChange) booking.ShowChange {
	if change == nil {
		return booking.ShowChange{}
	}
	return *change
}

// ours keeps an error that is in our own words already.
func ours(step string, err error) error {
	var e *booking.Error
	if errors.As(err, &e) {
		return e
	}
	return translate(step, fmt.Errorf("transaction: %w", err))
}
