// Package audit keeps the log of what staff and the program changed: who, when,
// and the thing before and after. An entry is written in the transaction of the
// change it is about, so there is neither a change without its entry nor the
// other way round.
//
// What does not live here: the timeline of a booking, which is for customers, and
// anything personal. People are account ids.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// Actor is who changes something.
type Actor struct {
	AccountID uuid.UUID // zero for the program itself
	Role      string    // that the account had then, or "system" for the program: see System
	RequestID string
}

// roleSystem is the role of the program: an import, a workflow.
const roleSystem = "system"

// System is the program itself.
func System(requestID string) Actor { return Actor{Role: roleSystem, RequestID: requestID} }

// Entry is one change.
type Entry struct {
	Actor     Actor
	Action    string    // a verb: create, change, retire, cancel, reschedule, refund …
	Entity    string    // movie, theater, screen, layout, show, price_card, account, booking, show_change, service_key, house
	EntityID  string    // of the entity
	TheaterID uuid.UUID // whose house it is about; zero for what belongs to none
	Before    any       // rendered as JSON; nil for a creation
	After     any       // rendered as JSON; nil for a deletion
}

// Exec runs a statement with $1 parameters in a transaction.
type Exec func(ctx context.Context, sql string, args ...any) error

// Bun is Exec on a transaction of bun's.
func Bun(tx bun.Tx) Exec {
	return func(ctx context.Context, sql string, args ...any) error {
		_, err := tx.Tx.ExecContext(ctx, sql, args...)
		return err
	}
}

// Pgx is Exec on a transaction of pgx's.
func Pgx(tx pgx.Tx) Exec {
	return func(ctx context.Context, sql string, args ...any) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}
}

// Record writes an entry with exec, in the transaction of the change.
func Record(ctx context.Context, exec Exec, e Entry) error {
	before, err := json.Marshal(e.Before)
	if err != nil {
		return fmt.Errorf("audit: render %s before: %w", e.Entity, err)
	}
	after, err := json.Marshal(e.After)
	if err != nil {
		return fmt.Errorf("audit: render %s after: %w", e.Entity, err)
	}
	err = exec(ctx, `INSERT INTO audit_log
			(actor_id, actor_role, action, entity, entity_id, theater_id, before, after, request_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		known(e.Actor.AccountID), e.Actor.Role, e.Action, e.Entity, e.EntityID, known(e.TheaterID),
		string(before), string(after), e.Actor.RequestID)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

func known(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
