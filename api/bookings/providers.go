package bookings

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// Choices tells with which payment providers a customer may pay for a show, the best first.
type Choices interface {
	Of(ctx context.Context, showID string, total *booking.Money) ([]booking.PaymentChoice, error)
}

// Health learns how a payment provider answers.
type Health interface {
	// Try runs a call and remembers whether the provider was well. Code: fast_path_skipped
	// when the provider does not answer at present, or another call is trying whether it does.
	Try(ctx context.Context, call func(context.Context) error) error
}

// askAgainIn is when a provider that does not answer may be asked again.
const askAgainIn = 10 * time.Second

// choose gives the provider of a new payment: the one that was asked for, or the best. It
// asks no provider that does not answer at present, so that the customer does not wait for
// it: no time of a hold is lost. Codes: validation_failed, provider_unavailable,
// show_not_on_sale, not_found.
func (s *service) choose(ctx context.Context, field, wanted, showID string, total *booking.Money) (string, error) {
	choices, err := s.Choices.Of(ctx, showID, total)
	if err != nil {
		return "", err
	}
	if len(choices) == 0 {
		return "", booking.E(booking.CodeShowNotOnSale, "No payment provider of this theater can charge the price of this show.")
	}
	if wanted == "" {
		wanted = choices[0].Provider
	}
	i := slices.IndexFunc(choices, func(c booking.PaymentChoice) bool { return c.Provider == wanted })
	if i < 0 {
		return "", booking.Invalid(booking.FieldError{Field: field, Message: "Must be one of: " + strings.Join(names(choices), ", ") + "."})
	}
	if !choices[i].Away {
		return wanted, nil
	}
	well := names(slices.DeleteFunc(slices.Clone(choices), func(c booking.PaymentChoice) bool { return c.Away }))
	advice := "Nothing was charged; please try again in a moment."
	if len(well) > 0 {
		advice = "Nothing was charged; you can pay with: " + strings.Join(well, ", ") + "."
	}
	return "", booking.E(booking.CodeProviderUnavailable, "The payment provider does not answer at present. %s", advice).In(askAgainIn)
}

func names(choices []booking.PaymentChoice) []string {
	list := make([]string, len(choices))
	for i, c := range choices {
		list[i] = c.Provider
	}
	return list
}

// watching runs the start of a booking, and learns from it how the provider is. Only a payment
// that was opened, and a provider that does not answer, count: seats that are gone, a slow
// Temporal or a customer who left say nothing of it. After a rest one customer tries it.
func (s *service) watching(ctx context.Context, provider string, start func(context.Context) error) (err error) {
	health := s.Health[provider]
	if health == nil {
		return start(ctx)
	}
	begun := false
	skipped := health.Try(ctx, func(ctx context.Context) error {
		begun = true
		err = start(ctx)
		if err == nil || booking.CodeOf(err) == booking.CodeProviderUnavailable {
			return err
		}
		return context.Canceled // which counts neither way
	})
	if !begun {
		return booking.E(booking.CodeProviderUnavailable,
			"The payment provider does not answer at present. Nothing was charged; please try again in a moment.").Wrap(skipped).In(askAgainIn)
	}
	return err
}

// offer says with whom the customer may pay a booking that is held. Without an answer of
// the database the booking is shown without it.
func (s *service) offer(ctx context.Context, b *booking.Booking) {
	if b.Status != booking.StatusHeld || b.ConfirmEmail {
		return
	}
	choices, err := s.Choices.Of(ctx, b.Show.ID, &b.Quote.Total)
	if err != nil {
		s.Logger.WarnContext(ctx, "payment choices", "booking", b.ID, "error", err)
		return
	}
	b.PaymentChoices = choices
}
