package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/password"
	"github.com/boxoffice/boxoffice/schema"
)

// Account is what its owner sees of it.
type Account struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Phone     string    `json:"phone"`
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"created_at"`
	// EmailVerified and PhoneVerified tell that the owner has proved what the account has now.
	EmailVerified bool `json:"email_verified"`
	PhoneVerified bool `json:"phone_verified"`
	// Guest is an account without a password.
	Guest    bool   `json:"guest"`
	Locale   string `json:"locale"`    // BCP 47; empty is not chosen
	TimeZone string `json:"time_zone"` // of the IANA database; empty is not chosen
	HomeCity string `json:"home_city"` // slug; empty is not chosen
}

// Registration asks for a customer's account.
type Registration struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	// Accepts is the header Accept-Language: what the first mail is written in.
	Accepts string `json:"-"`
}

// Profile is a change of an account. What is nil stays; an empty phone removes
// it.
type Profile struct {
	Name  *string `json:"name"`
	Phone *string `json:"phone"`
	Preferences
}

// Service is the accounts and their sessions.
type Service struct {
	db       *bun.DB
	pool     *pgxpool.Pool // for the one hot statement
	tokens   *Tokens
	tries    *tries
	push     Push
	codes    *codes.Codes // nil: addresses are not confirmed
	texts    TextMessages
	noGuests bool
	// publish hints that a letter waits.
	publish func(ctx context.Context, topic string)

	endAfter     time.Duration // from a log-in to the end of its session
	repeatWithin time.Duration // after a refresh token was replaced

	factors FactorOptions
	party   *RelyingParty // nil: no passkeys

	providers []*oidc.Provider
	publicURL string // where browsers come back to from providers
}

// Option changes a Service.
type Option func(*Service)

// New makes a Service over the database.
func New(db *database.DB, tokens *Tokens, limits Limits, options ...Option) *Service {
	s := &Service{
		db: db.Bun, pool: db.Pool, tokens: tokens, tries: newTries(limits), publish: func(context.Context, string) {},
		endAfter: sessionsEndAfter, repeatWithin: repeatWithin,
	}
	for _, option := range options {
		option(s)
	}
	return s
}

// Verify reads an access token. Code: unauthenticated.
func (s *Service) Verify(token string) (*Claims, error) { return s.tokens.Verify(token) }

// JWKS is the public keys of access tokens, as a document (RFC 7517).
func (s *Service) JWKS() []byte { return s.tokens.JWKS() }

// Register makes a customer's account, for a client at an address. Codes:
// validation_failed, conflict, too_many_requests, unavailable.
func (s *Service) Register(ctx context.Context, r Registration, address netip.Addr) (Account, error) {
	r, err := r.check()
	if err != nil {
		return Account{}, err
	}
	try, err := s.tries.begin(ctx, address, "")
	if err != nil {
		return Account{}, err
	}
	defer try.end()
	try.counts(ctx)
	hash, err := password.Hash(ctx, password.Strangers, r.Password)
	if err != nil {
		return Account{}, hashing(err)
	}
	row := &schema.Account{
		ID: uuid.New(), Email: r.Email, PasswordHash: hash, Name: r.Name, Phone: r.Phone, Role: booking.RoleCustomer,
	}
	// The index takes two spellings of a domain for two mailboxes.
	if _, err := s.byEmail(ctx, r.Email); err == nil {
		return Account{}, taken()
	} else if booking.CodeOf(err) != booking.CodeNotFound {
		return Account{}, err
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(row).Returning("created_at").Exec(ctx); err != nil {
			return err
		}
		return s.welcome(ctx, tx, row, r.Accepts)
	})
	if isTaken(err) {
		return Account{}, taken()
	}
	if err != nil {
		return Account{}, fmt.Errorf("register an account: %w", err)
	}
	s.hint(ctx)
	return view(row), nil
}

// welcome mails the code and the link that prove the address. An address that was sent many
// already gets none: its owner asks for one when logged in.
func (s *Service) welcome(ctx context.Context, tx bun.Tx, account *schema.Account, accepts string) error {
	if s.codes == nil {
		return nil
	}
	left, _, err := s.budget(ctx, tx, normal(account.Email), proveEmail)
	if err != nil || !left {
		return err
	}
	return s.mailProof(ctx, tx, account.ID, proveEmail, letterConfirmEmail, account.Email, accepts)
}

func taken() error {
	e := booking.E(booking.CodeConflict, "There is an account with this e-mail address already. Log in, or reset the password.")
	e.Fields = []booking.FieldError{{Field: "email", Message: "This address has an account."}}
	return e
}

// isTaken recognizes the unique index on the address.
func isTaken(err error) bool {
	const uniqueViolation = "23505" // PostgreSQL manual, appendix A
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == uniqueViolation && refused.ConstraintName == "accounts_email"
}

// Account reads an account by its id. Code: not_found.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	row, err := s.account(ctx, s.db, "id = ?", id)
	if err != nil {
		return Account{}, err
	}
	return s.details(ctx, view(row))
}

// UpdateProfile changes what its owner may change. Codes: validation_failed,
// unauthenticated for an account that is gone.
func (s *Service) UpdateProfile(ctx context.Context, id string, p Profile) (Account, error) {
	p, err := p.check()
	if err != nil {
		return Account{}, err
	}
	owner, err := uuid.Parse(id)
	if err != nil {
		return Account{}, fmt.Errorf("account id: %w", err)
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		row, err := lockAccount(ctx, tx, owner)
		if err != nil {
			return err
		}
		update := tx.NewUpdate().Model(row).Set("updated_at = now()").WherePK()
		if p.Name != nil {
			update.Set("name = ?", *p.Name)
		}
		if p.Phone != nil {
			update.Set("phone = ?", *p.Phone)
		}
		if _, err := update.Exec(ctx); err != nil {
			return fmt.Errorf("change a profile: %w", err)
		}
		return setPreferences(ctx, tx, row.ID, p.Preferences)
	})
	if err != nil {
		return Account{}, err
	}
	return s.Account(ctx, id)
}

func (s *Service) account(ctx context.Context, db bun.IDB, where string, args ...any) (*schema.Account, error) {
	var row schema.Account
	if err := db.NewSelect().Model(&row).Where(where, args...).Scan(ctx); err != nil {
		return nil, unread(err)
	}
	return &row, nil
}

// unread is the error of an account that was not read. Code: not_found.
func unread(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return booking.E(booking.CodeNotFound, "There is no such account.")
	}
	return fmt.Errorf("read an account: %w", err)
}

// byEmail looks an address up as the unique index compares it.
func (s *Service) byEmail(ctx context.Context, email string) (*schema.Account, error) {
	return s.account(ctx, s.db, "lower(email) IN (?)", bun.List(contacts.Stored(strings.ToLower(email))))
}

func view(row *schema.Account) Account {
	return Account{
		ID: row.ID.String(), Email: contacts.Shown(row.Email), Name: row.Name, Phone: row.Phone, Role: row.Role, CreatedAt: row.CreatedAt.UTC(),
	}
}
