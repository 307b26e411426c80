package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

// Theater is a house as staff see it.
type Theater struct {
	ID            uuid.UUID `json:"id"`
	Slug          string    `json:"slug"`
	City          string    `json:"city"` // slug
	Name          string    `json:"name"`
	Address       string    `json:"address"`
	Lat           float64   `json:"lat"`
	Lon           float64   `json:"lon"`
	TimeZone      string    `json:"time_zone"`
	Currency      string    `json:"currency"`
	Amenities     []string  `json:"amenities"`
	Accessibility []string  `json:"accessibility"`
	// AccessibleReleaseMinutes as in schema.Theater.
	AccessibleReleaseMinutes int        `json:"accessible_release_minutes"`
	RetiredAt                *time.Time `json:"retired_at"`
	CreatedAt                time.Time  `json:"created_at"`
	UpdatedAt                time.Time  `json:"updated_at"`
}

// theaterRow is a theater with its city's slug.
type theaterRow struct {
	schema.Theater `bun:",extend"`
	City           string `bun:"city,scanonly"`
}

func theaterView(row *theaterRow) Theater {
	return Theater{
		ID: row.ID, Slug: row.Slug, City: row.City, Name: row.Name, Address: row.Address, Lat: row.Lat, Lon: row.Lon,
		TimeZone: row.TimeZone, Currency: row.Currency, Amenities: listed(row.Amenities), Accessibility: listed(row.Accessibility),
		AccessibleReleaseMinutes: row.AccessibleReleaseMinutes, RetiredAt: row.RetiredAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// TheaterFilter narrows a list of theaters; an empty field does not.
type TheaterFilter struct {
	City    string // id or slug
	Mine    bool   // those that the actor manages; an administrator's are all
	Retired *bool
	Limit   int
	Cursor  string
}

// Theaters lists theaters by name. next is empty on the last page. Code:
// validation_failed.
func (s *Store) Theaters(ctx context.Context, actor audit.Actor, f TheaterFilter) (items []Theater, next string, err error) {
	var p problems
	after := p.readCursor(f.Cursor, storable)
	var city *schema.City
	if f.City != "" {
		if city, err = findCity(ctx, s.db, &p, f.City); err != nil {
			return nil, "", err
		}
	}
	if err := p.err(); err != nil {
		return nil, "", err
	}
	limit := paging.Size(f.Limit)
	var rows []theaterRow
	query := theaters(s.db, &rows).OrderExpr("t.name COLLATE by_name, t.id").Limit(int64(limit) + 1)
	if after.ID != uuid.Nil {
		query.Where("(t.name COLLATE by_name, t.id) > (?, ?)", after.Text, after.ID)
	}
	if city != nil {
		query.Where("t.city_id = ?", city.ID)
	}
	if f.Mine && actor.Role != schema.RoleAdmin {
		query.Where("EXISTS (SELECT FROM theater_managers tm WHERE tm.theater_id = t.id AND tm.account_id = ?)", actor.AccountID)
	}
	onlyRetired(query, "t", f.Retired)
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list theaters for staff: %w", err)
	}
	rows, next = paging.Cut(rows, limit, func(t theaterRow) string { return paging.Key{Text: t.Name, ID: t.ID}.String() })
	items = make([]Theater, len(rows))
	for i := range rows {
		items[i] = theaterView(&rows[i])
	}
	return items, next, nil
}

func theaters(db bun.IDB, model any) *bun.SelectQuery {
	return db.NewSelect().Model(model).ColumnExpr("t.*").ColumnExpr("c.slug AS city").
		Join("JOIN cities AS c ON c.id = t.city_id")
}

// findCity resolves an id or slug; it is nil, and a problem, when there is none.
func findCity(ctx context.Context, db bun.IDB, p *problems, idOrSlug string) (*schema.City, error) {
	var city schema.City
	query := db.NewSelect().Model(&city)
	if id, err := uuid.Parse(idOrSlug); err == nil {
		query.Where("id = ?", id)
	} else {
		query.Where("slug = ?", idOrSlug)
	}
	err := sql.ErrNoRows
	if storable(idOrSlug) {
		err = query.Scan(ctx)
	}
	if errors.Is(err, sql.ErrNoRows) {
		p.add("city", "There is no such city.")
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find a city: %w", err)
	}
	return &city, nil
}

// Theater reads one theater, retired or not. Code: not_found.
func (s *Store) Theater(ctx context.Context, id uuid.UUID) (Theater, error) {
	row, err := oneTheater(ctx, s.db, id)
	if err != nil {
		return Theater{}, err
	}
	return theaterView(row), nil
}

func oneTheater(ctx context.Context, db bun.IDB, id uuid.UUID) (*theaterRow, error) {
	var row theaterRow
	err := theaters(db, &row).Where("t.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, booking.E(booking.CodeNotFound, "There is no such theater.")
	}
	if err != nil {
		return nil, fmt.Errorf("read a theater: %w", err)
	}
	return &row, nil
}

// CreateTheater opens a house. Its clock and its money are the city's unless they
// are given. Codes: forbidden, validation_failed, conflict for one too many.
func (s *Store) CreateTheater(ctx context.Context, actor audit.Actor, fields TheaterFields) (Theater, error) {
	if err := onlyAdmin(actor); err != nil {
		return Theater{}, err
	}
	city, err := s.checkTheater(ctx, &fields, true)
	if err != nil {
		return Theater{}, err
	}
	row := &theaterRow{Theater: schema.Theater{
		ID: uuid.New(), TimeZone: city.TimeZone, Currency: city.Currency, AccessibleReleaseMinutes: rules.UsualAccessibleRelease}}
	fields.apply(row, city)
	err = s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := hasRoom(ctx, tx, "theaters", "city_id", city.ID, mostTheaters, "A city has at most %d theaters."); err != nil {
			return err
		}
		var err error
		if row.Slug, err = freeSlug(ctx, tx, "theaters", row.ID, rules.SlugOf(row.Name), rules.SlugOf(row.Name+" "+city.Name)); err != nil {
			return err
		}
		row.Amenities, row.Accessibility = listed(row.Amenities), listed(row.Accessibility)
		if _, err := tx.NewInsert().Model(&row.Theater).Returning("created_at, updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("write a theater: %w", err)
		}
		return record(ctx, tx, theaterEntry(actor, "create", nil, row))
	})
	if err != nil {
		return Theater{}, err
	}
	return theaterView(row), nil
}

