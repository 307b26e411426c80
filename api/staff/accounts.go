package staff

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// mountAccounts mounts who may do what, which administrators decide.
func (s *service) mountAccounts() {
	const accounts = "/v1/admin/accounts"
	s.Get(accounts, s.listAccounts)
	s.Get(accounts+"/{id}", s.getAccount)
	s.Route(http.MethodPatch, accounts+"/{id}", edited("account", s.Staff.EditAccount))
	s.Post(accounts+"/{id}/suspend", reasoned(s.Staff.Suspend))
	s.Post(accounts+"/{id}/restore", reasoned(s.Staff.Restore))
}

func (s *service) listAccounts(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	query := r.URL.Query()
	return answerPage(w, err, func() ([]staff.Account, string, error) {
		return s.Staff.Accounts(r.Context(), rest.ActorOf(r), staff.AccountFilter{
			Email: query.Get("email"), Role: query.Get("role"), Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (s *service) getAccount(w http.ResponseWriter, r *http.Request) error {
	return readOne("account", func(ctx context.Context, id uuid.UUID) (staff.Account, error) {
		return s.Staff.Account(ctx, rest.ActorOf(r), id)
	})(w, r)
}

// reasoned runs a command on an account for which staff say why.
func reasoned(
	command func(ctx context.Context, actor audit.Actor, id uuid.UUID, reason string, unless staff.Precondition) (staff.Account, error),
) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := rest.PathUUID(r, "account")
		if err != nil {
			return err
		}
		var request struct {
			Reason string `json:"reason"`
		}
		if err := rest.Decode(w, r, &request); err != nil {
			return err
		}
		if err := rest.Reason(&request.Reason, 1, " Say why; it is kept in the audit log.").Err(); err != nil {
			return err
		}
		account, err := command(r.Context(), rest.ActorOf(r), id, request.Reason, unlessChanged(r))
		return answerEdited(w, http.StatusOK, account, err)
	}
}
