package activities

import (
	"context"

	"github.com/boxoffice/boxoffice/booking"
)

// Notifications are the activities that talk to customers.
type Notifications struct {
	Messages Messages
	// Vendors guards the fast path, by channel.
	Vendors map[booking.Channel]Vendor
}

// Notify sends one message, once.
func (n *Notifications) Notify(ctx context.Context, note booking.Notification) error {
	return toTemporal(ctx, guarded(ctx, n.Vendors[note.Channel], func(ctx context.Context) error {
		return n.Messages.Send(ctx, note)
	}))
}
