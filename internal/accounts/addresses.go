package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/schema"
)

// normal is the form in which an e-mail address is compared.
func normal(email string) string { return strings.ToLower(contacts.Same(email)) }

// AskForCode sends a code to the e-mail address or the number that an account has: channel
// is email or sms. One that is proved already needs none. Codes: validation_failed,
// too_many_requests with the time until the next one, conflict when there is nothing to prove.
func (s *Service) AskForCode(ctx context.Context, by Claims, channel, accepts string) error {
	if s.codes == nil {
		return noCodes()
	}
	account, err := s.account(ctx, s.db, "id = ?", by.Subject)
	if err != nil {
		return erased(err)
	}
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		switch channel {
		case byEmail:
			return s.sendEmailCode(ctx, tx, account, accepts)
		case bySMS:
			return s.sendPhoneCode(ctx, tx, account, accepts)
		default:
			return booking.Invalid(booking.FieldError{Field: "channel", Message: "Must be email or sms."})
		}
	})
	if err == nil {
		s.hint(ctx)
	}
	return err
}

func (s *Service) sendEmailCode(ctx context.Context, tx bun.Tx, account *schema.Account, accepts string) error {
	address, err := addressOf(ctx, tx, account)
	if err != nil {
		return err
	}
	proven, err := isProven(ctx, tx, account.ID, byEmail, normal(address))
	switch {
	case err != nil:
		return err
	case proven:
		return booking.E(booking.CodeConflict, "This e-mail address is confirmed already.")
	}
	left, wait, err := s.budget(ctx, tx, normal(address), proveEmail)
	switch {
	case err != nil:
		return err
	case !left:
		return tooManyCodes(wait)
	}
	return s.mailProof(ctx, tx, account.ID, proveEmail, letterConfirmEmail, address, accepts)
}

// mailProof makes a proof and the letter that carries it.
func (s *Service) mailProof(ctx context.Context, tx bun.Tx, account uuid.UUID, purpose, kind, address, accepts string) error {
	proof, err := s.newProof(ctx, tx, asked{&account, purpose, normal(address)})
	if err != nil {
		return err
	}
	language, err := s.languageFor(ctx, tx, account, accepts)
	if err != nil {
		return err
	}
	return write(ctx, tx, letter{account: account, kind: kind, channel: byEmail, recipient: contacts.Same(address), language: language, proof: proof})
}

// tooManyCodes is not spread: only the owner of one account waits for it.
func tooManyCodes(wait time.Duration) error {
	return booking.E(booking.CodeTooManyRequests, "Several codes were sent already. Use the latest, or ask again later.").In(wait)
}

// addressOf is the e-mail address of an account, or of a guest.
func addressOf(ctx context.Context, db bun.IDB, account *schema.Account) (string, error) {
	var address string
	err := db.NewRaw(`SELECT coalesce((SELECT email FROM guests WHERE account_id = ?), ?)`, account.ID, account.Email).Scan(ctx, &address)
	if err != nil {
		return "", fmt.Errorf("read the address of an account: %w", err)
	}
	return address, nil
}

// isProven tells whether the owner has proved an address in a session. What a program that
// opens links may have proved can be proved again.
func isProven(ctx context.Context, db bun.IDB, account uuid.UUID, channel, address string) (bool, error) {
	is, err := db.NewSelect().Model((*schema.ProvenAddress)(nil)).
		Where("account_id = ? AND channel = ? AND address = ? AND in_session", account, channel, address).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look whether an address is proven: %w", err)
	}
	return is, nil
}

// prove notes that an account's owner has an address. A proof in a session is not weakened
// by a later one without.
func prove(ctx context.Context, tx bun.Tx, account uuid.UUID, channel, address string, inSession bool) error {
	row := &schema.ProvenAddress{AccountID: account, Channel: channel, Address: address, InSession: inSession}
	_, err := tx.NewInsert().Model(row).On("CONFLICT (account_id, channel) DO UPDATE").
		Set("in_session = EXCLUDED.in_session OR pa.in_session AND pa.address = EXCLUDED.address").
		Set("proven_at = CASE WHEN pa.address = EXCLUDED.address THEN pa.proven_at ELSE now() END").
		Set("address = EXCLUDED.address").Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note a proven address: %w", err)
	}
	return nil
}

// ConfirmCode proves an address or a number by the code that was sent to it. The owner of a
// confirmed e-mail address also gets the bookings that were made with it as a guest.
// Codes: validation_failed, code_wrong.
func (s *Service) ConfirmCode(ctx context.Context, by Claims, channel, typed string) (Account, error) {
	purpose := map[string]string{byEmail: proveEmail, bySMS: provePhone}[channel]
	if purpose == "" {
		return Account{}, booking.Invalid(booking.FieldError{Field: "channel", Message: "Must be email or sms."})
	}
	id, _, err := ids(by)
	if err != nil {
		return Account{}, err
	}
	proof, err := s.checkCode(ctx, id, purpose, typed)
	if err != nil {
		return Account{}, err
	}
	var waiting []string
	err = s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, err := lockAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := use(ctx, tx, proof.ID); err != nil {
			return err
		}
		waiting, err = s.proved(ctx, tx, account, channel, proof.Recipient, true)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	s.payable(ctx, waiting)
	return s.Account(ctx, by.Subject)
}

// proved notes what a proof has shown, if the account still has the address, and gives the
// bookings that wait for it. Code: code_wrong.
func (s *Service) proved(ctx context.Context, tx bun.Tx, account *schema.Account, channel, recipient string, inSession bool) (waiting []string, err error) {
	address := account.Phone
	if channel == byEmail {
		if address, err = addressOf(ctx, tx, account); err != nil {
			return nil, err
		}
		address = normal(address)
	}
	if address != recipient {
		return nil, wrongCode()
	}
	if err := prove(ctx, tx, account.ID, channel, recipient, inSession); err != nil {
		return nil, err
	}
	if channel == byEmail {
		if err := tx.NewRaw(`SELECT let_guest_pay(?)::text`, account.ID).Scan(ctx, &waiting); err != nil {
			return nil, fmt.Errorf("look for the bookings of a guest: %w", err)
		}
	}
	if !inSession {
		return waiting, nil
	}
	return waiting, claim(ctx, tx, account.ID)
}

// payable hints at bookings that can be paid now, to the pages that show them.
func (s *Service) payable(ctx context.Context, bookings []string) {
	for _, id := range bookings {
		s.publish(ctx, "booking:"+id)
	}
}

// VerifyByLink proves an e-mail address by the link of a mail, as often as it is opened
// within its time: programs open links before people do. It begins no session. by is who is
// logged in where it was opened; nil is no one. Only with the account's own session does it
// count for what other people's bookings and log-ins depend on. Code: link_over.
func (s *Service) VerifyByLink(ctx context.Context, by *Claims, token string) error {
	var waiting []string
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		account, proof, err := s.linked(ctx, tx, token, proveEmail)
		if err != nil {
			return err
		}
		own := by != nil && by.Subject == account.ID.String()
		waiting, err = s.proved(ctx, tx, account, byEmail, proof.Recipient, own)
		if booking.CodeOf(err) == booking.CodeWrongCode {
			return linkOver() // the address was changed meanwhile
		}
		return err
	})
	if err == nil {
		s.payable(ctx, waiting)
	}
	return err
}
