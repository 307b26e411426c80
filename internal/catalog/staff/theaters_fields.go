package staff

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	maxAddress   = 300
	maxAmenities = 60
)

// theaterFields are what staff write of a theater. What is nil stays as it is.
type theaterFields struct {
	City          *string   `json:"city"` // id or slug
	Name          *string   `json:"name"`
	Address       *string   `json:"address"`
	Lat           *float64  `json:"lat"`
	Lon           *float64  `json:"lon"`
	TimeZone      *string   `json:"time_zone"`
	Currency      *string   `json:"currency"`
	Amenities     *[]string `json:"amenities"`
	Accessibility *[]string `json:"accessibility"`
	// PaymentProviders as in schema.Theater.
	PaymentProviders *[]string `json:"payment_providers"`
	// AccessibleReleaseMinutes as in schema.Theater.
	AccessibleReleaseMinutes *int `json:"accessible_release_minutes"`
}

// checkTheater checks the fields and brings them into the form that is stored. It
// gives the city, nil when none was named.
func (s *Store) checkTheater(ctx context.Context, f *theaterFields, creating bool) (city *schema.City, err error) {
	var p fieldErrors
	if creating {
		required(&p, "city", f.City)
		required(&p, "name", f.Name)
		required(&p, "address", f.Address)
		required(&p, "lat", f.Lat)
		required(&p, "lon", f.Lon)
	}
	if f.City != nil {
		if city, err = findCity(ctx, s.db, &p, *f.City); err != nil {
			return nil, err
		}
	}
	f.Name = p.check().Line("name", f.Name, 1, rules.MaxName)
	f.Address = p.check().Line("address", f.Address, 1, maxAddress)
	rules.Between(p.Add, "lat", f.Lat, -90, 90)
	rules.Between(p.Add, "lon", f.Lon, -180, 180)
	if err := s.checkTimeZone(ctx, &p, f.TimeZone); err != nil {
		return nil, err
	}
	p.check().Currency("currency", f.Currency)
	charged := f.Currency
	if creating && charged == nil && city != nil {
		charged = &city.Currency
	}
	p.check().ChargedIn(s.charging, "currency", charged)
	f.Amenities = p.check().Codes("amenities", f.Amenities, maxAmenities)
	f.Accessibility = p.check().Codes("accessibility", f.Accessibility, maxAmenities)
	s.checkProviders(&p, f.PaymentProviders)
	rules.Between(p.Add, "accessible_release_minutes", f.AccessibleReleaseMinutes, 0, rules.MaxAccessibleRelease)
	return city, p.Err()
}

// checkProviders wants providers of the platform, each once. Whether they charge the
// theater's currency is checked with it.
func (s *Store) checkProviders(p *fieldErrors, names *[]string) {
	if names == nil || s.providers == nil {
		return
	}
	for i, name := range *names {
		at := fmt.Sprintf("payment_providers[%d]", i)
		switch {
		case s.providers[name] == nil:
			p.Add(at, "Must be one of: %s.", strings.Join(slices.Sorted(maps.Keys(s.providers)), ", "))
		case slices.Index(*names, name) < i:
			p.Add(at, "Is listed twice.")
		}
	}
}

// checkCurrency wants every provider of a theater to charge its currency.
func (s *Store) checkCurrency(row *theaterRow) error {
	var p fieldErrors
	for i, name := range row.PaymentProviders {
		if charging := s.providers[name]; charging != nil {
			if _, taken := charging(row.Currency); !taken {
				p.Add(fmt.Sprintf("payment_providers[%d]", i), "%s cannot receive %s, the currency of this theater. Remove it.", name, row.Currency)
			}
		}
	}
	return p.Err()
}

// checkTimeZone wants a zone that both we and Postgres know: each has its own copy
// of the IANA database, and shows of the theater are read with both.
func (s *Store) checkTimeZone(ctx context.Context, p *fieldErrors, name *string) error {
	if name == nil {
		return nil
	}
	known := rules.ZoneKnown(*name)
	if known {
		// Those that count leap seconds can be used, and are not listed.
		if err := s.db.NewRaw(`SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = ?)`, *name).Scan(ctx, &known); err != nil {
			return fmt.Errorf("look for a time zone: %w", err)
		}
	}
	if !known {
		p.Add("time_zone", rules.WrongZone)
	}
	return nil
}

func (f *theaterFields) apply(row *theaterRow, city *schema.City) {
	if city != nil {
		row.CityID, row.City = city.ID, city.Slug
	}
	rules.Set(&row.Name, f.Name)
	rules.Set(&row.Address, f.Address)
	rules.Set(&row.Lat, f.Lat)
	rules.Set(&row.Lon, f.Lon)
	rules.Set(&row.TimeZone, f.TimeZone)
	rules.Set(&row.Currency, f.Currency)
	rules.Set(&row.Amenities, f.Amenities)
	rules.Set(&row.Accessibility, f.Accessibility)
	rules.Set(&row.PaymentProviders, f.PaymentProviders)
	rules.Set(&row.AccessibleReleaseMinutes, f.AccessibleReleaseMinutes)
}

// checkAgainst refuses a new clock while tickets are sold by the old one, and a
// new currency for prices that were written in the old one. Code: conflict.
func (f *theaterFields) checkAgainst(ctx context.Context, tx bun.Tx, row *theaterRow) error {
	if f.TimeZone != nil && *f.TimeZone != row.TimeZone {
		shows, err := showsToCome(ctx, tx, "theater_id", row.ID)
		if err != nil {
			return err
		}
		if shows > 0 {
			return booking.E(booking.CodeConflict, "The time zone cannot change: tickets of %s say when it begins by the old one.", countOf(shows, "show"))
		}
	}
	if f.Currency != nil && *f.Currency != row.Currency {
		cards, err := tx.NewSelect().Model((*schema.PriceCard)(nil)).Where("theater_id = ?", row.ID).Count(ctx)
		if err != nil {
			return fmt.Errorf("count the price cards: %w", err)
		}
		if cards > 0 {
			return booking.E(booking.CodeConflict, "The currency cannot change while the theater has price cards in the old one.")
		}
	}
	return nil
}
