package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// challengeLife is how long the second step of a log-in may take.
	challengeLife = 5 * time.Minute
	// challengeTries is how many answers one log-in may send.
	challengeTries = 5
)

// challenge is a log-in that waits for its second step.
type challenge struct {
	hash    []byte
	account uuid.UUID
}

// newChallenge stores a challenge and gives what the client has to send back: 256 random
// bits, of which only a hash is kept.
func (s *Service) newChallenge(ctx context.Context, account uuid.UUID, by keeper) (string, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails, see its documentation
	id := base64.RawURLEncoding.EncodeToString(random)
	if _, err := s.db.NewRaw(`INSERT INTO factor_challenges (hash, account_id, keeper, expires_at)
		VALUES (?, ?, ?, now() + ? * interval '1 second')`,
		hashOf(id), account, by, int64(challengeLife.Seconds())).Exec(ctx); err != nil {
		return "", fmt.Errorf("keep a challenge: %w", err)
	}
	return id, nil
}

// answered counts an answer to a challenge before it is looked at. Code: unauthenticated,
// the same for a challenge that is unknown, over, used up, or of another kind of client.
func (s *Service) answered(ctx context.Context, id string, by keeper) (challenge, error) {
	c := challenge{hash: hashOf(id)}
	err := s.db.NewRaw(`UPDATE factor_challenges SET tries = tries + 1
		WHERE hash = ? AND keeper = ? AND tries < ? AND expires_at > now() RETURNING account_id`,
		c.hash, by, challengeTries).Scan(ctx, &c.account)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, challengeOver()
	case err != nil:
		return c, fmt.Errorf("count an answer: %w", err)
	}
	return c, nil
}

// finish uses a challenge up, in the transaction of what it allows. Code: unauthenticated,
// if another answer was faster.
func (c challenge) finish(ctx context.Context, tx bun.Tx) error {
	deleted, err := tx.NewRaw(`DELETE FROM factor_challenges WHERE hash = ?`, c.hash).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use up a challenge: %w", err)
	}
	if n, err := deleted.RowsAffected(); err != nil || n == 0 {
		return errors.Join(challengeOver(), err)
	}
	return nil
}

func challengeOver() error {
	return booking.E(booking.CodeUnauthenticated, "This log-in is over, or there were too many tries. Begin again.")
}
