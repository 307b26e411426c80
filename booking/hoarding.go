package booking

import (
	"fmt"
	"time"
)

// HoldRules are the limits against hoarding that a hold is made under (docs/hoarding.md), and
// where its request came from. They travel in the workflow's input and, as JSON, to the
// database, which decides in the transaction that claims the seats.
type HoldRules struct {
	// Memory is how long an unpaid hold counts, in seconds.
	Memory int `json:"memory"`
	// Free is how many holds may end unpaid in that time before there is a wait; so many Small
	// ones, let go at once or declined, count as one.
	Free  int `json:"free"`
	Small int `json:"small"`
	// Steps are what each unpaid hold beyond Free costs. The first is for those within Free.
	Steps []HoldStep `json:"steps"`
	// Holds is how many open holds a customer has who has proved no address.
	Holds int `json:"holds"`
	// OfShow is how many unpaid seats of one show one customer or device has.
	OfShow int `json:"of_show"`
	// Network is how many seats are held from one network by customers who have bought nothing
	// yet; NetworkLeast is what is left of that where holds end unpaid.
	Network      int `json:"network"`
	NetworkLeast int `json:"network_least"`

	// Device and Networks are HMACs in hex. Device is empty for an unknown one.
	Device   string        `json:"device,omitempty"`
	Networks []HoldNetwork `json:"networks"`
}

// HoldStep is what a customer may have after some unpaid holds.
type HoldStep struct {
	Wait     int `json:"wait"`     // seconds after the last one
	Seats    int `json:"seats"`    // unpaid at a time
	Unproved int `json:"unproved"` // the same of a customer who has proved no address
}

// HoldNetwork is a network that a request came from. Share is how many times as much it may
// have as one client's.
type HoldNetwork struct {
	Key   string `json:"key"`
	Share int    `json:"share"`
}

// Why a hold is refused: the reasons of hold_limit_reached, and HoldsUnpaid, which has a code
// of its own.
const (
	HoldsUnpaid       = "unpaid"
	HoldsOpen         = "holds"
	HoldsConfirmEmail = "confirm_email"
	HoldsSeats        = "seats"
	HoldsOfShow       = "show"
	HoldsOfNetwork    = "network"
)

// HoldRefusal is why the database refuses a hold. Seats is the limit.
type HoldRefusal struct {
	Reason  string `json:"reason"`
	Seats   int    `json:"seats"`
	Seconds int    `json:"seconds"`
}

// Refuse is the refusal in the customer's words. Codes: too_many_unpaid_holds,
// hold_limit_reached.
func (h HoldRefusal) Refuse() *Error {
	wait := time.Duration(h.Seconds) * time.Second
	if h.Reason == HoldsUnpaid {
		return E(CodeUnpaidHolds, "Several times you held seats and did not pay. You can hold seats again in %s. "+
			"A booking that you pay for ends such waits.", inWords(wait)).In(wait)
	}
	e := E(CodeHoldLimit, "You are holding as many seats as you may. Pay for them or let them go first.")
	switch h.Reason {
	case HoldsOpen:
		e = E(CodeHoldLimit, "You have %s waiting for payment. Pay, let one go, or confirm your e-mail address to have more.", counted(h.Seats, "booking"))
	case HoldsConfirmEmail:
		e = E(CodeHoldLimit, "You can hold %s at a time until you have confirmed your e-mail address. Confirm it to hold more.", counted(h.Seats, "seat"))
	case HoldsSeats:
		e = E(CodeHoldLimit, "You can hold %s at a time. Choose fewer, or pay for those that you hold.", counted(h.Seats, "seat"))
	case HoldsOfShow:
		e = E(CodeHoldLimit, "You can hold %s of one show at a time. Pay for those that you hold; then choose more.", counted(h.Seats, "seat"))
	case HoldsOfNetwork:
		e = E(CodeHoldLimit, "Too many seats wait for payment by new customers of your network. Try again in %s, or use another connection.", inWords(wait))
	}
	e.Reason, e.RetryAfter = h.Reason, wait
	return e
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// inWords rounds a wait up to minutes.
func inWords(wait time.Duration) string {
	return counted(max(1, int((wait+time.Minute-1)/time.Minute)), "minute")
}
