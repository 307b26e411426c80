package accounts

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/text"
	"github.com/boxoffice/boxoffice/schema"
)

// GuestRequest is a person who books without an account.
type GuestRequest struct {
	Email string `json:"email"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

func (g GuestRequest) check() (GuestRequest, error) {
	var fields fieldErrors
	var wrong string
	g.Email, wrong = contacts.Mailbox(g.Email)
	fields.add("email", wrong)
	if g.Name = text.Line(g.Name); g.Name != "" {
		fields.add("name", wrongName(g.Name))
	}
	g.Phone, wrong = contacts.Number(g.Phone)
	fields.add("phone", wrong)
	return g, fields.Err()
}

// BeginGuest makes an account without a password and a session for it, and sends a code to
// the e-mail address. With the session one can hold seats at once, and pay as soon as the
// code was typed. Whether the address has an account makes no difference. Codes:
// validation_failed, too_many_requests.
func (s *Service) BeginGuest(ctx context.Context, g GuestRequest, from Client) (TokenPair, error) {
	return s.beginGuest(ctx, g, from, forApps)
}

// BeginGuestInBrowser is BeginGuest for a browser, which keeps the refresh token in a cookie.
func (s *Service) BeginGuestInBrowser(ctx context.Context, g GuestRequest, from Client) (TokenPair, error) {
	return s.beginGuest(ctx, g, from, forBrowsers)
}

// WithoutGuests turns booking without an account off.
func WithoutGuests() Option { return func(s *Service) { s.noGuests = true } }

// guestDomain is reserved: no mail can reach it (RFC 6761, section 6.4).
const guestDomain = "@guests.invalid"

func (s *Service) beginGuest(ctx context.Context, g GuestRequest, from Client, by keeper) (pair TokenPair, err error) {
	if s.codes == nil || s.noGuests {
		return TokenPair{}, booking.E(booking.CodeNotFound, "Booking without an account is off here. Make an account.")
	}
	if g, err = g.check(); err != nil {
		return TokenPair{}, err
	}
	id := uuid.New()
	row := &schema.Account{ID: id, Email: "guest-" + id.String() + guestDomain, Name: g.Name, Phone: g.Phone, Role: booking.RoleCustomer}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(row).Returning("created_at").Exec(ctx); err != nil {
			return fmt.Errorf("make a guest: %w", err)
		}
		if _, err := tx.NewInsert().Model(&schema.Guest{AccountID: id, Email: g.Email}).Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("make a guest: %w", err)
		}
		// A guest whose address got too many codes may try again later, with this session.
		left, _, err := s.budget(ctx, tx, normal(g.Email), proveEmail)
		if err != nil {
			return err
		}
		if left {
			if err := s.mailProof(ctx, tx, id, proveEmail, letterConfirmEmail, g.Email, from.Language); err != nil {
				return err
			}
		}
		pair, err = s.hand(ctx, tx, view(row), uuid.New(), by, deviceOf(from.UserAgent))
		return err
	})
	if err == nil {
		s.hint(ctx)
	}
	return pair, err
}

// correctGuest gives a guest who mistyped the e-mail address another one, and sends a code
// there. Nothing is to be protected yet: such a guest has paid for nothing, and no mail but a
// code has gone to the first address. Codes: conflict when the address is proven,
// too_many_requests.
func (s *Service) correctGuest(ctx context.Context, id uuid.UUID, email, accepts string) error {
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := lockAccount(ctx, tx, id); err != nil {
			return err
		}
		var unproven bool
		if err := tx.NewRaw(`SELECT must_confirm(?)`, id).Scan(ctx, &unproven); err != nil {
			return fmt.Errorf("look whether a guest has proved an address: %w", err)
		}
		if !unproven {
			return booking.E(booking.CodeConflict, "The address of a guest cannot change after it was confirmed. Make an account.")
		}
		left, wait, err := s.budget(ctx, tx, normal(email), proveEmail)
		switch {
		case err != nil:
			return err
		case !left:
			return tooManyCodes(wait)
		}
		if _, err := tx.NewUpdate().Model((*schema.Guest)(nil)).Set("email = ?", email).Where("account_id = ?", id).Exec(ctx); err != nil {
			return fmt.Errorf("correct the address of a guest: %w", err)
		}
		// What the first address was sent must prove nothing any more.
		if err := voidProofs(ctx, tx, id, proveEmail); err != nil {
			return err
		}
		return s.mailProof(ctx, tx, id, proveEmail, letterConfirmEmail, email, accepts)
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

// claim gives an account the bookings that were made by guests with its proven address: those
// whose address the guest has proved as well. The account's own address must have been proved
// in its session. A hold that waits for its payment stays with the guest who pays it.
func claim(ctx context.Context, tx bun.Tx, account uuid.UUID) error {
	_, err := tx.ExecContext(ctx, `
		WITH owner AS (
			SELECT a.id, lower(a.email) AS email FROM accounts a
			JOIN proven_addresses p ON p.account_id = a.id AND p.channel = 'email' AND p.address = lower(a.email) AND p.in_session
			WHERE a.id = ?0 AND a.password_hash <> ''),
		found AS (
			SELECT b.id, b.customer_id, owner.id AS owner FROM owner
			JOIN guests g ON lower(g.email) = owner.email
			JOIN proven_addresses p ON p.account_id = g.account_id AND p.channel = 'email' AND p.address = lower(g.email)
			JOIN bookings b ON b.customer_id = g.account_id AND b.status <> 'held'
			FOR UPDATE OF b),
		moved AS (UPDATE bookings b SET customer_id = f.owner, updated_at = now() FROM found f WHERE b.id = f.id)
		INSERT INTO claimed_bookings (booking_id, guest_id, account_id) SELECT id, customer_id, owner FROM found
		ON CONFLICT (booking_id) DO NOTHING`, account)
	if err != nil {
		return fmt.Errorf("claim the bookings of a guest: %w", err)
	}
	return nil
}
