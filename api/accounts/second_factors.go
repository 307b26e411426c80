package accounts

import (
	"errors"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

func (s *service) mountFactors() {
	s.Post("/v1/sessions/second-factor", s.secondFactor)
	s.Get("/v1/me/factors", s.getFactors)
	s.Post("/v1/me/factors/totp", s.beginTOTP)
	s.Post("/v1/me/factors/totp/confirm", s.confirmTOTP)
	s.Route(http.MethodDelete, "/v1/me/factors/totp", s.removeTOTP)
	s.Post("/v1/me/factors/recovery-codes", s.renewRecoveryCodes)
}

// secondStep tells whether a log-in has half passed.
func secondStep(err error) (*accounts.SecondStep, bool) {
	var step *accounts.SecondStep
	return step, errors.As(err, &step)
}

func (s *service) secondFactor(w http.ResponseWriter, r *http.Request) error {
	var answer accounts.Answer
	if err := rest.Decode(w, r, &answer); err != nil {
		return err
	}
	tokens, err := s.accounts.SecondFactor(r.Context(), answer, s.client(r))
	return answerTokens(w, http.StatusCreated, tokens, err)
}

func (b *browser) secondFactor(w http.ResponseWriter, r *http.Request) error {
	var answer accounts.Answer
	if err := rest.Decode(w, r, &answer); err != nil {
		return err
	}
	tokens, err := b.accounts.SecondFactorBrowser(r.Context(), answer, b.client(r))
	return b.begin(w, r, tokens, err)
}

func (s *service) getFactors(w http.ResponseWriter, r *http.Request) error {
	factors, err := s.accounts.Factors(r.Context(), claimsOf(r))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, factors)
}

func (s *service) beginTOTP(w http.ResponseWriter, r *http.Request) error {
	begun, err := s.accounts.BeginTOTP(r.Context(), claimsOf(r))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusCreated, begun)
}

func (s *service) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Code string `json:"code"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := required("code", request.Code); err != nil {
		return err
	}
	codes, err := s.accounts.ConfirmTOTP(r.Context(), claimsOf(r), request.Code)
	return answerRecoveryCodes(w, http.StatusOK, codes, err)
}

func (s *service) removeTOTP(w http.ResponseWriter, r *http.Request) error {
	if err := s.accounts.RemoveTOTP(r.Context(), claimsOf(r)); err != nil {
		return err
	}
	return rest.NoContent(w)
}

func (s *service) renewRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := s.accounts.RenewRecoveryCodes(r.Context(), claimsOf(r))
	return answerRecoveryCodes(w, http.StatusCreated, codes, err)
}

// answerRecoveryCodes shows new codes, empty when the account keeps those it has. No cache
// keeps them.
func answerRecoveryCodes(w http.ResponseWriter, status int, codes []string, err error) error {
	if err != nil {
		return err
	}
	if codes == nil {
		codes = []string{}
	}
	return rest.Answer(w, status, struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}{codes})
}
