package booking

import "time"

// Booking is a customer's purchase of seats of one show, as the API shows it.
type Booking struct {
	ID            string      `json:"id"`
	CustomerID    string      `json:"-"`
	Status        Status      `json:"status"`
	Show          ShowSummary `json:"show"`
	Seats         []string    `json:"seats"`
	Quote         Quote       `json:"quote"`
	HoldExpiresAt time.Time   `json:"hold_expires_at"`
	// ReadOnly says that the booking was opened by its link: without what is private to its
	// owner, and not to be changed.
	ReadOnly bool `json:"read_only,omitempty"`
	// ConfirmEmail says that its customer is a guest who has to prove the e-mail address before
	// paying.
	ConfirmEmail bool `json:"confirm_email,omitempty"`
	// Unfetched says that the answer of this hold was not fetched yet.
	Unfetched bool         `json:"-"`
	Payment   *PaymentView `json:"payment"`
	// PaymentChoices are with whom the customer may pay while the seats are held, the best
	// first.
	PaymentChoices []PaymentChoice `json:"payment_choices,omitempty"`
	Ticket         *Ticket         `json:"ticket,omitempty"`
	Refund         *Refund         `json:"refund,omitempty"`
	Timeline       []TimelineEntry `json:"timeline"`
	CreatedAt      time.Time       `json:"created_at"`
	Version        int64           `json:"version"`
	// Refunds are the terms of cancellation that it was made under. Nil for a booking
	// from before they were kept.
	Refunds CancellationPolicy `json:"-"`
	// House is its order at the theater's own system; nil when its seats are ours to sell.
	// Lists leave it out.
	House *HouseOrder `json:"-"`
}

// PaymentView is what a customer may know of the payment.
type PaymentView struct {
	Provider     string        `json:"provider"`
	Status       PaymentStatus `json:"status"`
	Reference    string        `json:"reference,omitempty"`
	CheckoutURL  string        `json:"checkout_url,omitempty"`
	ClientSecret string        `json:"client_secret,omitempty"`
	// ReturnURL is where the provider's page sends the customer back to, in whatever browser
	// that may be.
	ReturnURL string `json:"return_url,omitempty"`
}

// PaymentChoice is a provider with whom the customer may pay.
type PaymentChoice struct {
	Provider string `json:"provider"`
	// Away says that it does not answer at present.
	Away bool `json:"away,omitempty"`
}

// Ticket admits its seats once.
type Ticket struct {
	Serial    string     `json:"serial"`
	IssuedAt  time.Time  `json:"issued_at"`
	VoidedAt  *time.Time `json:"voided_at,omitempty"`
	ScannedAt *time.Time `json:"scanned_at,omitempty"`
	// TheaterNumber is what the theater's own system calls the sale, and TheaterCodes opens its
	// doors, by seat. Empty when the seats are ours to sell.
	TheaterNumber string            `json:"theater_number,omitempty"`
	TheaterCodes  map[string]string `json:"theater_codes,omitempty"`
}

// Refund is money given back for this booking.
type Refund struct {
	Amount Money          `json:"amount"`
	Status MovementStatus `json:"status"`
	At     *time.Time     `json:"at,omitempty"`
}

// MovementStatus says whether a promised movement of money has happened.
type MovementStatus string

// A refund is pending from the cancellation until the provider has done it.
const (
	MovementPending MovementStatus = "pending"
	MovementDone    MovementStatus = "done"
)

// OwedRefund is what staff promised a customer after the booking's workflow has ended.
type OwedRefund struct {
	// Amount is the total to refund, earlier refunds included.
	Amount Money `json:"amount"`
	// Provider and Reference name the payment that the booking was sold for.
	Provider  string `json:"provider"`
	Reference string `json:"reference"`
	// Refunded is the part that is refunded already. Minor units.
	Refunded int64 `json:"refunded"`
	// Promise counts the promises to this customer, from 1.
	Promise int `json:"promise"`
}

// RefundProgress is how far the refund of a show has come.
type RefundProgress struct {
	Bookings int `json:"bookings"` // that were sold and not cancelled
	Promised int `json:"promised"` // of them, with money to go back
	Refunded int `json:"refunded"` // of them, whose money is back
}

// TimelineEntry is one thing that happened to a booking.
type TimelineEntry struct {
	At     time.Time `json:"at"`
	Event  Event     `json:"event"`
	Detail string    `json:"detail"`
}

// HoldRequest asks for seats, all or none.
type HoldRequest struct {
	BookingID   string        `json:"booking_id"`
	CustomerID  string        `json:"customer_id"`
	ShowID      string        `json:"show_id"`
	Seats       []string      `json:"seats"`
	HoldFor     time.Duration `json:"hold_for"`
	MaxHolds    int           `json:"max_holds"`
	RequestHash string        `json:"request_hash"`
	// Refunds are the terms of cancellation, kept with the booking. Nil keeps none:
	// the terms of the day of the cancellation hold.
	Refunds CancellationPolicy `json:"refunds"`
	// Accessible is what the customer says about wheelchair spaces among the seats:
	// true, they are needed; false, they are not; nil, nothing.
	Accessible *bool `json:"accessible,omitempty"`
	// FetchWithin is how long the seats wait until a client fetches the answer; zero is as
	// long as the hold.
	FetchWithin time.Duration `json:"fetch_within,omitempty"`
	// TooLate says that the caller of a new hold no longer waits. An existing hold is still
	// answered.
	TooLate bool `json:"too_late,omitempty"`
	// Rules are the limits against hoarding; nil when there are no limits.
	Rules *HoldRules `json:"rules,omitempty"`
}

// Held is the answer to a hold: seats that are the customer's until ExpiresAt.
type Held struct {
	BookingID string      `json:"booking_id"`
	Show      ShowSummary `json:"show"`
	Seats     []string    `json:"seats"`
	Quote     Quote       `json:"quote"`
	ExpiresAt time.Time   `json:"expires_at"`
	// ExpiresIn is the time left by the database's clock when it answered, so that
	// no process compares it with its own clock.
	ExpiresIn time.Duration `json:"expires_in"`
	// Channels are the ways the customer can be reached.
	Channels []Channel `json:"channels"`
	// House says how the theater's own system sells the seats; nil when they are ours to sell.
	House *HouseTerms `json:"house,omitempty"`
}

// Confirmed is the answer to a confirmation: the seats are sold.
type Confirmed struct {
	TicketSerial string    `json:"ticket_serial"`
	At           time.Time `json:"at"`
}

// Ending ends a booking that was never confirmed: its seats become free.
type Ending struct {
	BookingID string `json:"booking_id"`
	Status    Status `json:"status"` // expired, payment_failed or, let go by the customer, cancelled
	Detail    string `json:"detail"`
	// HouseSold are the seats of it that the theater's own system has sold elsewhere: they do
	// not become free. HouseKeeps is how long the others stay off sale, because the theater may
	// still hold them for us; zero is not at all.
	HouseSold  []string      `json:"house_sold,omitempty"`
	HouseKeeps time.Duration `json:"house_keeps,omitempty"`
}

// Cancellation ends a confirmed booking: seats free, ticket void, refund owed.
type Cancellation struct {
	BookingID string `json:"booking_id"`
	Refund    Money  `json:"refund"`
	Detail    string `json:"detail"`
	// EvenScanned lets the theater cancel a booking whose ticket was scanned; its owner no
	// longer may.
	EvenScanned bool `json:"even_scanned"`
}
