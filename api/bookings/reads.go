package bookings

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

// ownBooking reads the booking that the path names. A booking of another customer is not
// found, for every method.
func (s *service) ownBooking(r *http.Request) (booking.Booking, error) {
	id, err := rest.PathID(r, "booking")
	if err != nil {
		return booking.Booking{}, err
	}
	return s.asOwner(rest.CallerOf(r).AccountID, id)(r.Context())
}

// getBooking is for the owner, and for who opened the booking's link.
func (s *service) getBooking(w http.ResponseWriter, r *http.Request) error {
	read, err := s.reading(r)
	if err != nil {
		return err
	}
	b, err := read(r.Context())
	if err != nil {
		return err
	}
	return rest.AnswerPrivate(w, http.StatusOK, b)
}

func (s *service) listBookings(w http.ResponseWriter, r *http.Request) error {
	limit, limitErr := rest.Limit(r)
	status, statusErr := rest.BookingStatus(r)
	if err := rest.Invalid(limitErr, statusErr); err != nil {
		return err
	}
	items, next, err := s.Bookings.CustomerBookings(r.Context(), rest.CallerOf(r).AccountID,
		status, limit, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	for i := range items {
		s.completePayment(&items[i])
	}
	return rest.Answer(w, http.StatusOK, rest.PageOf(items, next))
}

// cancellationQuote gives the refund of a cancellation now. The workflow computes it again,
// by the same terms: those that the booking was made under.
func (s *service) cancellationQuote(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ownBooking(r)
	if err != nil {
		return err
	}
	now := time.Now() // for what is shown; the workflow decides by the database's clock
	if b.Status != booking.StatusConfirmed || isScanned(b) || !now.Before(b.Show.StartsAt) {
		return notCancellable()
	}
	quote, err := s.comesBack(r.Context(), b, now)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, quote)
}

// comesBack is the full price when the theater cancelled the show, or moved it and the
// customer may choose or was not notified yet.
func (s *service) comesBack(ctx context.Context, b booking.Booking, now time.Time) (booking.CancellationQuote, error) {
	quote := booking.FullRefund(b.Quote)
	if all, err := s.Changes.AllComesBack(ctx, b.ID); err != nil || all {
		return quote, err
	}
	switch change, err := s.Changes.BookingChange(ctx, b.ID); {
	case err == nil && change.Open:
		quote.Until = *change.DecideBy
		return quote, nil
	case err != nil && booking.CodeOf(err) != booking.CodeNotFound:
		return quote, err
	default:
		terms := b.Refunds
		if terms == nil {
			terms = s.Policy.Refunds
		}
		return terms.Quote(b.Quote, b.Show.StartsAt, now), nil
	}
}

// isScanned tells whether the ticket was scanned at the door.
func isScanned(b booking.Booking) bool { return b.Ticket != nil && b.Ticket.ScannedAt != nil }

func notCancellable() error {
	return booking.E(booking.CodeNotCancellable, "This booking cannot be cancelled.")
}

// watchBooking streams the booking, at once and on every change.
func (s *service) watchBooking(w http.ResponseWriter, r *http.Request) error {
	read, err := s.reading(r)
	if err != nil {
		return err
	}
	b, err := read(r.Context())
	if err != nil {
		return err
	}
	bookingID := b.ID // the rest need not stay in memory
	return s.Stream(w, r, func(context.Context) (rest.Sending, error) {
		return func(ctx context.Context, events *rest.EventStream) error {
			return s.followBooking(ctx, events, bookingID, read)
		}, nil
	})
}

// followBooking sends the booking for every version of the feed. The first comes at once.
func (s *service) followBooking(ctx context.Context, events *rest.EventStream, bookingID string, read reading) error {
	beat := time.NewTicker(rest.HeartbeatEvery)
	defer beat.Stop()
	versions := s.BookingFeed.Watch(ctx, bookingID)
	for {
		select {
		case <-beat.C:
			if err := events.Beat(); err != nil {
				return err
			}
		case _, open := <-versions:
			if !open {
				return nil
			}
			b, err := read(ctx)
			if err != nil {
				return err
			}
			if err := events.Send("booking", b.Version, b); err != nil {
				return err
			}
		}
	}
}

// completePayment adds what only the owner of a booking gets: the way back from the
// payment, which a bank may open in another browser, and the secret of our own checkout
// page. Addresses of other pages (a provider's, the sandbox's) stay as they are.
func (s *service) completePayment(b *booking.Booking) {
	view := b.Payment
	switch {
	case view == nil:
		return
	case b.ConfirmEmail: // a guest whom no ticket would reach
		view.ClientSecret, view.CheckoutURL = "", ""
		return
	case view.CheckoutURL == "" && view.ClientSecret == "":
		return
	}
	view.ReturnURL = s.Links.Address("/bookings/"+b.ID+"?paid", links.Read, b.ID)
	key := "?" + links.Parameter + "=" + s.Links.Token(links.Read, b.ID)
	if view.ClientSecret == "" {
		// A page of ours that needs no secret hands the key to the provider, for the way back.
		if s.Links.Own(view.CheckoutURL, "/pay/") {
			view.CheckoutURL += key
		}
		return
	}
	if s.CheckoutURL == "" {
		return
	}
	// A worker of the release before named the page by what is a page of the app now.
	if former := strings.TrimSuffix(s.CheckoutURL, "pay/") + "checkout/"; strings.HasPrefix(view.CheckoutURL, former) {
		view.CheckoutURL = s.CheckoutURL + strings.TrimPrefix(view.CheckoutURL, former)
	}
	if strings.HasPrefix(view.CheckoutURL, s.CheckoutURL) && !strings.Contains(view.CheckoutURL, "#") {
		// In the query, where a script of the release before does not look: it takes all of the
		// fragment for the secret.
		view.CheckoutURL += key + "#" + url.PathEscape(view.ClientSecret)
	}
}
