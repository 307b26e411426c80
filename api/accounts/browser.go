package accounts

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// browser serves the sessions of web pages. A page has the access token in its memory only;
// the refresh token is in a cookie that no script can read.
type browser struct {
	*service
	origin string // of our pages
	cookie http.Cookie
	// before is the cookie of a browser that is on its way to a log-in by a provider.
	before http.Cookie
	guard  *http.CrossOriginProtection
}

// newBrowser decides by the public address what the cookie looks like.
func newBrowser(s *service, publicURL string) (*browser, error) {
	public, err := url.Parse(publicURL)
	if err != nil || public.Host == "" || public.Scheme != "https" && public.Scheme != "http" {
		return nil, fmt.Errorf("api: service accounts needs PublicURL, an address as https://host, not %q", publicURL)
	}
	b := &browser{service: s, origin: public.Scheme + "://" + public.Host, guard: http.NewCrossOriginProtection()}
	b.cookie = http.Cookie{
		Name: "boxoffice_session", Path: "/", HttpOnly: true,
		// Only our own pages send it, by fetch: it need not come along with a link.
		SameSite: http.SameSiteStrictMode,
	}
	if public.Scheme == "https" {
		// With this prefix a browser takes the cookie only from this very host, encrypted
		// (RFC 6265bis, section 4.1.3.2). WebKit takes no Secure cookie over http, not even
		// from one's own machine.
		b.cookie.Name, b.cookie.Secure = "__Host-"+b.cookie.Name, true
	}
	b.before = beforeLogIn(public.Scheme == "https")
	// Other origins that may call the API do so with tokens, not with this cookie.
	return b, b.guard.AddTrustedOrigin(b.origin)
}

func (b *browser) mount() {
	b.Post("/v1/browser-sessions", b.ownPages(b.signIn))
	b.Post("/v1/browser-sessions/guest", b.ownPages(b.beginGuest))
	b.Post("/v1/browser-sessions/second-factor", b.ownPages(b.secondFactor))
	b.Post("/v1/browser-sessions/passkey/options", b.ownPages(b.askForPasskey))
	b.Post("/v1/browser-sessions/passkey", b.ownPages(b.logInByPasskey))
	b.Post("/v1/browser-sessions/refresh", b.ownPages(b.refresh))
	b.Route(http.MethodDelete, "/v1/browser-sessions", b.ownPages(b.signOut))
	b.mountProviders()
}

// ownPages refuses what a page of another origin makes a browser send. Programs that are no
// browsers may call: they carry no cookie but their own.
func (b *browser) ownPages(handler rest.Handler) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := b.guard.Check(r); err != nil {
			return booking.E(rest.CodeCrossOrigin, "Sessions of browsers are for the pages of %s. "+
				"Open the page there. A page of another origin uses /v1/sessions and sends an access token.", b.origin).Wrap(err)
		}
		return handler(w, r)
	}
}

func (b *browser) signIn(w http.ResponseWriter, r *http.Request) error {
	request, err := readCredentials(w, r)
	if err != nil {
		return err
	}
	tokens, err := b.accounts.LoginBrowser(r.Context(), request.Email, request.Password, b.client(r))
	if step, half := secondStep(err); half {
		return rest.Answer(w, http.StatusAccepted, step)
	}
	return b.begin(w, r, tokens, err)
}

// begin answers a log-in that has passed.
func (b *browser) begin(w http.ResponseWriter, r *http.Request, tokens accounts.TokenPair, err error) error {
	if err != nil {
		return err
	}
	// The browser forgets the session that it had: only its cookie could end it.
	if err := b.accounts.LogoutBrowser(r.Context(), b.token(r)); err != nil {
		return err
	}
	return b.answer(w, http.StatusCreated, tokens)
}

func (b *browser) refresh(w http.ResponseWriter, r *http.Request) error {
	tokens, err := b.accounts.RefreshBrowser(r.Context(), b.token(r), b.ClientAddress(r))
	if err != nil {
		if booking.CodeOf(err) == booking.CodeUnauthenticated {
			b.forget(w)
		}
		return err
	}
	return b.answer(w, http.StatusOK, tokens)
}

// signOut leaves what the page has stored to the page: its theme and language stay.
func (b *browser) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := b.accounts.LogoutBrowser(r.Context(), b.token(r)); err != nil {
		return err
	}
	b.forget(w)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	w.Header().Set("Cache-Control", "no-store")
	return rest.NoContent(w)
}

// answer puts the refresh token into the cookie, and only there.
func (b *browser) answer(w http.ResponseWriter, status int, tokens accounts.TokenPair) error {
	b.keep(w, tokens)
	return rest.Answer(w, status, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}{tokens.AccessToken, tokens.TokenType, tokens.ExpiresIn})
}

func (b *browser) keep(w http.ResponseWriter, tokens accounts.TokenPair) {
	cookie := b.cookie
	cookie.Value, cookie.MaxAge = tokens.RefreshToken, int(accounts.SessionLife.Seconds())
	http.SetCookie(w, &cookie)
}

func (b *browser) forget(w http.ResponseWriter) {
	cookie := b.cookie
	cookie.MaxAge = -1
	http.SetCookie(w, &cookie)
}

// token is empty without a cookie, and when there are two: one of them may be planted by
// another page of the host. We never send it in quotes.
func (b *browser) token(r *http.Request) string { return onlyCookie(r, b.cookie.Name) }

func onlyCookie(r *http.Request, name string) string {
	if all := r.CookiesNamed(name); len(all) == 1 && !all[0].Quoted {
		return all[0].Value
	}
	return ""
}
