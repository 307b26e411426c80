package accounts

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/schema"
)

// repeatWithin is how long a browser may repeat the use of a refresh token. Two tabs that
// refresh at once send the same cookie, and so does a page whose answer was lost. Without
// this time each of them would look like a thief (RFC 9700, section 4.14.2).
const repeatWithin = 30 * time.Second

// keeper is who keeps a refresh token. The token begins with it, so that a token of an app,
// to which no repeat is allowed, cannot be used as a browser's.
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

// RefreshBrowser is Refresh for a browser. The token that was replaced last may be used
// again for half a minute: then the family has two tokens that wait for their use, and the
// use of one replaces both. So a thief who uses that half minute is found when the other
// token is used later. Code: unauthenticated.
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
