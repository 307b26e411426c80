package accounts

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/boxoffice/boxoffice/schema"
)

// keeper is who keeps a refresh token. The token begins with it, so that a cookie, which no
// script can read, is of no use in a body, and a token of an app is no cookie.
type keeper string

const (
	forApps keeper = ""
	// forBrowsers has the only dot of a token: base64url has none.
	forBrowsers keeper = "b."
)

func keeperOf(refreshToken string) keeper {
	if strings.HasPrefix(refreshToken, string(forBrowsers)) {
		return forBrowsers
	}
	return forApps
}

// LoginBrowser is Login for a browser, which keeps the refresh token in a cookie.
func (s *Service) LoginBrowser(ctx context.Context, email, plain string, from Client) (TokenPair, error) {
	return s.logIn(ctx, email, plain, from, forBrowsers)
}

// RefreshBrowser is Refresh for a browser. Code: unauthenticated.
func (s *Service) RefreshBrowser(ctx context.Context, refreshToken string, address netip.Addr) (TokenPair, error) {
	return s.refresh(ctx, refreshToken, address, forBrowsers)
}

// LogoutBrowser ends the session of a browser's refresh token. A token that is not known
// has no session to end.
func (s *Service) LogoutBrowser(ctx context.Context, refreshToken string) error {
	if keeperOf(refreshToken) != forBrowsers {
		return nil
	}
	if _, err := s.db.NewUpdate().Model((*schema.Session)(nil)).Set("revoked_at = now()").
		Where("family = (SELECT family FROM sessions WHERE refresh_hash = ?)", hashOf(refreshToken)).
		Where("revoked_at IS NULL").Exec(ctx); err != nil {
		return fmt.Errorf("revoke a browser's session: %w", err)
	}
	return nil
}
