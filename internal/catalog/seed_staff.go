package catalog

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/database"
)

// managedCity is where the demo manager runs all theaters; those elsewhere show
// what a manager may not do.
const managedCity = "mumbai"

// seedStaff gives the demo manager houses to run, and every demo theater a price
// card for new shows. A manager who has houses keeps them as they are.
func seedStaff(ctx context.Context, db *database.DB) error {
	for _, login := range demo.Logins() {
		if login.Role != booking.RoleTheaterManager {
			continue
		}
		if _, err := db.Bun.NewRaw(`INSERT INTO theater_managers (account_id, theater_id)
			SELECT a.id, t.id FROM accounts a, theaters t JOIN cities c ON c.id = t.city_id
			WHERE lower(a.email) = lower(?) AND a.role = ? AND c.slug = ?
				AND NOT EXISTS (SELECT FROM theater_managers tm WHERE tm.account_id = a.id)
			ON CONFLICT DO NOTHING`, login.Email, login.Role, managedCity).Exec(ctx); err != nil {
			return fmt.Errorf("give the demo manager theaters: %w", err)
		}
	}
	var theaters []uuid.UUID
	for _, theater := range demo.Theaters() {
		theaters = append(theaters, theater.ID)
	}
	// What a seat usually costs is the median over the theater's program.
	if _, err := db.Bun.NewRaw(`INSERT INTO price_cards (id, theater_id, name, prices, fee_per_seat, tax_basis_points)
		SELECT md5('price card ' || theater_id)::uuid, theater_id, 'Standard', jsonb_object_agg(category, price), max(fee), max(tax)
		FROM (
			SELECT s.theater_id, p.key AS category, percentile_disc(0.5) WITHIN GROUP (ORDER BY p.value::bigint) AS price,
				max(s.fee_per_seat) AS fee, max(s.tax_basis_points) AS tax
			FROM shows s, jsonb_each_text(s.prices) p
			WHERE s.theater_id IN (?)
			GROUP BY s.theater_id, p.key
		) usual
		GROUP BY theater_id
		ON CONFLICT DO NOTHING`, bun.List(theaters)).Exec(ctx); err != nil {
		return fmt.Errorf("give the demo theaters price cards: %w", err)
	}
	return nil
}
