package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type events struct{ store }

// Append implements documents.Events.
func (s events) Append(ctx context.Context, batch []documents.Event) (documents.Appended, error) {
	good, refused, err := documents.CheckBatch(batch, s.options.Moment(), s.options.Kept)
	done := documents.Appended{Refused: refused}
	if err != nil || len(good) == 0 {
		return done, err
	}
	// Batches that have events in common wait for each other in one order.
	slices.SortFunc(good, func(a, b documents.Event) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	columns, err := s.columns(good)
	if err != nil {
		return done, err
	}
	done.New, err = s.execWithin(ctx, appendWithin, "append events", `
		INSERT INTO documents.events (id, kind, at, person, city, film, body, kept_until)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::uuid[], $7::jsonb[], $8::timestamptz[])
		ON CONFLICT (id) DO NOTHING`, columns...)
	return done, err
}

// columns turns events into an array for each column.
func (s events) columns(batch []documents.Event) ([]any, error) {
	n := len(batch)
	var (
		id, person, city, film = make([]uuid.UUID, n), make([]pgtype.UUID, n), make([]pgtype.UUID, n), make([]pgtype.UUID, n)
		kind, body             = make([]string, n), make([]string, n)
		at, until              = make([]time.Time, n), make([]time.Time, n)
	)
	for i, e := range batch {
		facts, err := json.Marshal(e.EventFacts)
		if err != nil {
			return nil, explain(err, "write an event")
		}
		id[i], kind[i], at[i], body[i] = e.ID, string(e.Kind), e.At, string(facts)
		person[i], city[i], film[i] = perhaps(e.Person), perhaps(e.City), perhaps(e.Film)
		until[i] = e.At.Add(s.options.Kept.Of(e.Kind))
	}
	return []any{id, kind, at, person, city, film, body, until}, nil
}

const eventColumns = `id, kind, at, person, city, film, body`

func scanEvent(row pgx.CollectableRow) (e documents.Event, err error) {
	var person, city, film pgtype.UUID
	err = row.Scan(&e.ID, &e.Kind, &e.At, &person, &city, &film, &e.EventFacts)
	e.Person, e.City, e.Film = person.Bytes, city.Bytes, film.Bytes
	return e, err
}

// Recent implements documents.Events.
func (s events) Recent(ctx context.Context, q documents.RecentQuery) (documents.Page, error) {
	before := documents.Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: uuid.Max}
	if q.Cursor != "" {
		var err error
		if before, err = documents.ReadPlace(q.Cursor); err != nil {
			return documents.Page{}, err
		}
	}
	rows, err := collect(ctx, s.store, "read events of a person", scanEvent, `
		SELECT `+eventColumns+` FROM documents.events
		WHERE person = $1 AND (at, id) < ($2, $3) AND kept_until > $4 AND (cardinality($5::text[]) = 0 OR kind = ANY ($5))
		ORDER BY at DESC, id DESC LIMIT $6`,
		q.Person, before.At, before.ID, s.options.Moment(), texts(q.Kinds), q.Size()+1)
	return documents.Cut(rows, q.Size()), err
}

// Scan implements documents.Events.
func (s events) Scan(ctx context.Context, q documents.ScanQuery) (documents.Page, error) {
	after := documents.Place{At: q.From}
	if q.To.IsZero() {
		q.To = s.options.Now()
	}
	if q.Cursor != "" {
		var err error
		if after, err = documents.ReadPlace(q.Cursor); err != nil {
			return documents.Page{}, err
		}
	}
	rows, err := collect(ctx, s.store, "scan events", scanEvent, `
		SELECT `+eventColumns+` FROM documents.events
		WHERE kind = $1 AND (at, id) > ($2, $3) AND at < $4 AND kept_until > $5
		ORDER BY at, id LIMIT $6`,
		q.Kind, after.At, after.ID, q.To, s.options.Moment(), q.Size()+1)
	return documents.Cut(rows, q.Size()), err
}

// forgetAtATime keeps a deletion from holding many locks for long.
const forgetAtATime = 5000

// Forget implements documents.Events.
func (s events) Forget(ctx context.Context, person uuid.UUID) (total int, err error) {
	for {
		n, err := s.execWithin(ctx, workWithin, "forget a person", `DELETE FROM documents.events WHERE id = ANY (ARRAY(
			SELECT id FROM documents.events WHERE person = $1 LIMIT $2))`, person, forgetAtATime)
		total += n
		if err != nil || n < forgetAtATime {
			return total, err
		}
	}
}

// Expire implements documents.Events.
func (s events) Expire(ctx context.Context, limit int) (int, error) {
	return s.expire(ctx, "events", limit)
}

func texts(kinds []documents.Kind) []string {
	out := make([]string, len(kinds))
	for i, kind := range kinds {
		out[i] = string(kind)
	}
	return out
}
