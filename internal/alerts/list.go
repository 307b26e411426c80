package alerts

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
)

// State says where an alert stands.
type State string

// The states of an alert.
const (
	stateOpen     State = "open"
	stateTaken    State = "taken"
	stateResolved State = "resolved"
)

// states lists them all.
func states() []State { return []State{stateOpen, stateTaken, stateResolved} }

// Item is an alert as staff see it. People are account ids.
type Item struct {
	ID     int64             `json:"id"`
	Kind   booking.AlertKind `json:"kind"`
	Detail string            `json:"detail"`
	State  State             `json:"state"`
	// RaisedAt is when it opened; the last time, when it did so more than once.
	RaisedAt time.Time `json:"raised_at"`
	Openings int       `json:"openings"`

	TakenBy    *uuid.UUID `json:"taken_by,omitempty"`
	TakenAt    *time.Time `json:"taken_at,omitempty"`
	ResolvedBy *uuid.UUID `json:"resolved_by,omitempty"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty"`
	Note       string     `json:"note,omitempty"`

	BookingID *uuid.UUID `json:"booking_id,omitempty"`
	// Booking is nil when the alert is about no booking, or about one that was never made.
	Booking *about `json:"booking,omitempty"`
}

// about is the booking that an alert is about, without anything personal.
type about struct {
	ID            uuid.UUID             `json:"id"`
	Status        booking.Status        `json:"status"`
	PaymentStatus booking.PaymentStatus `json:"payment_status"` // of the latest payment; empty without a payment
	Seats         []string              `json:"seats"`
	Show          booking.ShowSummary   `json:"show"`
}

// Counts says how many alerts there are in each state.
type Counts struct {
	Open     int `json:"open"`
	Taken    int `json:"taken"`
	Resolved int `json:"resolved"`
}

// Filter narrows the list; an empty field does not.
type Filter struct {
	State     string
	Kind      string
	BookingID string // uuid
	TheaterID string // uuid
	TakenBy   string // uuid
	Since     string // RFC 3339, included
	// ManagedBy narrows to the houses of a manager.
	ManagedBy uuid.UUID
	Limit     int
	Cursor    string // next of the page before
}

const (
	stateOf = `CASE WHEN al.resolved_at IS NOT NULL THEN 'resolved' WHEN al.taken_by IS NOT NULL THEN 'taken' ELSE 'open' END`
	tables  = ` FROM alerts al LEFT JOIN bookings b ON b.id = al.booking_id LEFT JOIN shows s ON s.id = b.show_id`
	read    = `SELECT al.id, al.kind, al.detail, ` + stateOf + `, al.created_at, al.openings,
			al.taken_by, al.taken_at, al.resolved_by, al.resolved_at, al.note, al.booking_id,
			b.id, b.status, b.seats, coalesce((SELECT p.status FROM payments p WHERE p.booking_id = b.id
				ORDER BY p.attempt DESC, p.created_at DESC LIMIT 1), 'none'),
			s.id::text, m.id::text, m.slug, m.title, t.id::text, t.slug, t.name, t.address, sc.name,
			s.starts_at, s.ends_at, t.time_zone, s.format, s.language, s.status` + tables + `
		LEFT JOIN movies m ON m.id = s.movie_id LEFT JOIN theaters t ON t.id = s.theater_id LEFT JOIN screens sc ON sc.id = s.screen_id`
)

// List gives alerts, the last raised first, and how many there are in each state
// when the filter's own state is left out. next is empty on the last page. Code:
// validation_failed.
func (s *Store) List(ctx context.Context, f Filter) (items []Item, counts Counts, next string, err error) {
	where, args, err := f.conditions()
	if err != nil {
		return nil, counts, "", err
	}
	if counts, err = s.count(ctx, f); err != nil {
		return nil, counts, "", err
	}
	limit := paging.Size(f.Limit)
	// One more than asked for tells whether there is a next page.
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`%s WHERE %s ORDER BY al.created_at DESC, al.id DESC LIMIT %d`, read, where, limit+1), args...)
	if err != nil {
		return nil, counts, "", fmt.Errorf("alerts: list: %w", err)
	}
	if items, err = pgx.CollectRows(rows, scan); err != nil {
		return nil, counts, "", fmt.Errorf("alerts: list: %w", err)
	}
	items, next = paging.Cut(items, limit, func(last Item) string { return paging.Latest(last.RaisedAt, strconv.FormatInt(last.ID, 10)) })
	return items, counts, next, nil
}

