package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	// PaymentProviders as in schema.Theater.
	PaymentProviders []string `json:"payment_providers"`
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
		TimeZone: row.TimeZone, Currency: row.Currency, Amenities: rules.Listed(row.Amenities), Accessibility: rules.Listed(row.Accessibility),
		PaymentProviders: rules.Listed(row.PaymentProviders), AccessibleReleaseMinutes: row.AccessibleReleaseMinutes, RetiredAt: row.RetiredAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

var houses = kind[theaterRow, Theater]{
	name: "theater", view: theaterView, read: oneTheater,
	ids: func(row *theaterRow) (id, theater uuid.UUID) { return row.ID, row.ID },
	write: func(ctx context.Context, tx bun.Tx, row *theaterRow) error {
		row.Amenities, row.Accessibility = rules.Listed(row.Amenities), rules.Listed(row.Accessibility)
		row.PaymentProviders = rules.Listed(row.PaymentProviders)
		if _, err := tx.NewUpdate().Model(&row.Theater).ExcludeColumn("created_at").Value("updated_at", "now()").
			WherePK().Returning("updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("change a theater: %w", err)
		}
		return nil
	},
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
	var p fieldErrors
	after := p.readCursor(f.Cursor, storable)
	var city *schema.City
	if f.City != "" {
		if city, err = findCity(ctx, s.db, &p, f.City); err != nil {
			return nil, "", err
		}
	}
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	query := byName(theaters(s.db, (*theaterRow)(nil)), "t.name", "t.id", after)
	if city != nil {
		query.Where("t.city_id = ?", city.ID)
	}
	if f.Mine && actor.Role != booking.RoleAdmin {
		query.Where("EXISTS (SELECT FROM theater_managers tm WHERE tm.theater_id = t.id AND tm.account_id = ?)", actor.AccountID)
	}
	onlyRetired(query, "t", f.Retired)
	return page(ctx, query, f.Limit, "theaters for staff",
		func(t *theaterRow) paging.Key { return paging.Key{Text: t.Name, ID: t.ID} }, theaterView)
}

func theaters(db bun.IDB, model any) *bun.SelectQuery {
	return db.NewSelect().Model(model).ColumnExpr("t.*").ColumnExpr("c.slug AS city").
		Join("JOIN cities AS c ON c.id = t.city_id")
}

// findCity resolves an id or slug; if it does not exist it is nil and a field error.
func findCity(ctx context.Context, db bun.IDB, p *fieldErrors, idOrSlug string) (*schema.City, error) {
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
		p.Add("city", "There is no such city.")
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
	row := new(theaterRow)
	return row, noSuch(theaters(db, row).Where("t.id = ?", id).Scan(ctx), "a theater")
}

// CreateTheater opens a house. Its clock and its money are the city's unless they
// are given. Codes: forbidden, validation_failed, conflict for one too many.
func (s *Store) CreateTheater(ctx context.Context, actor audit.Actor, fields theaterFields) (Theater, error) {
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
	if err := s.checkCurrency(row); err != nil {
		return Theater{}, err
	}
	row.Amenities, row.Accessibility = rules.Listed(row.Amenities), rules.Listed(row.Accessibility)
	row.PaymentProviders = rules.Listed(row.PaymentProviders)
	return houses.create(ctx, s, actor, row, func(ctx context.Context, tx bun.Tx) (err error) {
		if err := hasRoom(ctx, tx, "theaters", "city_id", city.ID, mostTheaters, "A city has at most %d theaters."); err != nil {
			return err
		}
		if row.Slug, err = freeSlug(ctx, tx, "theaters", row.ID, rules.SlugOf(row.Name), rules.SlugOf(row.Name+" "+city.Name)); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row.Theater).Returning("created_at, updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("write a theater: %w", err)
		}
		return nil
	})
}

// EditTheater sets fields of a theater; its managers may. The slug stays,
// because links do. Codes: forbidden, not_found, validation_failed, conflict when
// what is on sale would change its meaning.
func (s *Store) EditTheater(ctx context.Context, actor audit.Actor, id uuid.UUID, fields theaterFields, unless Precondition) (Theater, error) {
	city, err := s.checkTheater(ctx, &fields, false)
	if err != nil {
		return Theater{}, err
	}
	return houses.change(ctx, s, edit{actor, "change", id, unless}, func(ctx context.Context, tx bun.Tx, row *theaterRow) error {
		if err := fields.checkAgainst(ctx, tx, row); err != nil {
			return err
		}
		if city != nil && city.ID != row.CityID {
			if err := hasRoom(ctx, tx, "theaters", "city_id", city.ID, mostTheaters, "A city has at most %d theaters."); err != nil {
				return err
			}
		}
		fields.apply(row, city)
		return s.checkCurrency(row)
	})
}

// RetireTheater closes a house permanently; it can still be read. Codes: forbidden,
// not_found, conflict while it has shows to come.
func (s *Store) RetireTheater(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Theater, error) {
	if err := onlyAdmin(actor); err != nil {
		return Theater{}, err
	}
	return houses.change(ctx, s, edit{actor, "retire", id, unless}, func(ctx context.Context, tx bun.Tx, row *theaterRow) error {
		return retire(ctx, tx, &row.RetiredAt, "theater", "theater_id", id)
	})
}

// RestoreTheater opens a retired house again. Codes: forbidden, not_found.
func (s *Store) RestoreTheater(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Theater, error) {
	if err := onlyAdmin(actor); err != nil {
		return Theater{}, err
	}
	return houses.change(ctx, s, edit{actor, "restore", id, unless}, func(_ context.Context, _ bun.Tx, row *theaterRow) error {
		row.RetiredAt = nil
		return nil
	})
}
