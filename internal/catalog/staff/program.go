package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	programDays  = 7
	longestDays  = 31
	mostShows    = 1000
	mostEntries  = 50
	localDayTime = "15:04"
)

// ProgramRequest plans the shows of a screen for some days from a template, or as
// a repeat of other days.
type ProgramRequest struct {
	From string `json:"from"` // a day on the theater's clock
	Days *int   `json:"days"` // a week when nil
	// DryRun tells what would be planned and plans nothing.
	DryRun bool `json:"dry_run"`
	// SkipConflicts plans what fits. Otherwise nothing is planned unless all fits.
	SkipConflicts bool           `json:"skip_conflicts"`
	Template      []programEntry `json:"template"`
	// CopyFrom is the first of the days whose shows are repeated at the same local
	// times, on the same terms.
	CopyFrom string `json:"copy_from"`
}

// programEntry is one film at the same times of some weekdays.
type programEntry struct {
	Weekdays []string `json:"weekdays"` // mon to sun
	Times    []string `json:"times"`    // 15:04 on the theater's clock
	MovieID  string   `json:"movie_id"`
	// LengthMinutes includes trailers and interval. Needed only when the movie's
	// runtime is not known.
	LengthMinutes *int `json:"length_minutes"`
	rules.Presentation
	Charges
	PriceCardID *string `json:"price_card_id"`
}

// Program is the result of a ProgramRequest.
type Program struct {
	DryRun    bool       `json:"dry_run"`
	Created   []Show     `json:"created"`
	Conflicts []Conflict `json:"conflicts"`
}

// Conflict is a show that cannot take place.
type Conflict struct {
	LocalTime string `json:"local_time"`
	Reason    string `json:"reason"`
	// With is the show in its way, if it is one.
	With *InTheWay `json:"with,omitempty"`
}

// ProgramRefused says that nothing was planned because not all fits. It is a
// booking.Error of code conflict.
type ProgramRefused struct {
	Conflicts []Conflict
	refusal   *booking.Error
}

// Error implements error.
func (r *ProgramRefused) Error() string { return r.refusal.Error() }

// Unwrap gives the booking.Error.
func (r *ProgramRefused) Unwrap() error { return r.refusal }

// errTried ends the transaction of a dry run.
var errTried = errors.New("only tried")

// slot is a place in the program: a show, or the reason why there can be none.
type slot struct {
	local  string // on the theater's clock
	movie  string // its title
	show   schema.Show
	reason string
	with   *InTheWay
}

// PlanProgram fills a screen for some days. A local time that does not exist on a
// day is a conflict; of one that exists twice the first is taken. Codes: not_found,
// forbidden, validation_failed, conflict (a ProgramRefused).
func (s *Store) PlanProgram(ctx context.Context, actor audit.Actor, screenID string, in ProgramRequest) (Program, error) {
	program := Program{DryRun: in.DryRun, Created: []Show{}, Conflicts: []Conflict{}}
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		hall, err := openHouse(ctx, tx, actor, screenID)
		if err != nil {
			return err
		}
		hall.charging = s.charging
		slots, err := in.slots(ctx, tx, hall)
		if err != nil {
			return err
		}
		fitting, err := fit(ctx, tx, hall, slots)
		if err != nil {
			return err
		}
		program.Conflicts = conflictsOf(slots)
		if len(program.Conflicts) > 0 && !in.SkipConflicts && !in.DryRun {
			return &ProgramRefused{Conflicts: program.Conflicts, refusal: booking.E(booking.CodeConflict,
				"%d of %d shows do not fit, so none was planned.", len(program.Conflicts), len(slots))}
		}
		if program.Created, err = planAll(ctx, tx, actor, fitting); err != nil {
			return err
		}
		if in.DryRun {
			return errTried
		}
		return nil
	})
	switch {
	case errors.Is(err, errTried):
		for i := range program.Created {
			program.Created[i].ID = uuid.Nil
		}
		return program, nil
	case errors.Is(err, errOverlap):
		// Another program writes shows without the lock that this package takes.
		return Program{}, booking.E(booking.CodeConflict, "The screen's program has just changed. Try again.").Wrap(err)
	case err != nil:
		return Program{}, err
	}
	return program, nil
}

// openHouse finds the screen to fill. Codes: not_found, forbidden, conflict.
func openHouse(ctx context.Context, tx bun.Tx, actor audit.Actor, screenID string) (house, error) {
	id, err := uuid.Parse(screenID)
	if err != nil {
		return house{}, booking.E(booking.CodeNotFound, "There is no such screen.")
	}
	hall, err := findHouse(ctx, tx, id, nil)
	if err != nil {
		return house{}, err
	}
	if err := mayManage(ctx, tx, actor, hall.TheaterID); err != nil {
		return house{}, err
	}
	if hall.Retired {
		return house{}, booking.E(booking.CodeConflict, "This screen was retired.")
	}
	if hall.LayoutID == uuid.Nil {
		return house{}, booking.E(booking.CodeConflict, "This screen has no layout yet.")
	}
	return hall, nil
}

