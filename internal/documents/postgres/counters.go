package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type counters struct{ store }

// Fold implements documents.Counters, a day at a time: a repeat goes on with less to do.
func (s counters) Fold(ctx context.Context, from, to documents.Day, kinds ...documents.Kind) error {
	if err := documents.CheckFold(from, to, kinds); err != nil {
		return err
	}
	for day := from; day <= to; day++ {
		// Folds that run at the same time lock counters in one order. Each keeps what is
		// larger: one that read earlier and writes later takes nothing back.
		_, err := s.execWithin(ctx, workWithin, "count events", `
			INSERT INTO documents.counters AS c (city, day, film, kind, events, people, kept_until)
			SELECT coalesce(city, $1), $2::date, film, kind, count(*), count(DISTINCT person), $3
			FROM documents.events
			WHERE kind = ANY ($4) AND at >= $5 AND at < $6 AND film IS NOT NULL AND kept_until > $7
			GROUP BY 1, 3, 4 ORDER BY 1, 3, 4
			ON CONFLICT (city, day, film, kind) DO UPDATE
			SET events = greatest(c.events, excluded.events), people = greatest(c.people, excluded.people)
			WHERE excluded.events > c.events OR excluded.people > c.people`,
			uuid.Nil, day.Start(), day.Until(s.options.Kept), texts(kinds), day.Start(), (day + 1).Start(), s.options.Moment())
		if err != nil {
			return err
		}
	}
	return nil
}

func scanCount(row pgx.CollectableRow) (c documents.Count, err error) {
	var day time.Time
	err = row.Scan(&c.City, &day, &c.Film, &c.Kind, &c.Events, &c.People)
	c.Day = documents.DayOf(day)
	return c, err
}

// Range implements documents.Counters.
func (s counters) Range(ctx context.Context, q documents.RangeQuery) (documents.CountPage, error) {
	if err := documents.CheckDays(q.From, q.To); err != nil {
		return documents.CountPage{}, err
	}
	after, err := q.After()
	if err != nil {
		return documents.CountPage{}, err
	}
	if after == nil {
		after = &documents.CounterKey{Day: q.From - 1, Film: uuid.Max, Kind: "~"} // behind all of the day before
	}
	rows, err := collect(ctx, s.store, "read counters", scanCount, `
		SELECT city, day, film, kind, events, people FROM documents.counters
		WHERE city = $1 AND day BETWEEN $2::date AND $3::date AND (day, film, kind) > ($4::date, $5::uuid, $6::text)
			AND ($7::uuid IS NULL OR film = $7) AND (cardinality($8::text[]) = 0 OR kind = ANY ($8)) AND kept_until > $9
		ORDER BY day, film, kind LIMIT $10`,
		q.City, q.From.Start(), q.To.Start(), after.Day.Start(), after.Film, string(after.Kind),
		perhaps(q.Film), texts(q.Kinds), s.options.Moment(), q.Size()+1)
	return documents.CutCounts(rows, q.Size()), err
}

// Top implements documents.Counters.
func (s counters) Top(ctx context.Context, q documents.TopQuery) ([]documents.Scored, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	kinds := q.Kinds()
	weights := make([]float64, len(kinds))
	for i, kind := range kinds {
		weights[i] = q.Weights[kind]
	}
	return collect(ctx, s.store, "read the top films", pgx.RowToStructByPos[documents.Scored], `
		SELECT film, score FROM (
			SELECT c.film, sum(w.weight * CASE WHEN $1 THEN c.people ELSE c.events END
				* CASE WHEN $2::float8 = 0 THEN 1 ELSE power(0.5::float8, ($4::date - c.day) / $2::float8) END) AS score
			FROM documents.counters c JOIN unnest($5::text[], $6::float8[]) AS w (kind, weight) ON w.kind = c.kind
			WHERE c.day BETWEEN $3::date AND $4::date AND ($7::uuid IS NULL OR c.city = $7) AND c.kept_until > $8
			GROUP BY c.film) scored
		WHERE score > 0 ORDER BY score DESC, film LIMIT $9`,
		q.People, q.HalfLife, q.From.Start(), q.To.Start(), texts(kinds), weights, perhaps(q.City), s.options.Moment(), q.Size())
}

// Expire implements documents.Counters.
func (s counters) Expire(ctx context.Context, limit int) (int, error) {
	return s.expire(ctx, "counters", limit)
}
