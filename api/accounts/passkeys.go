package accounts

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

func (s *service) mountPasskeys() {
	s.Post("/v1/me/factors/passkeys", s.beginPasskey)
	s.Post("/v1/me/factors/passkeys/confirm", s.confirmPasskey)
	s.Route(http.MethodPatch, "/v1/me/factors/passkeys/{id}", s.renamePasskey)
	s.Route(http.MethodDelete, "/v1/me/factors/passkeys/{id}", s.removePasskey)
	s.Post("/v1/me/confirm/passkey", s.askToConfirm)
}

// answerOptions gives what a browser passes on to its authenticators. No cache keeps it.
func answerOptions(w http.ResponseWriter, options json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusCreated, struct {
		PublicKey json.RawMessage `json:"public_key"`
	}{options})
}

func (s *service) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	options, err := s.accounts.BeginPasskey(r.Context(), claimsOf(r))
	return answerOptions(w, options, err)
}

func (s *service) askToConfirm(w http.ResponseWriter, r *http.Request) error {
	options, err := s.accounts.AskToConfirm(r.Context(), claimsOf(r))
	return answerOptions(w, options, err)
}

func (s *service) confirmPasskey(w http.ResponseWriter, r *http.Request) error {
	var made accounts.NewPasskey
	if err := rest.Decode(w, r, &made); err != nil {
		return err
	}
	if err := required("credential", string(made.Credential)); err != nil {
		return err
	}
	kept, err := s.accounts.ConfirmPasskey(r.Context(), claimsOf(r), made, s.client(r))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusCreated, kept)
}

func (s *service) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathUUID(r, "passkey")
	if err != nil {
		return err
	}
	var request struct {
		Name string `json:"name"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := s.accounts.RenamePasskey(r.Context(), claimsOf(r), id, request.Name); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) removePasskey(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathUUID(r, "passkey")
	if err != nil {
		return err
	}
	if err := s.accounts.RemovePasskey(r.Context(), claimsOf(r), id); err != nil {
		return err
	}
	return rest.NoContent(w)
}

// browserKnown is how long a browser is known by the cookie that binds challenges to it: the
// log-in page asks for new ones while it is open.
const browserKnown = time.Hour

// passkeyCookie binds the challenges of a log-in to the browser that asked for them, so that
// an answer that was read elsewhere opens nothing. It names no person.
func (b *browser) passkeyCookie() http.Cookie {
	cookie := b.cookie
	cookie.Name, cookie.MaxAge = cookie.Name+"_passkey", int(browserKnown.Seconds())
	return cookie
}

// browserID is the cookie's value, empty without one.
func (b *browser) browserID(r *http.Request) string {
	all := r.CookiesNamed(b.passkeyCookie().Name)
	if len(all) != 1 || all[0].Quoted || len(all[0].Value) != browserIDLength {
		return ""
	}
	return all[0].Value
}

// browserIDLength is that of 256 bits in base64url.
const browserIDLength = 43

// askForPasskey keeps the cookie of the browser, if it has one: other tabs of it wait for
// answers, too.
func (b *browser) askForPasskey(w http.ResponseWriter, r *http.Request) error {
	cookie := b.passkeyCookie()
	if cookie.Value = b.browserID(r); cookie.Value == "" {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails, see its documentation
		cookie.Value = base64.RawURLEncoding.EncodeToString(random)
	}
	options, err := b.accounts.AskForPasskey(r.Context(), cookie.Value)
	if err != nil {
		return err
	}
	http.SetCookie(w, &cookie)
	return answerOptions(w, options, nil)
}

func (b *browser) logInByPasskey(w http.ResponseWriter, r *http.Request) error {
	var answer struct {
		Credential json.RawMessage `json:"credential"`
	}
	if err := rest.Decode(w, r, &answer); err != nil {
		return err
	}
	if err := required("credential", string(answer.Credential)); err != nil {
		return err
	}
	id := b.browserID(r)
	if id == "" {
		return booking.E(booking.CodeUnauthenticated, "This browser has not asked for a log-in by passkey, or sends no cookies. Begin again.")
	}
	tokens, err := b.accounts.LogInByPasskey(r.Context(), id, answer.Credential, b.client(r))
	return b.begin(w, r, tokens, err)
}
