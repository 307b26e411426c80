package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// Notifications are the activities that talk to customers.
type Notifications struct {
	Messages Messages
	// Vendors guards the fast path, by channel.
	Vendors map[booking.Channel]Vendor
	// Reminders says whether there is room for one more reminder on the fast path; nil
	// is always. A burst of them would otherwise be sent by the workers that hold seats.
	Reminders Lane
}

// Notify sends one message, once.
func (n *Notifications) Notify(ctx context.Context, note booking.Notification) error {
	if note.Notice == booking.NoticeReminder && n.Reminders != nil && activity.GetInfo(ctx).IsLocalActivity && !n.Reminders.Allow() {
		return toTemporal(ctx, booking.E(booking.CodeFastPathSkipped, "There are too many reminders for the fast path now."))
	}
	return toTemporal(ctx, guarded(ctx, n.Vendors[note.Channel], func(ctx context.Context) error {
		return n.Messages.Send(ctx, note)
	}))
}
