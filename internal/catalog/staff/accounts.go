package staff

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

const maxManaged = 200

var roles = []string{booking.RoleCustomer, booking.RoleDoor, booking.RoleSupport, booking.RoleTheaterManager, booking.RoleAdmin}

// Account is what administrators see of an account.
type Account struct {
	ID    uuid.UUID `json:"id"`
	Email string    `json:"email"`
	Name  string    `json:"name"`
	duties
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// duties are what an account may do and where. They alone go into the audit log,
// which holds nothing personal.
type duties struct {
	Role       string      `json:"role"`
	TheaterIDs []uuid.UUID `json:"theater_ids"` // that a manager runs, or where the account works at the door
	// SuspendedAt is missing while the account may log in.
	SuspendedAt *time.Time `json:"suspended_at,omitempty"`
}

type accountRow struct {
	schema.Account `bun:",extend"`
	TheaterIDs     []uuid.UUID `bun:"theater_ids,array,scanonly"`
	SuspendedAt    *time.Time  `bun:"suspended_at,scanonly"`
}

func accountView(row *accountRow) Account {
	return Account{
		ID: row.ID, Email: contacts.Shown(row.Email), Name: row.Name, duties: duties{row.Role, rules.Listed(row.TheaterIDs), row.SuspendedAt},
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// theatersOfAccount are those of the role that the account has: rows of another role, which
// the release before may have left, count for nothing.
const theatersOfAccount = `ARRAY(
	SELECT theater_id FROM theater_managers WHERE account_id = a.id AND a.role = 'theater_manager'
	UNION ALL SELECT theater_id FROM door_theaters WHERE account_id = a.id AND a.role = 'door'
	ORDER BY 1)`

func accounts(db bun.IDB, model any) *bun.SelectQuery {
	return db.NewSelect().Model(model).
		ColumnExpr("a.id, a.email, a.name, a.role, a.created_at, a.updated_at").
		ColumnExpr(theatersOfAccount + " AS theater_ids").
		ColumnExpr("(SELECT suspended_at FROM suspensions su WHERE su.account_id = a.id) AS suspended_at")
}

// AccountFilter narrows a list of accounts; an empty field does not.
type AccountFilter struct {
	Email  string // the whole of it, in any case
	Role   string
	Limit  int
	Cursor string
}

// Accounts lists accounts, the newest first. next is empty on the last page.
// Codes: forbidden, validation_failed.
func (s *Store) Accounts(ctx context.Context, actor audit.Actor, f AccountFilter) (items []Account, next string, err error) {
	if err := onlyAdmin(actor); err != nil {
		return nil, "", err
	}
	var p fieldErrors
	after := p.readCursor(f.Cursor, isMoment)
	if f.Role != "" {
		rules.OneOf(p.Add, "role", &f.Role, roles...)
	}
	p.check().Line("email", &f.Email, 0, rules.MaxName)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	query := accounts(s.db, (*accountRow)(nil)).OrderExpr("a.created_at DESC, a.id DESC")
	if after.ID != uuid.Nil {
		query.Where("(a.created_at, a.id) < (?::timestamptz, ?)", after.Text, after.ID)
	}
	if f.Email != "" {
		query.Where("lower(a.email) IN (?)", bun.List(contacts.Stored(strings.ToLower(f.Email))))
	}
	if f.Role != "" {
		query.Where("a.role = ?", f.Role)
	}
	return page(ctx, query, f.Limit, "accounts", func(a *accountRow) paging.Key {
		return paging.Key{Text: a.CreatedAt.Format(time.RFC3339Nano), ID: a.ID}
	}, accountView)
}

// Account reads one account. Codes: forbidden, not_found.
func (s *Store) Account(ctx context.Context, actor audit.Actor, id uuid.UUID) (Account, error) {
	if err := onlyAdmin(actor); err != nil {
		return Account{}, err
	}
	row, err := oneAccount(ctx, s.db, id)
	if err != nil {
		return Account{}, err
	}
	return accountView(row), nil
}

func oneAccount(ctx context.Context, db bun.IDB, id uuid.UUID) (*accountRow, error) {
	row := new(accountRow)
	return row, noSuch(accounts(db, row).Where("a.id = ?", id).Scan(ctx), "an account")
}

// dutyFields are what an administrator changes of an account. What is nil stays
// as it is.
type dutyFields struct {
	Role       *string   `json:"role"`
	TheaterIDs *[]string `json:"theater_ids"`

	theaters []uuid.UUID
}

func (f *dutyFields) check() error {
	var p fieldErrors
	rules.OneOf(p.Add, "role", f.Role, roles...)
	if f.TheaterIDs == nil {
		return p.Err()
	}
	if len(*f.TheaterIDs) > maxManaged {
		p.Add("theater_ids", "Has at most %d entries.", maxManaged)
		return p.Err()
	}
	f.theaters = []uuid.UUID{}
	for i, text := range *f.TheaterIDs {
		id, err := uuid.Parse(text)
		if err != nil {
			p.Add(fmt.Sprintf("theater_ids[%d]", i), "Write the id of a theater.")
		}
		if !slices.Contains(f.theaters, id) {
			f.theaters = append(f.theaters, id)
		}
	}
	return p.Err()
}

// EditAccount gives an account another role, or a manager or the door other theaters. Both
// count from the next request on: the role is asked at each request of staff, and so are the
// theaters. With another role go the theaters that are not named. The account's sessions go on. Codes: forbidden, not_found, validation_failed,
// conflict.
func (s *Store) EditAccount(ctx context.Context, actor audit.Actor, id uuid.UUID, fields dutyFields, unless Precondition) (Account, error) {
	change := accountChange{action: "change", allowed: fields.check, unless: unless}
	return s.changeAccount(ctx, actor, id, change, func(ctx context.Context, tx bun.Tx, after *Account) error {
		before := after.duties
		if err := fields.apply(ctx, tx, actor, &after.duties, id); err != nil {
			return err
		}
		if after.Role == before.Role && slices.Equal(after.TheaterIDs, before.TheaterIDs) {
			return errUnchanged
		}
		return assign(ctx, tx, *after)
	})
}

// accountChange is what an administrator does to another account.
type accountChange struct {
	action string
	reason string       // for the audit log; a change of role has none
	unless Precondition // on the account as it is
	// allowed looks at the request alone; nil where that says nothing.
	allowed func() error
}

// changeAccount lets apply change an account that is locked, for an administrator who still
// is one, and notes it in the audit log. What apply calls errUnchanged is no change.
func (s *Store) changeAccount(
	ctx context.Context, actor audit.Actor, id uuid.UUID, change accountChange, apply func(context.Context, bun.Tx, *Account) error,
) (Account, error) {
	if err := onlyAdmin(actor); err != nil {
		return Account{}, err
	}
	if change.allowed != nil {
		if err := change.allowed(); err != nil {
			return Account{}, err
		}
	}
	var after Account
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := stillAdmin(ctx, tx, actor, id); err != nil {
			return err
		}
		row, err := oneAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		before := accountView(row)
		after = before
		if err := change.unless.check(before); err != nil {
			return err
		}
		if err := apply(ctx, tx, &after); err != nil {
			return err
		}
		if after.UpdatedAt, err = touch(ctx, tx, id); err != nil {
			return err
		}
		return record(ctx, tx, audit.Entry{Actor: actor, Action: change.action, Entity: "account", EntityID: id.String(),
			Before: before.duties, After: reasoned{after.duties, change.reason}})
	})
	return after, unlessUnchanged(err)
}

// reasoned is what the audit log says of an account after a change.
type reasoned struct {
	duties
	Reason string `json:"reason,omitempty"`
}

func touch(ctx context.Context, tx bun.Tx, id uuid.UUID) (at time.Time, err error) {
	if _, err = tx.NewUpdate().Model((*schema.Account)(nil)).Set("updated_at = now()").
		Where("id = ?", id).Returning("updated_at").Exec(ctx, &at); err != nil {
		err = fmt.Errorf("note the change of an account: %w", err)
	}
	return at, err
}

// stillAdmin asks the database again, and locks both rows in one order: of two
// administrators who demote or suspend each other one stays. As the actor is locked, and
// can neither demote nor suspend themselves, an administrator is always left.
func stillAdmin(ctx context.Context, tx bun.Tx, actor audit.Actor, other uuid.UUID) error {
	var rows []schema.Account
	if err := tx.NewSelect().Model(&rows).Column("id", "role").
		Where("id IN (?)", bun.List([]uuid.UUID{actor.AccountID, other})).Order("id").For("UPDATE").Scan(ctx); err != nil {
		return fmt.Errorf("lock accounts: %w", err)
	}
	// In a statement of its own: one that waited still reads other tables as they were.
	suspended, err := tx.NewSelect().Model((*schema.Suspension)(nil)).Where("account_id = ?", actor.AccountID).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look whether an administrator is suspended: %w", err)
	}
	if suspended || !slices.ContainsFunc(rows, func(a schema.Account) bool { return a.ID == actor.AccountID && a.Role == booking.RoleAdmin }) {
		return booking.E(booking.CodeForbidden, "Only an administrator may do this.")
	}
	return nil
}

