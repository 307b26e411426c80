package payments

import (
	"context"
	"net/http"

	"github.com/boxoffice/boxoffice/booking"
)

// Webhooks reads what one provider posts to us.
type Webhooks interface {
	// Webhook checks the signature and its age, and tells which payment the event
	// is about; an event about no payment has no reference. Code:
	// malformed_request for everything that is not the provider's own word, unavailable
	// when that cannot be checked now: the provider has to deliver it again.
	Webhook(ctx context.Context, body []byte, header http.Header) (booking.PaymentEvent, error)
}
