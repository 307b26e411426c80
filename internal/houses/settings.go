package houses

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/text"
)

// NewSettings are what staff write. Credentials that are nil stay as they are.
type NewSettings struct {
	Adapter     string
	Address     string
	Credentials map[string]string
	Options     map[string]string
}

var (
	adapterName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	optionName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

// longest bounds what staff write into one setting, and mostOptions how many there are.
const (
	longest     = 2_000
	mostOptions = 30
)

func (n NewSettings) check() error {
	var wrong booking.FieldErrors
	if !adapterName.MatchString(n.Adapter) {
		wrong.Add("adapter", "Is the name of a kind of theater system, for example session.")
	}
	if at, err := url.Parse(n.Address); err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || len(n.Address) > longest {
		wrong.Add("address", "Write the URL of the theater's system, without a user in it, for example https://tickets.example.com/api.")
	}
	for field, values := range map[string]map[string]string{"credentials": n.Credentials, "options": n.Options} {
		if len(values) > mostOptions {
			wrong.Add(field, "Has at most %d entries.", mostOptions)
		}
		for _, key := range sortedKeys(values) {
			if !optionName.MatchString(key) || len(values[key]) > longest {
				wrong.Add(field+"."+key, "A name has small letters, digits and underscores, and a value at most %d bytes.", longest)
			}
		}
	}
	for _, option := range []string{OptionFee, OptionTax} {
		if given, there := n.Options[option]; there {
			if amount, err := strconv.ParseInt(given, 10, 32); err != nil || amount < 0 {
				wrong.Add("options."+option, "Write a whole number from 0.")
			}
		}
	}
	return wrong.Err()
}

// shownSettings is what the audit log has of a house: no credentials, only whose names are set.
type shownSettings struct {
	Adapter     string            `json:"adapter"`
	Address     string            `json:"address"`
	Credentials []string          `json:"credentials"`
	Options     map[string]string `json:"options"`
}

// Save makes a theater a house, or changes how it is reached. Codes: not_found, validation_failed.
func (s *Store) Save(ctx context.Context, actor audit.Actor, theaterID string, n NewSettings) (Settings, error) {
	id, err := parseID("theater", theaterID)
	if err != nil {
		return Settings{}, err
	}
	if err := n.check(); err != nil {
		return Settings{}, err
	}
	before, old, err := s.read(ctx, theaterID)
	known := err == nil
	if err != nil && booking.CodeOf(err) != booking.CodeNotFound {
		return Settings{}, err
	}
	// Credentials whose key is lost can be replaced, not kept.
	if before.Credentials, err = s.open(id.String(), old); err != nil && n.Credentials == nil {
		return Settings{}, err
	}
	kept, clears := n.Credentials, n.Credentials != nil && len(n.Credentials) == 0
	if kept == nil {
		kept = before.Credentials
	}
	var sealed []byte
	// A seal differs each time, and makes the client again; with a new key it must.
	if !maps.Equal(kept, before.Credentials) || n.Credentials != nil && s.Box != nil && !s.Box.Fresh(old) {
		if sealed, err = s.seal(id.String(), kept); err != nil {
			return Settings{}, err
		}
	}
	options := n.Options
	if options == nil {
		options = map[string]string{}
	}
	err = s.inCatalog(ctx, func(tx pgx.Tx) error {
		var there bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM theaters WHERE id = $1 AND retired_at IS NULL)`, id).Scan(&there); err != nil {
			return err
		}
		if !there {
			return booking.E(booking.CodeNotFound, "There is no such theater.")
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO houses AS h (theater_id, adapter, address, credentials, settings) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (theater_id) DO UPDATE SET adapter = excluded.adapter, address = excluded.address, settings = excluded.settings,
				credentials = CASE WHEN $6 THEN NULL ELSE coalesce(excluded.credentials, h.credentials) END`,
			id, n.Adapter, n.Address, sealed, options, clears)
		if err != nil {
			return err
		}
		var was any
		action := "create"
		if known {
			action, was = "change", shown(before)
		}
		return recordHouse(ctx, tx, actor, action, id, was, shownSettings{n.Adapter, n.Address, sortedKeys(kept), options})
	})
	if err != nil {
		return Settings{}, wrap(err, "save the house of theater %s", id)
	}
	return s.House(ctx, theaterID)
}

