package accounts

import (
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

func (s *service) pushKey(w http.ResponseWriter, _ *http.Request) error {
	key, err := s.accounts.PushKey()
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, struct {
		PublicKey string `json:"public_key"`
	}{key})
}

func (s *service) subscribe(w http.ResponseWriter, r *http.Request) error {
	var subscription accounts.Subscription
	if err := rest.Decode(w, r, &subscription); err != nil {
		return err
	}
	caller := rest.CallerOf(r)
	by := accounts.Claims{Subject: caller.AccountID, SessionFamily: caller.SessionFamily}
	added, err := s.accounts.Subscribe(r.Context(), by, subscription, r.Header.Get("Accept-Language"))
	if err != nil {
		return err
	}
	if added {
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	return rest.NoContent(w)
}

func (s *service) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Endpoint string `json:"endpoint"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := s.accounts.Unsubscribe(r.Context(), rest.CallerOf(r).AccountID, request.Endpoint); err != nil {
		return err
	}
	return rest.NoContent(w)
}
