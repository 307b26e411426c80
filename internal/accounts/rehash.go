package accounts

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

// strengthen replaces a hash that costs less than new ones do: only at a log-in is the
// password there. A password that was changed meanwhile stays.
func (s *Service) strengthen(ctx context.Context, turn *password.Turn, account *schema.Account, plain string) error {
	if !password.Weak(account.PasswordHash) {
		return nil
	}
	hash, err := turn.Hash(plain)
	if err != nil {
		return err
	}
	if _, err := s.db.NewUpdate().Model((*schema.Account)(nil)).Set("password_hash = ?", hash).
		Where("id = ? AND password_hash = ?", account.ID, account.PasswordHash).Exec(ctx); err != nil {
		return fmt.Errorf("strengthen a hash: %w", err)
	}
	account.PasswordHash = hash
	return nil
}
