// Package retention deletes records whose time is over, a batch at a time.
//
// What does not live here: how long each kind is kept (package config), when it is
// done (package workflows), and what an acknowledged booking consists of: bookings,
// tickets, payments, the ledger and timelines are never deleted.
package retention

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// Store deletes old records.
type Store struct {
	pool      *pgxpool.Pool
	documents *documents.Store
	log       *slog.Logger // with documents
}

// New makes a Store over the database.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// rule is which rows of a table are over.
type rule struct{ table, where string }

// over says which rows are over: $1 is how long they are kept. Locked rows are left to the
// next run.
var over = map[booking.OldRecords]rule{
	// A request that is repeated later reaches the same booking: its id is made from
	// the customer and the key.
	booking.OldIdempotencyKeys: {"idempotency_keys", `t.created_at < clock_timestamp() - $1::interval ORDER BY t.created_at`},
	// What was never handed on stays, so that staff can find out why.
	booking.OldWebhooks: {"webhook_inbox",
		`t.received_at < clock_timestamp() - $1::interval AND t.processed_at IS NOT NULL ORDER BY t.received_at`},
	// A revoked token marks its family as revoked. It stays as long as a token of the
	// family could still be used: one may have been issued at the moment of the revocation.
	booking.OldSessions: {"sessions", `t.expires_at < clock_timestamp() - $1::interval AND (t.revoked_at IS NULL
		OR NOT EXISTS (SELECT FROM sessions f WHERE f.family = t.family AND f.expires_at >= clock_timestamp() - $1::interval))
		ORDER BY t.expires_at`},
	booking.OldLetters: {"letters", `t.created_at < clock_timestamp() - $1::interval ORDER BY t.created_at`},
	booking.OldProofs:  {"proofs", `t.created_at < clock_timestamp() - $1::interval AND t.link_until < clock_timestamp() ORDER BY t.created_at`},
	// A guest with a booking stays with it.
	booking.OldGuests: {"accounts", `EXISTS (SELECT FROM guests g WHERE g.account_id = t.id AND g.created_at < clock_timestamp() - $1::interval)
		AND NOT EXISTS (SELECT FROM bookings b WHERE b.customer_id = t.id)`},
	// What a card bought of a show counts until the show begins.
	booking.OldHolds: {"hold_records", `t.began_at < clock_timestamp() - $1::interval AND (t.kind <> 'card'
		OR NOT EXISTS (SELECT FROM shows s WHERE s.id = t.show_id AND s.starts_at > clock_timestamp())) ORDER BY t.began_at`},
	booking.OldChallenges:        expired("factor_challenges"),
	booking.OldPasskeyChallenges: expired("passkey_challenges"),
	booking.OldOAuthStarts:       expired("oauth_starts"),
	booking.OldOffers:            expired("identity_offers"),
}

// expired is for a table whose rows say themselves when they stop working.
func expired(table string) rule {
	return rule{table, `t.expires_at < clock_timestamp() - $1::interval ORDER BY t.expires_at`}
}

// DeleteOld deletes up to limit records of a kind that are kept for this long, in
// one statement, and says how many. Fewer than limit means that there are no more
// just now. Errors are the database's.
func (s *Store) DeleteOld(ctx context.Context, kind booking.OldRecords, kept time.Duration, limit int) (int, error) {
	if remove := s.documentsOf(kind); remove != nil {
		return s.deleteDocuments(ctx, kind, remove, kept, limit)
	}
	rule, known := over[kind]
	if !known {
		return 0, booking.E(booking.CodeValidation, "There are no records of kind %q.", kind)
	}
	done, err := s.pool.Exec(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
		SELECT t.ctid FROM %[1]s t WHERE %[2]s LIMIT $2 FOR UPDATE SKIP LOCKED))`, rule.table, rule.where), kept, limit)
	if err != nil {
		return 0, fmt.Errorf("delete old %s: %w", kind, err)
	}
	deleted.WithLabelValues(string(kind)).Add(float64(done.RowsAffected()))
	return int(done.RowsAffected()), nil
}

var deleted = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "boxoffice_old_records_deleted_total",
	Help: "Records that this process deleted because their time was over, by kind.",
}, []string{"kind"})

// Metrics are what a process tells about deletions.
func Metrics() []prometheus.Collector {
	for kind := range over {
		deleted.WithLabelValues(string(kind))
	}
	for _, kind := range inDocuments {
		deleted.WithLabelValues(string(kind))
	}
	return []prometheus.Collector{deleted}
}
