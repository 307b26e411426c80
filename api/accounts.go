package api

import (
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// keysFresh is how soon everybody knows a new signing key, which is published
// before it is used.
const keysFresh = 5 * time.Minute

func (a *api) register(w http.ResponseWriter, r *http.Request) {
	var request accounts.Registration
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	account, err := a.Accounts.Register(r.Context(), request, a.clientAddress(r))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusCreated, account)
}

func (a *api) signIn(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := required("email", request.Email, "password", request.Password); err != nil {
		a.fail(w, r, err)
		return
	}
	tokens, err := a.Accounts.Login(r.Context(), request.Email, request.Password, a.clientAddress(r))
	a.answerTokens(w, r, http.StatusCreated, tokens, err)
}

func (a *api) refreshSession(w http.ResponseWriter, r *http.Request) {
	var request struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := required("refresh_token", request.RefreshToken); err != nil {
		a.fail(w, r, err)
		return
	}
	tokens, err := a.Accounts.Refresh(r.Context(), request.RefreshToken, a.clientAddress(r))
	a.answerTokens(w, r, http.StatusOK, tokens, err)
}

func (a *api) answerTokens(w http.ResponseWriter, r *http.Request, status int, tokens accounts.TokenPair, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, status, tokens)
}

func (a *api) signOut(w http.ResponseWriter, r *http.Request) {
	if err := a.Accounts.Logout(r.Context(), principalOf(r).SessionFamily); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *api) getMe(w http.ResponseWriter, r *http.Request) {
	account, err := a.Accounts.Account(r.Context(), principalOf(r).AccountID)
	a.answerMe(w, r, account, err)
}

func (a *api) changeMe(w http.ResponseWriter, r *http.Request) {
	var change accounts.Profile
	if err := decode(w, r, &change); err != nil {
		a.fail(w, r, err)
		return
	}
	account, err := a.Accounts.UpdateProfile(r.Context(), principalOf(r).AccountID, change)
	a.answerMe(w, r, account, err)
}

func (a *api) answerMe(w http.ResponseWriter, r *http.Request, account accounts.Account, err error) {
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound:
		// The token outlives its account by minutes.
		a.fail(w, r, booking.E(booking.CodeUnauthenticated, "This account no longer exists.").Wrap(err))
	case err != nil:
		a.fail(w, r, err)
	default:
		a.answer(w, r, http.StatusOK, account)
	}
}

func (a *api) keys(w http.ResponseWriter, r *http.Request) {
	document := a.Accounts.JWKS()
	writeCached(w, r, keysFresh, jsonType, document, etagOf(document))
}

// required names the fields, given as name and value in turn, that are empty.
func required(namesAndValues ...string) error {
	var missing []booking.FieldError
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			missing = append(missing, booking.FieldError{Field: namesAndValues[i], Message: "Must not be empty."})
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return booking.Invalid(missing...)
}
