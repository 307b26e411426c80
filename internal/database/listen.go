package database

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// Quiet is how long a listening connection may say nothing before it is
	// tested: one that was cut off would be silent for ever.
	Quiet = time.Minute
	// reconnectAfter is the pause before a lost connection is made again.
	reconnectAfter = time.Second
	// answerWithin bounds what a listening connection is asked.
	answerWithin = 10 * time.Second
)

// Listen tells when a process has sent a notice on a channel (NOTIFY), until the
// context ends. Notices are hints: several become one, and those sent while the
// connection is away are lost, so a listener also polls. It has a
// connection of its own, since listening occupies one, and makes it again when it
// is lost; each new one gives a hint for what may have been missed.
//
// The server must be a primary: a standby refuses LISTEN.
func Listen(ctx context.Context, pool *pgxpool.Pool, channel string, quiet time.Duration, log *slog.Logger) <-chan struct{} {
	l := listener{pool: pool, channel: channel, quiet: quiet, hints: make(chan struct{}, 1)}
	go func() {
		defer close(l.hints)
		for {
			err := l.listen(ctx)
			if ctx.Err() != nil {
				return
			}
			log.WarnContext(ctx, "not listening; polling goes on", "channel", channel, "error", err)
			select {
			case <-ctx.Done():
				return
			case <-time.After(reconnectAfter):
			}
		}
	}()
	return l.hints
}

type listener struct {
	pool    *pgxpool.Pool
	channel string
	quiet   time.Duration
	hints   chan struct{}
}

func (l listener) listen(ctx context.Context) error {
	config := l.pool.Config().ConnConfig
	config.RuntimeParams["application_name"] += " listening" // for who reads pg_stat_activity
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		// Nothing depends on the goodbye.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(last)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	l.hint() // for what was said before we listened
	for {
		heard, err := l.wait(ctx, conn)
		if err != nil {
			return err
		}
		if heard {
			l.hint()
		}
	}
}

// wait returns with a notice, or without one when the connection has been quiet
// and turned out to be alive.
func (l listener) wait(ctx context.Context, conn *pgx.Conn) (heard bool, err error) {
	waiting, cancel := context.WithTimeout(ctx, l.quiet)
	defer cancel()
	_, err = conn.WaitForNotification(waiting)
	if err == nil {
		return true, nil
	}
	if waiting.Err() == nil || ctx.Err() != nil {
		return false, fmt.Errorf("wait for a notice: %w", err)
	}
	asking, done := context.WithTimeout(ctx, answerWithin)
	defer done()
	if err := conn.Ping(asking); err != nil {
		return false, fmt.Errorf("the listening connection is dead: %w", err)
	}
	return false, nil
}

// hint leaves a hint; one that waits already says as much.
func (l listener) hint() {
	select {
	case l.hints <- struct{}{}:
	default:
	}
}
