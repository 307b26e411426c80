package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

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
	// Browsers sends along with each mail what browsers show of it; nil is not at all.
	// Which customers have any is known only then: they may turn messages on after booking. So
	// it is no step of the booking, and bookings from before there was push have it, too.
	Browsers Browsers
}

// Notify sends one message, once; with a mail also to the customer's browsers. One that
// fails does not stop the other: each is tried again alone, because what was sent is not
// sent again.
func (n *Notifications) Notify(ctx context.Context, note booking.Notification) error {
	if note.Notice == booking.NoticeReminder && n.Reminders != nil && activity.GetInfo(ctx).IsLocalActivity && !n.Reminders.Allow() {
		return toTemporal(ctx, booking.E(booking.CodeFastPathSkipped, "There are too many reminders for the fast path now."))
	}
	err := n.send(ctx, note)
	if n.Browsers == nil || note.Channel != booking.ChannelEmail {
		return err
	}
	return worthTrying(err, n.push(ctx, note))
}

// push asks for browsers first: the fast path of customers without any must not depend on
// how push services are.
func (n *Notifications) push(ctx context.Context, note booking.Notification) error {
	note.Channel = booking.ChannelPush
	await, err := n.Browsers.Await(ctx, note)
	if err != nil || !await {
		return toTemporal(ctx, err)
	}
	return n.send(ctx, note)
}

func (n *Notifications) send(ctx context.Context, note booking.Notification) error {
	return toTemporal(ctx, guarded(ctx, n.Vendors[note.Channel], func(ctx context.Context) error {
		return n.Messages.Send(ctx, note)
	}))
}

// worthTrying is the mail's error, unless only the push can still succeed. A push that never
// can is no error of the mail's.
func worthTrying(mail, push error) error {
	if push != nil && !isFinal(push) && (mail == nil || isFinal(mail)) {
		return push
	}
	return mail
}

func isFinal(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable()
}
