package bookings

import (
	"context"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

// reading reads one booking, as its reader may see it.
type reading func(context.Context) (booking.Booking, error)

// reading decides how the booking that the path names is read: as its owner's, or by its
// link. Another account's token counts for nothing beside a link.
func (s *service) reading(r *http.Request) (reading, error) {
	id, err := rest.PathID(r, "booking")
	if err != nil {
		return nil, err
	}
	customer, opened := rest.CallerOf(r).AccountID, s.Links.Opens(r, links.Read, id)
	switch {
	case customer == "" && !opened:
		return nil, notOpened("The link to this booking is not complete, or not valid any more.")
	case customer == "":
		return s.byLink(id), nil
	case opened:
		return s.asEither(customer, id), nil
	default:
		return s.asOwner(customer, id), nil
	}
}

func (s *service) asOwner(customer, id string) reading {
	return func(ctx context.Context) (booking.Booking, error) {
		b, err := s.Bookings.CustomerBooking(ctx, customer, id)
		s.completePayment(&b)
		if err == nil {
			s.offer(ctx, &b)
		}
		return b, err
	}
}

func (s *service) asEither(customer, id string) reading {
	own, linked := s.asOwner(customer, id), s.byLink(id)
	return func(ctx context.Context) (booking.Booking, error) {
		b, err := own(ctx)
		if booking.CodeOf(err) != booking.CodeNotFound {
			return b, err
		}
		b, ended := linked(ctx)
		if booking.CodeOf(ended) == booking.CodeUnauthenticated {
			return b, err // the access token is good: another one would not help
		}
		return b, ended
	}
}

// byLink reads nothing but the booking, and does not count as fetched by its customer: a
// program that opens links to look for viruses changes nothing. The show's end is looked at
// each time.
func (s *service) byLink(id string) reading {
	return func(ctx context.Context) (booking.Booking, error) {
		b, err := s.Bookings.Booking(ctx, id)
		switch {
		case err != nil:
			return booking.Booking{}, err
		case links.Expired(b.Show.EndsAt, time.Now()):
			return booking.Booking{}, notOpened("The link to this booking has ended with its show.")
		default:
			return readOnly(b), nil
		}
	}
}

// readOnly leaves out what is for the owner: the way to pay, and what the vendors and
// people wrote about it.
func readOnly(b booking.Booking) booking.Booking {
	b.ReadOnly = true
	if b.Payment != nil {
		b.Payment = &booking.PaymentView{Provider: b.Payment.Provider, Status: b.Payment.Status}
	}
	timeline := make([]booking.TimelineEntry, len(b.Timeline))
	for i, entry := range b.Timeline {
		timeline[i] = booking.TimelineEntry{At: entry.At, Event: entry.Event}
	}
	b.Timeline = timeline
	return b
}

func notOpened(why string) error {
	return booking.E(booking.CodeUnauthenticated, "%s Log in to see the booking, or open the link of the latest message about it.", why)
}

// forgetLink takes the link's cookie from a browser, which its scripts cannot. It needs no
// token: it forgets what the caller itself has, and other sites' pages do not get here.
func (s *service) forgetLink(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "booking")
	if err != nil {
		return err
	}
	http.SetCookie(w, s.Links.Forget(id))
	w.Header().Set("Cache-Control", "no-store")
	return rest.NoContent(w)
}