func shown(h Settings) shownSettings {
	return shownSettings{h.Adapter, h.Address, sortedKeys(h.Credentials), h.Options}
}

// pauseShown is what the audit log has of a pause.
type pauseShown struct {
	Paused bool   `json:"paused"`
	Reason string `json:"reason"`
}

// Pause stops the sale of a house's shows, or lets it go on. What has begun goes on to its end
// either way. Codes: not_found, validation_failed.
func (s *Store) Pause(ctx context.Context, actor audit.Actor, theaterID string, paused bool, reason string) (Settings, error) {
	id, err := parseID("theater", theaterID)
	if err != nil {
		return Settings{}, err
	}
	reason = text.Line(reason)
	if problem := text.WrongLine(reason, 1, 500); paused && problem != "" {
		return Settings{}, booking.Invalid(booking.FieldError{Field: "reason", Message: problem})
	}
	if !paused {
		reason = ""
	}
	var shows []string
	err = s.inCatalog(ctx, func(tx pgx.Tx) error {
		var was pauseShown
		err := tx.QueryRow(ctx, `SELECT paused_at IS NOT NULL, paused_reason FROM houses WHERE theater_id = $1 FOR UPDATE`, id).
			Scan(&was.Paused, &was.Reason)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE houses SET paused_at = CASE WHEN $2 THEN coalesce(paused_at, clock_timestamp()) END, paused_reason = $3
			WHERE theater_id = $1`, id, paused, reason)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT h.show_id::text FROM house_shows h JOIN shows s ON s.id = h.show_id
			WHERE h.theater_id = $1 AND s.starts_at > clock_timestamp()`, id)
		if err != nil {
			return err
		}
		if shows, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		return recordHouse(ctx, tx, actor, "pause", id, was, pauseShown{paused, reason})
	})
	if err != nil {
		return Settings{}, wrap(err, "pause the house of theater %s", id)
	}
	for _, show := range shows {
		s.Changed(ctx, show, "")
	}
	return s.House(ctx, theaterID)
}

func recordHouse(ctx context.Context, tx pgx.Tx, actor audit.Actor, action string, theater uuid.UUID, before, after any) error {
	return audit.Record(ctx, audit.Pgx(tx), audit.Entry{
		Actor: actor, Action: action, Entity: "house", EntityID: theater.String(), TheaterID: theater, Before: before, After: after,
	})
}

// Status is how a house is doing, as far as the database knows.
type Status struct {
	TheaterID    string
	Name         string
	Adapter      string
	PausedAt     *time.Time
	PausedReason string
	// AsOf is when its program was last read to the end; nil before.
	AsOf *time.Time
	// Failures counts the times that its program could not be read since then, and Error says
	// why, the last time.
	Failures   int
	Error      string
	Shows      int // on sale
	Unsellable int // that are in its program and cannot be sold
}

// Statuses lists all houses by name.
func (s *Store) Statuses(ctx context.Context) ([]Status, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT h.theater_id::text, t.name, h.adapter, h.paused_at, h.paused_reason, h.program_as_of, h.program_failures, h.program_error,
			count(s.id) FILTER (WHERE hs.unsellable = '' AND s.sales_close_at > now())::int,
			count(s.id) FILTER (WHERE hs.unsellable <> '')::int
		FROM houses h JOIN theaters t ON t.id = h.theater_id
		LEFT JOIN house_shows hs ON hs.theater_id = h.theater_id
		LEFT JOIN shows s ON s.id = hs.show_id AND s.status = 'scheduled' AND s.starts_at > now()
		GROUP BY h.theater_id, t.name ORDER BY t.name COLLATE by_name, h.theater_id`)
	if err != nil {
		return nil, wrap(err, "list the houses")
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Status])
	return slices.Clip(all), wrap(err, "list the houses")
}
