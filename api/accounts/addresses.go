package accounts

import (
	"fmt"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

// mountAddresses adds what proves and changes the addresses and the password of an account,
// and what its owner chose.
func (s *service) mountAddresses() {
	s.Post("/v1/accounts/verify", s.verify)
	s.Post("/v1/accounts/password-reset", s.askForReset)
	s.Route(http.MethodPut, "/v1/accounts/password", s.resetPassword)
	s.Post("/v1/accounts/email-undo", s.undoEmail)
	s.Post("/v1/guests", s.beginGuest)
	s.Post("/v1/me/verification", s.askForCode)
	s.Post("/v1/me/verification/confirm", s.confirmCode)
	s.Post("/v1/me/confirm", s.confirmPassword)
	s.Route(http.MethodPut, "/v1/me/password", s.changePassword)
	s.Post("/v1/me/email", s.askForEmail)
	s.Post("/v1/me/email/confirm", s.confirmEmail)
	s.Get("/v1/me/notifications", s.listChoices)
	s.Route(http.MethodPut, "/v1/me/notifications", s.choose)
}

// claimsOf is who calls, as the accounts know it.
func claimsOf(r *http.Request) accounts.Claims {
	caller := rest.CallerOf(r)
	return accounts.Claims{Subject: caller.AccountID, Role: caller.Role, SessionFamily: caller.SessionFamily}
}

// verify takes the link of a mail. An access token is not needed; with the account's own the
// proof counts for more.
func (s *service) verify(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Token string `json:"token"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("token", request.Token); err != nil {
		return err
	}
	by, err := s.SignedInIfAny(r)
	if err != nil {
		return err
	}
	if err := s.accounts.VerifyByLink(r.Context(), by, request.Token); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) askForReset(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Email string `json:"email"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := s.accounts.AskForReset(r.Context(), request.Email, r.Header.Get("Accept-Language")); err != nil {
		return err
	}
	return accepted(w)
}

func accepted(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *service) resetPassword(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("token", request.Token, "password", request.Password); err != nil {
		return err
	}
	if err := s.accounts.Reset(r.Context(), request.Token, request.Password); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) undoEmail(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Token string `json:"token"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("token", request.Token); err != nil {
		return err
	}
	if err := s.accounts.UndoNewEmail(r.Context(), request.Token, r.Header.Get("Accept-Language")); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) beginGuest(w http.ResponseWriter, r *http.Request) error {
	var request accounts.GuestRequest
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	tokens, err := s.accounts.BeginGuest(r.Context(), request, s.client(r))
	return answerTokens(w, http.StatusCreated, tokens, err)
}

func (b *browser) beginGuest(w http.ResponseWriter, r *http.Request) error {
	var request accounts.GuestRequest
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	tokens, err := b.accounts.BeginGuestInBrowser(r.Context(), request, b.client(r))
	if err != nil {
		return err
	}
	if err := b.accounts.LogoutBrowser(r.Context(), b.token(r)); err != nil {
		return err
	}
	return b.answer(w, http.StatusCreated, tokens)
}

// code is what a person types, of a message by a channel.
type code struct {
	Channel string `json:"channel"`
	Code    string `json:"code"`
}

func (s *service) askForCode(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Channel string `json:"channel"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := s.accounts.AskForCode(r.Context(), claimsOf(r), request.Channel, r.Header.Get("Accept-Language")); err != nil {
		return err
	}
	return accepted(w)
}

func (s *service) confirmCode(w http.ResponseWriter, r *http.Request) error {
	var request code
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("code", request.Code); err != nil {
		return err
	}
	account, err := s.accounts.ConfirmCode(r.Context(), claimsOf(r), request.Channel, request.Code)
	return answerMe(w, account, err)
}

func (s *service) confirmPassword(w http.ResponseWriter, r *http.Request) error {
	var request accounts.Proof
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if len(request.Passkey) == 0 {
		if err := required("password", request.Password); err != nil {
			return err
		}
	}
	if err := s.accounts.Confirm(r.Context(), claimsOf(r), request, s.client(r)); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) changePassword(w http.ResponseWriter, r *http.Request) error {
	var request accounts.PasswordChange
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("current_password", request.Current, "password", request.New); err != nil {
		return err
	}
	if err := s.accounts.ChangePassword(r.Context(), claimsOf(r), request, s.client(r)); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) askForEmail(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Email string `json:"email"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := s.accounts.AskForNewEmail(r.Context(), claimsOf(r), request.Email, r.Header.Get("Accept-Language")); err != nil {
		return err
	}
	return accepted(w)
}

func (s *service) confirmEmail(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Code string `json:"code"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("code", request.Code); err != nil {
		return err
	}
	account, err := s.accounts.ConfirmNewEmail(r.Context(), claimsOf(r), request.Code)
	return answerMe(w, account, err)
}

func (s *service) listChoices(w http.ResponseWriter, r *http.Request) error {
	all, err := s.accounts.Choices(r.Context(), rest.CallerOf(r).AccountID)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, struct {
		Items []accounts.Choice `json:"items"`
	}{all})
}

func (s *service) choose(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Items []struct {
			Channel string `json:"channel"`
			Kind    string `json:"kind"`
			Wanted  *bool  `json:"wanted"`
			// Required comes back from clients that send what they read.
			Required bool `json:"required"`
		} `json:"items"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	var fields booking.FieldErrors
	switch {
	case request.Items == nil:
		fields.Add("items", "Send a list of the choices that change. GET gives all.")
	case len(request.Items) > mostChoices:
		fields.Add("items", "There are nine choices. Send each once.")
	}
	choices := make([]accounts.Choice, 0, min(len(request.Items), mostChoices))
	for i, item := range request.Items[:cap(choices)] {
		if item.Wanted == nil { // it is not false: that would turn messages off
			fields.Add(fmt.Sprintf("items[%d].wanted", i), "Must be true or false.")
			continue
		}
		choices = append(choices, accounts.Choice{Channel: item.Channel, Kind: item.Kind, Wanted: *item.Wanted})
	}
	if err := fields.Err(); err != nil {
		return err
	}
	if err := s.accounts.Choose(r.Context(), rest.CallerOf(r).AccountID, choices); err != nil {
		return err
	}
	return s.listChoices(w, r)
}

// mostChoices is more than there are.
const mostChoices = 20