func (f *dutyFields) apply(ctx context.Context, tx bun.Tx, actor audit.Actor, after *duties, id uuid.UUID) error {
	before := after.Role
	rules.Set(&after.Role, f.Role)
	if id == actor.AccountID && after.Role != booking.RoleAdmin {
		return booking.E(booking.CodeConflict, "You cannot take away your own role of administrator. Ask another administrator.")
	}
	if f.TheaterIDs != nil {
		after.TheaterIDs = rules.Listed(slices.SortedFunc(slices.Values(f.theaters), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }))
	}
	if inTheaters := after.Role == booking.RoleTheaterManager || after.Role == booking.RoleDoor; !inTheaters && len(f.theaters) > 0 {
		return booking.Invalid(booking.FieldError{Field: "theater_ids", Message: "Only a theater_manager and the door have theaters."})
	}
	if f.TheaterIDs == nil && after.Role != before {
		after.TheaterIDs = []uuid.UUID{}
	}
	if len(f.theaters) == 0 {
		return nil
	}
	var known []uuid.UUID
	if err := tx.NewSelect().Table("theaters").Column("id").Where("id IN (?)", bun.List(f.theaters)).Scan(ctx, &known); err != nil {
		return fmt.Errorf("look for theaters: %w", err)
	}
	var p fieldErrors
	for i, text := range *f.TheaterIDs {
		if theater, _ := uuid.Parse(text); !slices.Contains(known, theater) {
			p.Add(fmt.Sprintf("theater_ids[%d]", i), "There is no such theater.")
		}
	}
	return p.Err()
}