// slots gives all that is asked for, by time. Code: validation_failed.
func (in ProgramRequest) slots(ctx context.Context, tx bun.Tx, hall house) ([]slot, error) {
	var p fieldErrors
	days := programDays
	if rules.Between(p.Add, "days", in.Days, 1, longestDays); len(p.FieldErrors) == 0 { // the template is laid out over them
		rules.Set(&days, in.Days)
	}
	first := p.check().Day("from", &in.From)
	if in.From == "" {
		p.Add("from", "Is required: the first day.")
	}
	source := p.check().Day("copy_from", &in.CopyFrom)
	switch {
	case len(in.Template) > 0 && in.CopyFrom != "":
		p.Add("copy_from", "Give a template or days to copy, not both.")
	case len(in.Template) == 0 && in.CopyFrom == "":
		p.Add("template", "Is required, unless copy_from is given.")
	case len(in.Template) > mostEntries:
		p.Add("template", "Has at most %d entries.", mostEntries)
	}
	now, err := clockOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	calendar := calendar{hall: hall, zone: rules.Zone(hall.TimeZone), days: days, now: now}
	if first != nil {
		calendar.first = *first
		switch {
		case first.After(now.AddDate(rules.YearsAhead, 0, 0)):
			p.Add("from", "Is more than three years away.")
		case first.Before(now.AddDate(-1, 0, 0)):
			p.Add("from", "Is more than a year ago.")
		}
	}
	var slots []slot
	if len(in.Template) > 0 && len(in.Template) <= mostEntries {
		slots, err = calendar.fromTemplate(ctx, tx, &p, in.Template)
	}
	if err != nil {
		return nil, err
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	if source != nil {
		slots, err = calendar.copied(ctx, tx, *source)
	}
	slices.SortStableFunc(slots, func(a, b slot) int { return a.show.StartsAt.Compare(b.show.StartsAt) })
	return slots, err
}

// fit gives the shows that have the screen to themselves, and marks the others.
func fit(ctx context.Context, tx bun.Tx, hall house, slots []slot) ([]schema.Show, error) {
	taken, err := occupied(ctx, tx, hall, slots)
	if err != nil {
		return nil, err
	}
	var fitting []schema.Show
	for i := range slots {
		at := &slots[i]
		if at.reason != "" {
			continue
		}
		clean := at.show.EndsAt.Add(time.Duration(hall.CleaningMinutes) * time.Minute)
		if in := slices.IndexFunc(taken, func(other InTheWay) bool {
			return other.StartsAt.Before(clean) && other.CleanAt.After(at.show.StartsAt)
		}); in >= 0 {
			at.with = &taken[in]
			at.reason = fmt.Sprintf("%s is on this screen from %s to %s, and then it is cleaned for %d minutes.",
				quoted(at.with.MovieTitle), at.with.LocalTime, localEnd(*at.with), hall.CleaningMinutes)
			continue
		}
		fitting = append(fitting, at.show)
		taken = append(taken, InTheWay{
			MovieTitle: at.movie, StartsAt: at.show.StartsAt, EndsAt: at.show.EndsAt, CleanAt: clean, LocalTime: at.local,
		})
	}
	return fitting, nil
}

// occupied gives when the screen is taken while any of the slots would be.
func occupied(ctx context.Context, tx bun.Tx, hall house, slots []slot) ([]InTheWay, error) {
	var from, to time.Time
	for _, slot := range slots {
		if from.IsZero() || slot.show.StartsAt.Before(from) {
			from = slot.show.StartsAt
		}
		if slot.show.EndsAt.After(to) {
			to = slot.show.EndsAt
		}
	}
	var taken []InTheWay
	err := tx.NewSelect().TableExpr("shows AS s").Join("JOIN movies AS m ON m.id = s.movie_id").
		ColumnExpr("s.id, m.title AS movie_title, s.starts_at, s.ends_at, s.clean_at").
		ColumnExpr(`to_char(s.starts_at AT TIME ZONE ?, 'YYYY-MM-DD"T"HH24:MI:SS') AS local_time`, hall.TimeZone).
		Where("s.screen_id = ? AND s.status = ?", hall.ScreenID, booking.ShowScheduled).
		Where("s.starts_at < ?", to.Add(time.Duration(hall.CleaningMinutes)*time.Minute)).Where("s.clean_at > ?", from).
		OrderExpr("s.starts_at").Scan(ctx, &taken)
	if err != nil {
		return nil, fmt.Errorf("read the screen's program: %w", err)
	}
	return taken, nil
}

func conflictsOf(slots []slot) []Conflict {
	conflicts := []Conflict{}
	for _, slot := range slots {
		if slot.reason != "" {
			conflicts = append(conflicts, Conflict{LocalTime: slot.local, Reason: slot.reason, With: slot.with})
		}
	}
	return conflicts
}

// planAll writes the shows, each with its audit entry.
func planAll(ctx context.Context, tx bun.Tx, actor audit.Actor, fitting []schema.Show) ([]Show, error) {
	if len(fitting) == 0 {
		return []Show{}, nil
	}
	if _, err := tx.NewInsert().Model(&fitting).Exec(ctx); err != nil {
		return nil, showRefused(err)
	}
	ids := make([]uuid.UUID, len(fitting))
	for i, show := range fitting {
		ids[i] = show.ID
	}
	var rows []showRow
	if err := selectShows(tx).Where("s.id IN (?)", bun.List(ids)).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read the planned shows: %w", err)
	}
	created := views(rows, (*showRow).view)
	for _, show := range created {
		if err := recordShow(ctx, tx, actor, "create", show.Theater.ID, show.ID, nil, show.Terms()); err != nil {
			return nil, err
		}
	}
	return created, nil
}