func (s *Store) count(ctx context.Context, f Filter) (c Counts, err error) {
	f.State, f.Cursor = "", ""
	where, args, err := f.conditions()
	if err != nil {
		return c, err
	}
	err = s.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'taken'),
			count(*) FILTER (WHERE state = 'resolved') FROM (SELECT `+stateOf+` AS state`+tables+` WHERE `+where+`) q`, args...).
		Scan(&c.Open, &c.Taken, &c.Resolved)
	if err != nil {
		return c, fmt.Errorf("alerts: count: %w", err)
	}
	return c, nil
}

// conditions puts the filter into SQL, or names everything that is wrong with it.
func (f Filter) conditions() (where string, args []any, err error) {
	all := []string{"true"}
	var wrong booking.FieldErrors
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		all = append(all, condition)
	}
	id := func(field, column, value string) {
		if value == "" {
			return
		}
		parsed, err := uuid.Parse(value)
		if err != nil {
			wrong.Add(field, "Write an id.")
		}
		add(column+" = ?", parsed)
	}
	if f.State != "" {
		if !slices.Contains(states(), State(f.State)) {
			wrong.Add("state", "Choose open, taken, resolved.")
		}
		add(stateOf+" = ?", f.State)
	}
	if f.Kind != "" {
		if !slices.Contains(booking.AlertKinds(), booking.AlertKind(f.Kind)) {
			wrong.Add("kind", "There is no such kind of alert. Choose %s.", kinds())
		}
		add("al.kind = ?", f.Kind)
	}
	id("booking_id", "al.booking_id", f.BookingID)
	id("theater_id", "s.theater_id", f.TheaterID)
	id("taken_by", "al.taken_by", f.TakenBy)
	if f.Since != "" {
		at, err := time.Parse(time.RFC3339, f.Since)
		if err != nil || at.UTC().Year() < 1 || strings.Contains(f.Since, ",") { // Postgres has no year 0, RFC 3339 no comma
			wrong.Add("since", "Write a time as RFC 3339, for example 2026-03-29T18:30:00Z.")
		}
		add("al.created_at >= ?", at)
	}
	if f.ManagedBy != uuid.Nil {
		add(managed, f.ManagedBy)
	}
	if f.Cursor != "" {
		at, id, err := paging.ReadLatest(f.Cursor)
		last, notID := strconv.ParseInt(id, 10, 64)
		if err != nil || notID != nil {
			wrong = append(wrong, paging.Foreign())
		}
		add("(al.created_at, al.id) < (?, ?)", at, last)
	}
	return strings.Join(all, " AND "), args, wrong.Err()
}

// managed narrows to the houses of a manager: an alert without a booking belongs to no
// house.
const managed = `s.theater_id IN (SELECT theater_id FROM theater_managers WHERE account_id = ?)`

func kinds() string {
	var names []string
	for _, kind := range booking.AlertKinds() {
		names = append(names, string(kind))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// scan puts a row of read together.
func scan(row pgx.CollectableRow) (Item, error) {
	var i Item
	var id *uuid.UUID
	var status, showID, movieID, movieSlug, movie, theaterID, theaterSlug, theater, address, screen, zone, format, language, showStatus *string
	var seats []string
	var payment booking.PaymentStatus
	var starts, ends *time.Time
	err := row.Scan(&i.ID, &i.Kind, &i.Detail, &i.State, &i.RaisedAt, &i.Openings, &i.TakenBy, &i.TakenAt, &i.ResolvedBy,
		&i.ResolvedAt, &i.Note, &i.BookingID, &id, &status, &seats, &payment, &showID, &movieID, &movieSlug, &movie,
		&theaterID, &theaterSlug, &theater, &address, &screen, &starts, &ends, &zone, &format, &language, &showStatus)
	if err != nil {
		return i, err
	}
	i.RaisedAt, i.TakenAt, i.ResolvedAt = i.RaisedAt.UTC(), utc(i.TakenAt), utc(i.ResolvedAt)
	if id != nil {
		i.Booking = &about{ID: *id, Status: booking.Status(*status), PaymentStatus: payment, Seats: seats, Show: booking.ShowSummary{
			ID: *showID, MovieID: *movieID, MovieSlug: *movieSlug, MovieTitle: *movie, TheaterID: *theaterID,
			TheaterSlug: *theaterSlug, TheaterName: *theater, Address: *address, ScreenName: *screen,
			StartsAt: starts.UTC(), EndsAt: ends.UTC(), TimeZone: *zone, Format: *format, Language: *language,
			Status: booking.ShowStatus(*showStatus),
		}}
	}
	return i, nil
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	moved := at.UTC()
	return &moved
}
