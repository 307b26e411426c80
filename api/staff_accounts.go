package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// mountStaffAccounts mounts who may do what, which administrators decide.
func (a *api) mountStaffAccounts() {
	const accounts = "/v1/admin/accounts"
	a.get(accounts, a.withRole(a.staffListAccounts, roleAdmin))
	a.get(accounts+"/{id}", a.withRole(a.staffGetAccount, roleAdmin))
	a.route(http.MethodPatch, accounts+"/{id}", a.withRole(changed(a, "account", a.Staff.ChangeAccount), roleAdmin))
}

func (a *api) staffListAccounts(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	query := r.URL.Query()
	answerPage(a, w, r, err, func() ([]staff.Account, string, error) {
		return a.Staff.Accounts(r.Context(), actorOf(r), staff.AccountFilter{
			Email: query.Get("email"), Role: query.Get("role"), Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (a *api) staffGetAccount(w http.ResponseWriter, r *http.Request) {
	readOne(a, "account", func(ctx context.Context, id uuid.UUID) (staff.Account, error) {
		return a.Staff.Account(ctx, actorOf(r), id)
	})(w, r)
}
