package booking

// Channel is a way to reach a customer.
type Channel string

// The channels.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
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
}
