package accounts_test

import (
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/password"
)

// A hash of a former release is replaced at the next log-in, not by a wrong password.
func TestLogInStrengthensAWeakHash(t *testing.T) {
	t.Parallel()
	service, db := newService(t)
	account := register(t, service)
	weak, err := argon2id.CreateHash(goodPassword, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `UPDATE accounts SET password_hash = $2 WHERE id = $1`, account.ID, weak)
	require.NoError(t, err)
	stored := func() (hash string) {
		require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT password_hash FROM accounts WHERE id = $1`, account.ID).Scan(&hash))
		return hash
	}
	_, err = service.Login(t.Context(), "asha@example.com", "a wrong password", accounts.Client{Address: home})
	require.Error(t, err)
	assert.Equal(t, weak, stored())
	for range 2 {
		login(t, service)
		assert.False(t, password.Weak(stored()))
	}
}
