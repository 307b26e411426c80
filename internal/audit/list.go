package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

// Item is an entry of the log as staff read it.
type Item struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	ActorID   *uuid.UUID      `json:"actor_id"` // null for the program itself
	ActorRole string          `json:"actor_role"`
	Action    string          `json:"action"`
	Entity    string          `json:"entity"`
	EntityID  string          `json:"entity_id"`
	TheaterID *uuid.UUID      `json:"theater_id"` // null for what belongs to no house
	Before    json.RawMessage `json:"before"`     // null for a creation
	After     json.RawMessage `json:"after"`      // null for a deletion
	RequestID string          `json:"request_id"`
}

// Filter narrows the log; an empty field does not.
type Filter struct {
	Entity    string
	EntityID  string
	ActorID   string // uuid
	TheaterID string // uuid
	From      string // RFC 3339, included
	To        string // RFC 3339, not included
	// ManagedBy narrows to the houses of a manager.
	ManagedBy uuid.UUID
	Limit     int
	Cursor    string // next of the page before
}

// List gives the log, the newest first. next is empty on the last page. Code:
// validation_failed.
func List(ctx context.Context, db bun.IDB, f Filter) (items []Item, next string, err error) {
	limit := paging.Size(f.Limit)
	var rows []schema.AuditEntry
	query := db.NewSelect().Model(&rows).OrderExpr("al.id DESC").Limit(int64(limit) + 1)
	if err := f.narrow(query); err != nil {
		return nil, "", err
	}
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("audit: list: %w", err)
	}
	rows, next = paging.Cut(rows, limit, func(last schema.AuditEntry) string { return strconv.FormatInt(last.ID, 10) })
	items = make([]Item, len(rows))
	for i, row := range rows {
		items[i] = Item{
			ID: row.ID, At: row.At, ActorID: row.ActorID, ActorRole: row.ActorRole, Action: row.Action, Entity: row.Entity,
			EntityID: row.EntityID, TheaterID: row.TheaterID, Before: row.Before, After: row.After, RequestID: row.RequestID,
		}
	}
	return items, next, nil
}

// narrow puts the filter into a query, or names everything that is wrong with it.
func (f Filter) narrow(query *bun.SelectQuery) error {
	var wrong booking.FieldErrors
	text := func(field, value string) {
		switch {
		case value == "":
		case !utf8.ValidString(value):
			wrong.Add(field, "This is not text.")
		default:
			query.Where("al.? = ?", bun.Ident(field), value)
		}
	}
	id := func(field, value string) {
		parsed, err := uuid.Parse(value)
		switch {
		case value == "":
		case err != nil:
			wrong.Add(field, "Write an id.")
		default:
			query.Where("al.? = ?", bun.Ident(field), parsed)
		}
	}
	at := func(field, comparison, value string) {
		parsed, err := time.Parse(time.RFC3339, value)
		switch {
		case value == "":
		case err != nil || parsed.UTC().Year() < 1 || strings.Contains(value, ","): // Postgres has no year 0, RFC 3339 no comma
			wrong.Add(field, "Write a time as RFC 3339, for example 2026-03-29T18:30:00Z.")
		default:
			query.Where("al.at "+comparison+" ?", parsed)
		}
	}
	text("entity", f.Entity)
	text("entity_id", f.EntityID)
	id("actor_id", f.ActorID)
	id("theater_id", f.TheaterID)
	at("from", ">=", f.From)
	at("to", "<", f.To)
	if f.ManagedBy != uuid.Nil {
		query.Where("al.theater_id IN (SELECT theater_id FROM theater_managers WHERE account_id = ?)", f.ManagedBy)
	}
	if f.Cursor != "" {
		before, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			wrong = append(wrong, paging.Foreign())
		}
		query.Where("al.id < ?", before)
	}
	return wrong.Err()
}
