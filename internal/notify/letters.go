package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/codes"
)

// LettersOptions build Letters.
type LettersOptions struct {
	Pool *pgxpool.Pool
	// Senders has the vendor of e-mail and of SMS.
	Senders map[booking.Channel]Sender
	// Vendors bounds how much each vendor gets; a channel without one has no bound.
	Vendors map[booking.Channel]LetterVendor
	Codes   *codes.Codes
	// PublicURL is where the app is.
	PublicURL string
	// FromName is the name that letters speak in.
	FromName string
	Logger   *slog.Logger
}

// LetterVendor runs a call when the vendor may be called.
type LetterVendor interface {
	Report(ctx context.Context, call func(context.Context) error) error
}

// Letters sends the letters about accounts: codes, links and news. Which there are is decided
// by package accounts, which keeps them in the database.
//
// A letter may be sent twice if a vendor does not answer: a code that comes twice is better
// than one that does not come.
type Letters struct {
	pool      *pgxpool.Pool
	senders   map[booking.Channel]Sender
	vendors   map[booking.Channel]LetterVendor
	codes     *codes.Codes
	publicURL string
	brand     string
	kinds     []string // of letters that this process can write
	log       *slog.Logger
}

// NewLetters builds Letters.
func NewLetters(o LettersOptions) *Letters {
	return &Letters{
		pool: o.Pool, senders: o.Senders, vendors: o.Vendors, codes: o.Codes, publicURL: strings.TrimRight(o.PublicURL, "/"),
		brand: orElse(plain(o.FromName), "Boxoffice"), kinds: slices.Sorted(maps.Keys(letterLanguage("en").Letters)), log: orElse(o.Logger, slog.Default()),
	}
}

const (
	// lettersAtOnce is how many one process sends at a time.
	lettersAtOnce = 8
	// lettersEvery is how often letters are looked for without a hint.
	lettersEvery = time.Second
	// letterWithin is how long a vendor may take, with the wait for its turn.
	letterWithin = 20 * time.Second
	// letterWait is how long a letter belongs to the process that took it, and the first pause
	// after a failure; pauses double up to an hour.
	letterWait = 30 * time.Second
	// letterAge is how long a vendor may be away before news are dropped. Codes and links are
	// dropped when they no longer count.
	letterAge = 72 * time.Hour
)

// Run sends letters until the context ends. hints says that one may wait.
func (l *Letters) Run(ctx context.Context, hints <-chan struct{}) {
	tick := time.NewTicker(lettersEvery)
	defer tick.Stop()
	for {
		for {
			n, err := l.SendDue(ctx)
			if err != nil && ctx.Err() == nil {
				l.log.WarnContext(ctx, "letters are not sent", "error", err)
			}
			if n < lettersAtOnce || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-hints:
		case <-tick.C:
		}
	}
}

// dueLetter is a letter to be sent now.
type dueLetter struct {
	id, kind, channel, recipient, language, name string
	proof                                        uuid.UUID
	useful                                       bool // its code or link still counts, or it is news
	attempts                                     int
}

// SendDue sends the letters that wait, a few at a time, and gives how many there were. Each is
// taken for as long as a vendor may take, so that two processes do not send it both. A kind
// that this process does not know waits for a process of the next release.
func (l *Letters) SendDue(ctx context.Context) (int, error) {
	rows, err := l.pool.Query(ctx, `
		WITH due AS (
			SELECT id FROM letters WHERE status = 'waiting' AND try_after <= now() AND kind = ANY($4)
			ORDER BY try_after LIMIT $1 FOR UPDATE SKIP LOCKED)
		UPDATE letters le SET attempts = attempts + 1, try_after = now() + $2::interval * power(2, least(attempts, 7))
		FROM due WHERE le.id = due.id
		RETURNING le.id::text, le.kind, le.channel, le.recipient, le.language,
			coalesce((SELECT a.name FROM accounts a WHERE a.id = le.account_id), ''), coalesce(le.proof_id, '00000000-0000-0000-0000-000000000000'),
			coalesce((SELECT p.used_at IS NULL AND p.link_until > now() FROM proofs p WHERE p.id = le.proof_id),
				le.proof_id IS NULL AND le.created_at > now() - $3::interval),
			le.attempts`, lettersAtOnce, letterWait, letterAge, l.kinds)
	if err != nil {
		return 0, fmt.Errorf("look for letters: %w", err)
	}
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d dueLetter, err error) {
		err = row.Scan(&d.id, &d.kind, &d.channel, &d.recipient, &d.language, &d.name, &d.proof, &d.useful, &d.attempts)
		return d, err
	})
	if err != nil {
		return 0, fmt.Errorf("look for letters: %w", err)
	}
	var sending errgroup.Group
	for _, letter := range due {
		sending.Go(func() error { return l.send(ctx, letter) })
	}
	return len(due), sending.Wait()
}

func (l *Letters) send(ctx context.Context, letter dueLetter) error {
	channel := booking.Channel(letter.channel)
	sender := l.senders[channel]
	switch {
	case !letter.useful:
		return l.settle(ctx, letter, "dropped", "it is no longer of use")
	case sender == nil:
		return l.settle(ctx, letter, "dropped", "no vendor for this channel")
	}
	message, err := l.write(letter)
	if err != nil {
		l.log.ErrorContext(ctx, "letter not written", "letter", letter.kind, "error", err)
		return l.settle(ctx, letter, "dropped", "it cannot be written")
	}
	call := func(ctx context.Context) error {
		_, err := sender.Send(ctx, message)
		return err
	}
	within, cancel := context.WithTimeout(ctx, letterWithin)
	defer cancel()
	if vendor := l.vendors[channel]; vendor != nil {
		err = vendor.Report(within, call)
	} else {
		err = call(within)
	}
	return l.conclude(ctx, letter, err)
}

// conclude stores what a call to a vendor came to.
func (l *Letters) conclude(ctx context.Context, letter dueLetter, sent error) error {
	if sent == nil {
		return l.settle(ctx, letter, "sent", "")
	}
	failure := "the vendor did not answer"
	var vendor *VendorError
	if errors.As(sent, &vendor) {
		failure = vendor.Error()
	}
	// Without the recipient, and without the letter.
	l.log.WarnContext(ctx, "letter not sent", "letter", letter.kind, "channel", letter.channel, "attempt", letter.attempts, "cause", failure)
	if outcomeOf(sent) == OutcomeRefused {
		return l.settle(ctx, letter, "dropped", failure)
	}
	return l.settle(ctx, letter, "waiting", failure)
}

func (l *Letters) settle(ctx context.Context, letter dueLetter, status, failure string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	lettersSent.WithLabelValues(letter.kind, status).Inc()
	_, err := l.pool.Exec(ctx, `UPDATE letters SET status = $2, failure = $3 WHERE id = $1`, letter.id, status, failure)
	if err != nil {
		return fmt.Errorf("store the outcome of a letter: %w", err)
	}
	return nil
}