// assign writes role and theaters: those of the role, and none of another.
func assign(ctx context.Context, tx bun.Tx, account Account) error {
	if _, err := tx.NewUpdate().Model((*schema.Account)(nil)).Set("role = ?", account.Role).Where("id = ?", account.ID).Exec(ctx); err != nil {
		return fmt.Errorf("change an account's role: %w", err)
	}
	managed, atDoor := []schema.TheaterManager{}, []schema.DoorTheater{}
	for _, theater := range account.TheaterIDs {
		if account.Role == booking.RoleDoor {
			atDoor = append(atDoor, schema.DoorTheater{AccountID: account.ID, TheaterID: theater})
		} else {
			managed = append(managed, schema.TheaterManager{AccountID: account.ID, TheaterID: theater})
		}
	}
	if err := assignTheaters(ctx, tx, account, managed); err != nil {
		return err
	}
	return assignTheaters(ctx, tx, account, atDoor)
}

// assignTheaters makes the rows those that an account has in their table.
func assignTheaters[Row any](ctx context.Context, tx bun.Tx, account Account, rows []Row) error {
	gone := tx.NewDelete().Model((*Row)(nil)).Where("account_id = ?", account.ID)
	if len(rows) > 0 {
		gone.Where("theater_id NOT IN (?)", bun.List(account.TheaterIDs))
		if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("give an account theaters: %w", err)
		}
	}
	if _, err := gone.Exec(ctx); err != nil {
		return fmt.Errorf("take theaters from an account: %w", err)
	}
	return nil
}
