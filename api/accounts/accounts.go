package accounts

import (
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// keysFresh is how soon all verifiers know a new signing key. A key is published before it
// is used.
const keysFresh = 5 * time.Minute

func (s *service) register(w http.ResponseWriter, r *http.Request) error {
	var request accounts.Registration
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	request.Accepts = r.Header.Get("Accept-Language")
	account, err := s.accounts.Register(r.Context(), request, s.ClientAddress(r))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusCreated, account)
}

func (s *service) signIn(w http.ResponseWriter, r *http.Request) error {
	request, err := readCredentials(w, r)
	if err != nil {
		return err
	}
	tokens, err := s.accounts.Login(r.Context(), request.Email, request.Password, s.client(r))
	if step, half := secondStep(err); half {
		return rest.Answer(w, http.StatusAccepted, step)
	}
	return answerTokens(w, http.StatusCreated, tokens, err)
}

// client is what a log-in tells of where it comes from.
func (s *service) client(r *http.Request) accounts.Client {
	return accounts.Client{Address: s.ClientAddress(r), UserAgent: r.UserAgent(), Language: r.Header.Get("Accept-Language")}
}

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func readCredentials(w http.ResponseWriter, r *http.Request) (credentials, error) {
	var c credentials
	if err := rest.Decode(w, r, &c); err != nil {
		return c, err
	}
	return c, required("email", c.Email, "password", c.Password)
}

func (s *service) refreshSession(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("refresh_token", request.RefreshToken); err != nil {
		return err
	}
	tokens, err := s.accounts.Refresh(r.Context(), request.RefreshToken, s.ClientAddress(r))
	return answerTokens(w, http.StatusOK, tokens, err)
}

func answerTokens(w http.ResponseWriter, status int, tokens accounts.TokenPair, err error) error {
	if err != nil {
		return err
	}
	return rest.Answer(w, status, tokens)
}

func (s *service) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.accounts.Logout(r.Context(), rest.CallerOf(r).SessionFamily); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) getMe(w http.ResponseWriter, r *http.Request) error {
	account, err := s.accounts.Account(r.Context(), rest.CallerOf(r).AccountID)
	return answerMe(w, account, err)
}

func (s *service) changeMe(w http.ResponseWriter, r *http.Request) error {
	var change accounts.Profile
	if err := rest.Decode(w, r, &change); err != nil {
		return err
	}
	account, err := s.accounts.UpdateProfile(r.Context(), rest.CallerOf(r).AccountID, change)
	return answerMe(w, account, err)
}

func answerMe(w http.ResponseWriter, account accounts.Account, err error) error {
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound:
		// The token outlives its account by minutes.
		return booking.E(booking.CodeUnauthenticated, "This account no longer exists.").Wrap(err)
	case err != nil:
		return err
	default:
		return rest.Answer(w, http.StatusOK, account)
	}
}

func (s *service) keys(w http.ResponseWriter, r *http.Request) error {
	rest.WriteCached(w, r, keysFresh, rest.JSON, s.accounts.JWKS())
	return nil
}

// required names the fields, given as name and value in turn, that are empty.
func required(namesAndValues ...string) error {
	var missing booking.FieldErrors
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			missing.Add(namesAndValues[i], "Must not be empty.")
		}
	}
	return missing.Err()
}