func theaterEntry(actor audit.Actor, action string, before *Theater, after *theaterRow) audit.Entry {
	e := audit.Entry{Actor: actor, Action: action, Entity: "theater", EntityID: after.ID.String(), TheaterID: after.ID, After: theaterView(after)}
	if before != nil {
		e.Before = before
	}
	return e
}

// ChangeTheater sets fields of a theater; its managers may. The slug stays,
// because links do. Codes: forbidden, not_found, validation_failed, conflict when
// what is on sale would change its meaning.
func (s *Store) ChangeTheater(ctx context.Context, actor audit.Actor, id uuid.UUID, fields TheaterFields, unless Precondition) (Theater, error) {
	city, err := s.checkTheater(ctx, &fields, false)
	if err != nil {
		return Theater{}, err
	}
	return s.changeTheater(ctx, actor, id, "change", unless, func(ctx context.Context, tx bun.Tx, row *theaterRow) error {
		if err := fields.checkAgainst(ctx, tx, row); err != nil {
			return err
		}
		if city != nil && city.ID != row.CityID {
			if err := hasRoom(ctx, tx, "theaters", "city_id", city.ID, mostTheaters, "A city has at most %d theaters."); err != nil {
				return err
			}
		}
		fields.apply(row, city)
		return nil
	})
}

// RetireTheater closes a house for good; it can still be read. Codes: forbidden,
// not_found, conflict while it has shows to come.
func (s *Store) RetireTheater(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Theater, error) {
	if err := onlyAdmin(actor); err != nil {
		return Theater{}, err
	}
	return s.changeTheater(ctx, actor, id, "retire", unless, func(ctx context.Context, tx bun.Tx, row *theaterRow) error {
		return retire(ctx, tx, &row.RetiredAt, "theater", "theater_id", id)
	})
}

// RestoreTheater opens a retired house again. Codes: forbidden, not_found.
func (s *Store) RestoreTheater(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Theater, error) {
	if err := onlyAdmin(actor); err != nil {
		return Theater{}, err
	}
	return s.changeTheater(ctx, actor, id, "restore", unless, func(_ context.Context, _ bun.Tx, row *theaterRow) error {
		row.RetiredAt = nil
		return nil
	})
}

func (s *Store) changeTheater(
	ctx context.Context, actor audit.Actor, id uuid.UUID, action string, unless Precondition,
	change func(context.Context, bun.Tx, *theaterRow) error,
) (Theater, error) {
	var after Theater
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := oneTheater(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := mayManage(ctx, tx, actor, id); err != nil {
			return err
		}
		before := theaterView(row)
		after = before
		if err := unless.check(before); err != nil {
			return err
		}
		if err := change(ctx, tx, row); err != nil {
			return err
		}
		if reflect.DeepEqual(before, theaterView(row)) {
			return errUnchanged
		}
		row.Amenities, row.Accessibility = listed(row.Amenities), listed(row.Accessibility)
		if _, err := tx.NewUpdate().Model(&row.Theater).ExcludeColumn("created_at").Value("updated_at", "now()").
			WherePK().Returning("updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("change a theater: %w", err)
		}
		after = theaterView(row)
		return record(ctx, tx, theaterEntry(actor, action, &before, row))
	})
	return after, unlessUnchanged(err)
}
