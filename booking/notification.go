package booking

import "time"

// Channel is a way to reach a customer.
type Channel string

// The channels.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
	// ChannelPush is every browser in which the customer turned messages on. It goes along
	// with mail: see activities.Notifications.
	ChannelPush Channel = "push"
)

// Notice names what a message is about; it selects the template.
type Notice string

// The notices a booking may send.
const (
	NoticeConfirmed       Notice = "confirmed"
	NoticeReminder        Notice = "reminder"
	NoticeExpired         Notice = "expired"
	NoticePaymentFailed   Notice = "payment_failed"
	NoticeCancelled       Notice = "cancelled"
	NoticeShowCancelled   Notice = "show_cancelled"
	NoticeRescheduled     Notice = "rescheduled"
	NoticeMoved           Notice = "moved"
	NoticePaymentReturned Notice = "payment_returned"
	NoticeDisputed        Notice = "disputed"
	NoticeRefunded        Notice = "refunded"
)

// Notification asks for one message to the customer of a booking. It carries no
// personal data: the recipient is looked up when it is sent.
type Notification struct {
	BookingID string  `json:"booking_id"`
	Channel   Channel `json:"channel"`
	Notice    Notice  `json:"notice"`
	// Sequence tells a repeat on purpose (a resend, a second reschedule) from a
	// retry. The first message of its kind has 0.
	Sequence int `json:"sequence"`
	// ChangeID is the change of the show that the message is about, if it is.
	ChangeID string `json:"change_id,omitempty"`
}

// Message is a rendered notification on its way to a vendor.
type Message struct {
	NotificationID string
	To             string
	ToName         string
	Subject        string
	Text           string
	HTML           string
	// Push is set for a message to a browser.
	Push *Push
}

// Push is what a message to a browser has besides its address, title and text.
type Push struct {
	P256DH, Auth []byte // the browser's keys
	Link         string // what a tap opens
	Icon         string // address of a picture
	Language     string // BCP 47
	Direction    string // of the text, ltr or rtl
	// Tag replaces what the browser shows under the same one, Topic what the push service
	// still keeps for a browser that is away.
	Tag, Topic string
	KeepFor    time.Duration // how long the push service keeps it
	Urgent     bool
}
