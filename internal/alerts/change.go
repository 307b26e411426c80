package alerts

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/text"
)

// Change is what an actor does with an alert.
type Change struct {
	// To is the new state: taken by the actor, open for anyone, or resolved.
	To State
	// From is who has it now, by the actor's knowledge: an actor cannot take over another
	// account's alert without naming that account. Empty for no one.
	From string
	// Note says what was done; only with resolved, which needs it.
	Note string
}

// longestNote is in characters.
const longestNote = 1000

// Change takes, gives back, resolves or opens an alert again, once: if two people take it
// at the same moment, the second gets the name of the first. A repeat changes nothing.
// managedBy narrows to the houses of a manager. Codes: validation_failed, not_found,
// conflict.
func (s *Store) Change(ctx context.Context, actor audit.Actor, managedBy uuid.UUID, id int64, c Change) (Item, error) {
	c.Note = text.Paragraphs(c.Note)
	if err := c.check(); err != nil {
		return Item{}, err
	}
	var after Item
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock makes two people follow each other.
		before, err := one(ctx, tx, managedBy, id, ` FOR UPDATE OF al`)
		if err != nil {
			return err
		}
		action, err := c.on(before, actor.AccountID)
		if err != nil || action == "" {
			after = before
			return err
		}
		if _, err := tx.Exec(ctx, statements[action], id, actor.AccountID, c.Note); err != nil {
			return fmt.Errorf("alerts: %s: %w", action, err)
		}
		if after, err = one(ctx, tx, managedBy, id, ``); err != nil {
			return err
		}
		return audit.Record(ctx, audit.Pgx(tx), audit.Entry{
			Actor: actor, Action: action, Entity: "alert", EntityID: strconv.FormatInt(id, 10),
			TheaterID: house(after), Before: logged(before), After: logged(after),
		})
	})
	return after, err
}

// What can be done with an alert. $1 is its id, $2 the actor, $3 the note.
const (
	take      = "take"
	giveBack  = "give_back"
	resolve   = "resolve"
	openAgain = "open_again"
)

var statements = map[string]string{
	take:     `UPDATE alerts SET taken_by = $2, taken_at = clock_timestamp() WHERE id = $1 AND $3 = ''`,
	giveBack: `UPDATE alerts SET taken_by = NULL, taken_at = NULL WHERE id = $1 AND $2::uuid IS NOT NULL AND $3 = ''`,
	resolve:  `UPDATE alerts SET resolved_by = $2, resolved_at = clock_timestamp(), note = $3 WHERE id = $1`,
	openAgain: `UPDATE alerts SET created_at = clock_timestamp(), openings = openings + 1, note = '', taken_by = NULL, taken_at = NULL,
		resolved_by = NULL, resolved_at = NULL WHERE id = $1 AND $2::uuid IS NOT NULL AND $3 = ''`,
}

func (c Change) check() error {
	var wrong booking.FieldErrors
	switch c.To {
	case stateOpen, stateTaken:
		if c.Note != "" {
			wrong.Add("note", "Leave it out: it is for what was done, when the alert is resolved.")
		}
	case stateResolved:
		if c.Note == "" {
			wrong.Add("note", "Say what was done.")
		}
	default:
		wrong.Add("state", "Choose open, taken, resolved.")
	}
	if bad := text.WrongParagraphs(c.Note, 0, longestNote); bad != "" {
		wrong.Add("note", "%s", bad)
	}
	if c.From != "" {
		if _, err := uuid.Parse(c.From); err != nil {
			wrong.Add("from", "Write the id of the account that has the alert now: its taken_by.")
		}
		if c.To != stateTaken {
			wrong.Add("from", "Leave it out: it is for taking an alert over.")
		}
	}
	return wrong.Err()
}

// on is the effect of the change on the alert's current state; empty when it is done
// already.
func (c Change) on(now Item, actor uuid.UUID) (action string, err error) {
	mine := now.TakenBy != nil && *now.TakenBy == actor
	from, _ := uuid.Parse(c.From) // check saw to it
	switch {
	case now.State == stateResolved && c.To == stateOpen:
		return openAgain, nil
	case now.State == stateResolved && c.To == stateResolved && now.ResolvedBy != nil && *now.ResolvedBy == actor && now.Note == c.Note:
		return "", nil
	case now.State == stateResolved:
		return "", booking.E(booking.CodeConflict, "This alert was resolved by %s at %s. Open it again first.",
			name(now.ResolvedBy, "somebody"), now.ResolvedAt.Format(time.RFC3339))
	case c.To == stateTaken && mine, c.To == stateOpen && now.State == stateOpen:
		return "", nil
	case c.To == stateTaken && now.TakenBy != nil && c.From == "", c.To != stateTaken && now.TakenBy != nil && !mine:
		return "", booking.E(booking.CodeConflict,
			"%s took this alert at %s. To take it over, send state taken with their id as from.",
			*now.TakenBy, now.TakenAt.Format(time.RFC3339))
	case c.To == stateTaken && c.From != "" && (now.TakenBy == nil || *now.TakenBy != from):
		return "", booking.E(booking.CodeConflict, "%s has this alert, not %s.", name(now.TakenBy, "Nobody"), from)
	case c.To == stateTaken:
		return take, nil
	case c.To == stateOpen:
		return giveBack, nil
	default:
		return resolve, nil
	}
}

func name(account *uuid.UUID, otherwise string) string {
	if account == nil {
		return otherwise
	}
	return account.String()
}

func one(ctx context.Context, tx pgx.Tx, managedBy uuid.UUID, id int64, lock string) (Item, error) {
	args, where := []any{id}, ` WHERE al.id = $1`
	if managedBy != uuid.Nil {
		args, where = append(args, managedBy), where+` AND `+strings.Replace(managed, "?", "$2", 1)
	}
	rows, err := tx.Query(ctx, read+where+lock, args...)
	if err != nil {
		return Item{}, fmt.Errorf("alerts: read one: %w", err)
	}
	item, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return item, booking.E(booking.CodeNotFound, "There is no such alert.")
	}
	if err != nil {
		return item, fmt.Errorf("alerts: read one: %w", err)
	}
	return item, nil
}

func house(i Item) uuid.UUID {
	if i.Booking == nil {
		return uuid.Nil
	}
	theater, _ := uuid.Parse(i.Booking.Show.TheaterID) // from the database
	return theater
}

// logged is an alert as the audit log keeps it.
func logged(i Item) any {
	return struct {
		Kind      booking.AlertKind `json:"kind"`
		BookingID *uuid.UUID        `json:"booking_id,omitempty"`
		State     State             `json:"state"`
		TakenBy   *uuid.UUID        `json:"taken_by,omitempty"`
		Note      string            `json:"note,omitempty"`
	}{i.Kind, i.BookingID, i.State, i.TakenBy, i.Note}
}
