package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/paging"
	words "github.com/boxoffice/boxoffice/internal/text"
)

// maxReviewText is how many characters a review may have.
const maxReviewText = 2000

// author is all that is published of who wrote a review. People gave their names
// for tickets, not for publication (GDPR, article 5(1)(b)).
const author = "A customer"

// shownReview is what a customer thinks of a film. Verified is derived when it is
// read: the customer holds a booking of a show of the film that has begun.
type shownReview struct {
	Author    string    `json:"author"`
	Rating    int       `json:"rating"`
	Text      string    `json:"text"`
	Verified  bool      `json:"verified"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// reviewSummary is all reviews of a film in numbers. Average is nil when there
// are no reviews. Histogram counts them by stars.
type reviewSummary struct {
	Average   *float64         `json:"average"`
	Count     int64            `json:"count"`
	Histogram map[string]int64 `json:"histogram"`
}

// ReviewPage is some reviews of a film, the latest first.
type ReviewPage struct {
	Summary    reviewSummary `json:"summary"`
	Items      []shownReview `json:"items"`
	NextCursor string        `json:"next_cursor,omitempty"`
}

// Reviews keeps what customers think of films. It reads where it writes, so that
// customers see their own words at once.
type Reviews struct {
	store *Store
}

// NewReviews makes Reviews over the database.
func NewReviews(db *database.DB) *Reviews { return &Reviews{store: New(db)} }

const (
	reviewColumns = `r.rating, r.text, r.created_at, r.updated_at, EXISTS (
		SELECT FROM bookings b JOIN shows s ON s.id = b.show_id
		WHERE b.customer_id = r.account_id AND b.status = 'confirmed'
			AND s.movie_id = r.movie_id AND s.status = 'scheduled' AND s.starts_at <= now()) AS verified`

	// A cursor is public, and an account's id would tie its reviews of all films
	// together. The hash does so only for who knows the id already.
	reviewKey = `md5(r.movie_id::text || r.account_id::text)::uuid`
	// reviewTime is exact to the microsecond, as Postgres is.
	reviewTime = `to_char(r.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

	latestFirst = "latest"
)

// List reads a page of a film's reviews. Codes: not_found, validation_failed.
func (r *Reviews) List(ctx context.Context, movie string, limit int, after string) (ReviewPage, error) {
	var p fieldErrors
	from := p.readCursor(after, latestFirst, isInstant)
	if err := p.Err(); err != nil {
		return ReviewPage{}, err
	}
	id, err := r.store.find(ctx, "movies", movie)
	if err != nil {
		return ReviewPage{}, err
	}
	page := ReviewPage{Items: []shownReview{}}
	if page.Summary, err = r.summary(ctx, id); err != nil {
		return ReviewPage{}, err
	}
	limit = paging.Size(limit)
	var rows []struct {
		shownReview
		SortKey string
		Key     uuid.UUID
	}
	query := r.store.db.NewSelect().TableExpr("reviews AS r").
		ColumnExpr(reviewColumns).ColumnExpr(reviewTime+" AS sort_key").ColumnExpr(reviewKey+" AS key").
		Where("r.movie_id = ?", id).OrderExpr("r.updated_at DESC, " + reviewKey + " DESC").Limit(int64(limit) + 1)
	if from.ID != uuid.Nil {
		query.Where("(r.updated_at, "+reviewKey+") < (?::timestamptz, ?)", from.Text, from.ID)
	}
	if err := query.Scan(ctx, &rows); err != nil {
		return ReviewPage{}, fmt.Errorf("list reviews: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		page.NextCursor = paging.Key{Order: latestFirst, Text: last.SortKey, ID: last.Key}.String()
	}
	for _, row := range rows {
		row.Author = author
		page.Items = append(page.Items, row.shownReview)
	}
	return page, nil
}

// isInstant takes a time only as reviewTime writes it: Postgres refuses some
// offsets and fractions that Go reads, and the year 0.
func isInstant(key string) bool {
	const written = "2006-01-02T15:04:05.000000Z"
	at, err := time.Parse(written, key)
	return err == nil && at.Year() > 0 && key == at.Format(written)
}

func (r *Reviews) summary(ctx context.Context, movie uuid.UUID) (reviewSummary, error) {
	var row struct {
		Rating                      *rating `bun:"type:jsonb"`
		One, Two, Three, Four, Five int64
	}
	err := r.store.db.NewSelect().TableExpr("reviews AS r").
		ColumnExpr(`(SELECT `+ratingColumn+` FROM movie_ratings AS mr WHERE mr.movie_id = ?) AS rating`, movie).
		ColumnExpr(`count(*) FILTER (WHERE r.rating = 1) AS one, count(*) FILTER (WHERE r.rating = 2) AS two,
			count(*) FILTER (WHERE r.rating = 3) AS three, count(*) FILTER (WHERE r.rating = 4) AS four,
			count(*) FILTER (WHERE r.rating = 5) AS five`).
		Where("r.movie_id = ?", movie).Scan(ctx, &row)
	if err != nil {
		return reviewSummary{}, fmt.Errorf("count reviews: %w", err)
	}
	summary := reviewSummary{Histogram: map[string]int64{"1": row.One, "2": row.Two, "3": row.Three, "4": row.Four, "5": row.Five}}
	if row.Rating != nil {
		summary.Average, summary.Count = &row.Rating.Average, row.Rating.Count
	}
	return summary, nil
}

// Mine reads the review of an account. Code: not_found.
func (r *Reviews) Mine(ctx context.Context, movie string, account uuid.UUID) (shownReview, error) {
	id, err := r.store.find(ctx, "movies", movie)
	if err != nil {
		return shownReview{}, err
	}
	return r.mine(ctx, id, account)
}

func (r *Reviews) mine(ctx context.Context, movie, account uuid.UUID) (shownReview, error) {
	review := shownReview{Author: author}
	err := r.store.db.NewSelect().TableExpr("reviews AS r").ColumnExpr(reviewColumns).
		Where("r.movie_id = ? AND r.account_id = ?", movie, account).Scan(ctx, &review)
	if errors.Is(err, sql.ErrNoRows) {
		return shownReview{}, booking.E(booking.CodeNotFound, "You have not reviewed this movie.")
	}
	if err != nil {
		return shownReview{}, fmt.Errorf("read a review: %w", err)
	}
	return review, nil
}

// Put writes an account's one review of a film, in place of the one before.
// created says that there was no review. Codes: not_found, validation_failed,
// unauthenticated when the account is gone.
func (r *Reviews) Put(ctx context.Context, movie string, account uuid.UUID, rating int, text string) (review shownReview, created bool, err error) {
	text = words.Paragraphs(text)
	var p fieldErrors
	if rating < 1 || rating > 5 {
		p.Add("rating", "Must be a whole number from 1 to 5.")
	}
	if wrong := words.WrongParagraphs(text, 0, maxReviewText); wrong != "" {
		p.Add("text", "%s", wrong)
	}
	if err := p.Err(); err != nil {
		return shownReview{}, false, err
	}
	id, err := r.store.find(ctx, "movies", movie)
	if err != nil {
		return shownReview{}, false, err
	}
	// xmax is 0 in a row that was inserted. The same again changes nothing, and
	// gives no row.
	err = r.store.db.NewRaw(`
		INSERT INTO reviews AS r (movie_id, account_id, rating, text) VALUES (?, ?, ?, ?)
		ON CONFLICT (movie_id, account_id) DO UPDATE SET rating = EXCLUDED.rating, text = EXCLUDED.text, updated_at = now()
		WHERE (r.rating, r.text) IS DISTINCT FROM (EXCLUDED.rating, EXCLUDED.text)
		RETURNING xmax = 0`, id, account, rating, text).Scan(ctx, &created)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.ConstraintName == "reviews_account_id_fkey":
		return shownReview{}, false, booking.E(booking.CodeUnauthenticated, "This account does not exist any more.")
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return shownReview{}, false, fmt.Errorf("write a review: %w", err)
	}
	review, err = r.mine(ctx, id, account)
	return review, created, err
}

// Delete takes an account's review back; one that is not there is gone already.
// Code: not_found for the film.
func (r *Reviews) Delete(ctx context.Context, movie string, account uuid.UUID) error {
	id, err := r.store.find(ctx, "movies", movie)
	if err != nil {
		return err
	}
	_, err = r.store.db.NewDelete().TableExpr("reviews").
		Where("movie_id = ? AND account_id = ?", id, account).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete a review: %w", err)
	}
	return nil
}
