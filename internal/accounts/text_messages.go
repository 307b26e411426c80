package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

// TextMessages bounds the codes that are sent by SMS. Each costs money, and who asks for many
// may be paid for it by a carrier (SMS pumping).
type TextMessages struct {
	// Countries are those that codes are sent to, by their ISO 3166 codes. Empty is all.
	Countries []string
	// PerDay is how many codes are sent in 24 hours, over all numbers. Zero sends no code.
	PerDay int
}

// WithTextMessages lets numbers be proved.
func WithTextMessages(limits TextMessages) Option { return func(s *Service) { s.texts = limits } }

// prefixADay is for numbers that differ in their last four digits only: such a range may
// have one owner, who gets a share of what its messages cost.
const prefixADay = 30

// sendPhoneCode sends a code by SMS. The cheap checks come first.
func (s *Service) sendPhoneCode(ctx context.Context, tx bun.Tx, account *schema.Account, accepts string) error {
	if account.Phone == "" {
		return booking.Invalid(booking.FieldError{Field: "channel", Message: "The account has no phone number. Write one into the profile first."})
	}
	proven, err := isProven(ctx, tx, account.ID, bySMS, account.Phone)
	switch {
	case err != nil:
		return err
	case proven:
		return booking.E(booking.CodeConflict, "This number is confirmed already.")
	}
	address, err := addressOf(ctx, tx, account)
	if err != nil {
		return err
	}
	mailbox, err := isProven(ctx, tx, account.ID, byEmail, normal(address))
	switch {
	case err != nil:
		return err
	case !mailbox:
		return booking.E(booking.CodeConflict, "Confirm the e-mail address first. Then we send a code to the number.")
	case !s.serves(account.Phone):
		codesRefused.WithLabelValues("country").Inc()
		return booking.Invalid(booking.FieldError{Field: "channel", Message: "We send no text messages to the country of this number. You get everything by e-mail."})
	}
	if err := s.mayText(ctx, tx, account.Phone); err != nil {
		return err
	}
	proof, err := s.newProof(ctx, tx, asked{&account.ID, provePhone, account.Phone})
	if err != nil {
		return err
	}
	language, err := s.languageFor(ctx, tx, account.ID, accepts)
	if err != nil {
		return err
	}
	return write(ctx, tx, letter{account: account.ID, kind: letterConfirmPhone, channel: bySMS, recipient: account.Phone, language: language, proof: proof})
}

func (s *Service) serves(phone string) bool {
	if len(s.texts.Countries) == 0 {
		return true
	}
	parsed, err := phonenumbers.Parse(phone, "ZZ")
	return err == nil && slices.ContainsFunc(s.texts.Countries, func(country string) bool {
		return strings.EqualFold(country, phonenumbers.GetRegionCodeForNumber(parsed))
	})
}

// mayText asks the budgets of a number, of its range, and of all. Code: too_many_requests.
func (s *Service) mayText(ctx context.Context, tx bun.Tx, phone string) error {
	left, wait, err := s.budget(ctx, tx, phone, provePhone)
	switch {
	case err != nil:
		return err
	case !left:
		codesRefused.WithLabelValues("number").Inc()
		return tooManyCodes(wait)
	}
	// One lock for all: the budgets below are over many numbers.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(12, 1)`); err != nil {
		return fmt.Errorf("wait for others that ask for a text message: %w", err)
	}
	var prefix, all int
	err = tx.NewSelect().Model((*schema.Proof)(nil)).
		ColumnExpr("count(*) FILTER (WHERE left(recipient, -4) = left(?, -4))", phone).ColumnExpr("count(*)").
		Where("purpose = ? AND created_at > now() - interval '1 day'", provePhone).Scan(ctx, &prefix, &all)
	switch {
	case err != nil:
		return fmt.Errorf("count text messages: %w", err)
	case prefix >= prefixADay:
		codesRefused.WithLabelValues("prefix").Inc()
		return tooManyCodes(6 * time.Hour)
	case all >= s.texts.PerDay:
		codesRefused.WithLabelValues("all").Inc()
		return booking.E(booking.CodeTooManyRequests, "We send no more text messages today. You get everything by e-mail.").In(6 * time.Hour)
	}
	if all+1 == costAlert(s.texts.PerDay) {
		return s.alertCost(ctx, tx)
	}
	return nil
}

// costAlert is how many text messages of a day make staff look: four fifths of them.
func costAlert(perDay int) int { return max(1, perDay*4/5) }

// alertCost tells staff, once until they have resolved it.
func (s *Service) alertCost(ctx context.Context, tx bun.Tx) error {
	return raise(ctx, tx, booking.Alert{Kind: booking.AlertTextMessages,
		Detail: "Four fifths of the codes that may be sent by SMS in a day were sent. Look whether people type them: boxoffice_codes_typed_total."})
}

// raise tells staff of something that belongs to no booking, once until they have resolved it.
func raise(ctx context.Context, tx bun.Tx, a booking.Alert) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO alerts AS al (booking_id, kind, detail) VALUES (NULL, ?, ?)
		ON CONFLICT (booking_id, kind, detail) DO UPDATE SET created_at = clock_timestamp(), openings = al.openings + 1,
			taken_by = NULL, taken_at = NULL, resolved_by = NULL, resolved_at = NULL, note = '' WHERE al.resolved_at IS NOT NULL`,
		a.Kind, a.Detail)
	if err != nil {
		return fmt.Errorf("raise an alert: %w", err)
	}
	return nil
}
