package accounts

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// mountProviders serves log-ins by identity providers. They are for browsers: an app would
// have to bring an answer back that only its own system can give it.
func (b *browser) mountProviders() {
	b.Get("/v1/oauth/providers", b.listProviders)
	b.Get("/v1/oauth/{provider}/start", b.startOAuth)
	b.Get("/v1/oauth/{provider}/callback", b.finishOAuth)
	b.Post("/v1/browser-sessions/identity", b.ownPages(b.proveIdentity))
	b.Get("/v1/me/identities", b.listIdentities)
	b.Post("/v1/me/identities/{id}", b.ownPages(b.linkIdentity))
	b.Route(http.MethodDelete, "/v1/me/identities/{id}", b.removeIdentity)
}

// beforeLogIn is the cookie that binds an answer to the browser that asked. It comes along
// when the provider sends the browser back, which a strict one would not.
func beforeLogIn(secure bool) http.Cookie {
	c := http.Cookie{Name: "boxoffice_oauth", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 20 * 60}
	if secure {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	return c
}

// secretBytes is how long the cookie's secret is.
const secretBytes = 32

// browserSecret gives the secret of this browser, and makes one when it has none. Two pages
// of one browser may be on their way to a provider at once, so it stays the same.
func (b *browser) browserSecret(w http.ResponseWriter, r *http.Request) string {
	secret := onlyCookie(r, b.before.Name)
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err != nil || len(raw) != secretBytes {
		raw = make([]byte, secretBytes)
		_, _ = rand.Read(raw) // never fails, see its documentation
		secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	cookie := b.before
	cookie.Value = secret
	http.SetCookie(w, &cookie)
	return secret
}

func (b *browser) forgetBefore(w http.ResponseWriter) {
	cookie := b.before
	cookie.MaxAge = -1
	http.SetCookie(w, &cookie)
}

func (b *browser) listProviders(w http.ResponseWriter, _ *http.Request) error {
	return rest.Answer(w, http.StatusOK, struct {
		Items []accounts.NamedProvider `json:"items"`
	}{b.accounts.Providers()})
}

func (b *browser) startOAuth(w http.ResponseWriter, r *http.Request) error {
	start := accounts.Start{Provider: mux.Vars(r)["provider"], ReturnTo: r.URL.Query().Get("return_to"), RefreshToken: b.token(r)}
	start.Browser = b.browserSecret(w, r)
	address, err := b.accounts.StartLogIn(r.Context(), start)
	var refused *accounts.RefusedIdentity
	if errors.As(err, &refused) {
		return b.refuseOAuth(w, r, start.Provider, err)
	}
	if err != nil {
		w.Header().Del("Set-Cookie")
		return err
	}
	return seeOther(w, address)
}

func (b *browser) finishOAuth(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	answer := accounts.Return{Provider: mux.Vars(r)["provider"], State: q.Get("state"), Browser: onlyCookie(r, b.before.Name)}
	answer.Code, answer.Issuer, answer.Failure = q.Get("code"), q.Get("iss"), q.Get("error")
	for _, values := range q {
		if len(values) > 1 { // which one counts would be a guess
			answer.State = ""
		}
	}
	end, err := b.accounts.FinishLogIn(r.Context(), answer, b.client(r))
	switch {
	case err != nil:
		return b.refuseOAuth(w, r, answer.Provider, err)
	case end.Offered:
		return seeOther(w, "/login?"+url.Values{"link": {answer.Provider}, "return_to": {end.ReturnTo}}.Encode())
	case end.Second != nil:
		// Behind the #, so that it is sent to no server and stands in no log.
		second := url.Values{"challenge": {end.Second.Challenge}}
		for _, way := range end.Second.Ways {
			second.Add("way", string(way))
		}
		b.forgetBefore(w)
		return seeOther(w, "/login?"+url.Values{"return_to": {end.ReturnTo}}.Encode()+"#"+second.Encode())
	}
	b.forgetBefore(w)
	if end.Tokens.RefreshToken != "" {
		b.keep(w, end.Tokens)
	}
	return seeOther(w, end.ReturnTo)
}

// refuseOAuth sends the browser to the page for logging in. The reason is for the log: the
// page says one thing whatever it was, with the id by which the log can be searched.
func (b *browser) refuseOAuth(w http.ResponseWriter, r *http.Request, provider string, err error) error {
	id := rest.RequestID(r.Context())
	var refused *accounts.RefusedIdentity
	if errors.As(err, &refused) {
		b.Logger.WarnContext(r.Context(), "log-in by a provider refused", "request_id", id, "provider", known(b.accounts, provider), "reason", refused.Reason)
	} else {
		b.Logger.ErrorContext(r.Context(), "log-in by a provider failed", "request_id", id, "provider", known(b.accounts, provider), "error", err)
	}
	return seeOther(w, "/login?"+url.Values{"error": {"provider"}, "request": {id}}.Encode())
}

// known keeps what a client wrote out of the log, unless it is a provider of ours.
func known(all *accounts.Service, provider string) string {
	for _, p := range all.Providers() {
		if p.ID == provider {
			return provider
		}
	}
	return ""
}

// seeOther sends a browser elsewhere. What stands in this address, codes among it, goes along
// to none.
func seeOther(w http.ResponseWriter, address string) error {
	w.Header().Set("Location", address)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// proveIdentity is the code that was mailed because the address has an account.
func (b *browser) proveIdentity(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Code string `json:"code"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("code", request.Code); err != nil {
		return err
	}
	tokens, err := b.accounts.ProveIdentity(r.Context(), onlyCookie(r, b.before.Name), request.Code, b.client(r))
	if step, half := secondStep(err); half {
		return rest.Answer(w, http.StatusAccepted, step)
	}
	if err == nil {
		b.forgetBefore(w)
	}
	return b.begin(w, r, tokens, err)
}

func (b *browser) listIdentities(w http.ResponseWriter, r *http.Request) error {
	all, err := b.accounts.Identities(r.Context(), rest.CallerOf(r).AccountID)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, struct {
		Items []accounts.OwnIdentity `json:"items"`
	}{all})
}

// linkIdentity gives the address that the page goes to. Its id is the provider's.
func (b *browser) linkIdentity(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		ReturnTo string `json:"return_to"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if request.ReturnTo == "" {
		request.ReturnTo = "/account"
	}
	start := accounts.Start{Provider: mux.Vars(r)["id"], ReturnTo: request.ReturnTo, Browser: b.browserSecret(w, r)}
	address, err := b.accounts.StartLink(r.Context(), claimsOf(r), start)
	var refused *accounts.RefusedIdentity
	switch {
	case errors.As(err, &refused):
		w.Header().Del("Set-Cookie")
		return booking.E(booking.CodeUnavailable, "This provider does not answer. Try again shortly.").Wrap(err)
	case err != nil:
		w.Header().Del("Set-Cookie")
		return err
	}
	return rest.Answer(w, http.StatusCreated, struct {
		Location string `json:"location"`
	}{address})
}

func (b *browser) removeIdentity(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathUUID(r, "log-in")
	if err != nil {
		return err
	}
	if err := b.accounts.RemoveIdentity(r.Context(), claimsOf(r), id); err != nil {
		return err
	}
	return rest.NoContent(w)
}
