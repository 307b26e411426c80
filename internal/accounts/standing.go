package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// standing asks the primary key of accounts and an index that has few tokens of each family
// (sessions_deciding). A token may have been handed out while its family was revoked: so one
// revoked token ends all.
const standing = `
SELECT a.role,
    EXISTS (SELECT FROM suspensions su WHERE su.account_id = a.id),
    EXISTS (SELECT FROM sessions s WHERE s.family = $2 AND s.account_id = a.id AND s.rotated_at IS NULL AND s.expires_at > now())
    AND NOT EXISTS (SELECT FROM sessions r WHERE r.family = $2 AND r.revoked_at IS NOT NULL),
    EXISTS (SELECT FROM session_factors f WHERE f.family = $2 AND f.account_id = a.id)
FROM accounts a WHERE a.id = $1`

// Standing asks the database whether the session of an access token still goes on, and
// gives the claims with the role that the account has now. Code: unauthenticated.
func (s *Service) Standing(ctx context.Context, claims *Claims) (*Claims, error) {
	now := *claims
	var suspended, goesOn, factor bool
	err := s.pool.QueryRow(ctx, standing, claims.Subject, claims.SessionFamily).Scan(&now.Role, &suspended, &goesOn, &factor)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, booking.E(booking.CodeUnauthenticated, "This account no longer exists.")
	case err != nil:
		return nil, fmt.Errorf("look whether a session goes on: %w", err)
	case suspended:
		return nil, booking.E(booking.CodeUnauthenticated, "This account is suspended.")
	case !goesOn:
		return nil, sessionEnded()
	default:
		now.LacksFactor = s.factors.StaffMust && now.Role != booking.RoleCustomer && !factor
		return &now, nil
	}
}
