// Package housestest is what every client of a theater's own system has to be able to do: one
// suite of tests that each adapter's package runs against a stand-in of its system. Only tests
// import it.
package housestest

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/activities"
)

// Setup describes the adapter to Run. What a system cannot do changes what is asserted; no case
// is left out for it.
type Setup struct {
	// New starts a house with empty books and at least one show that starts within 20 hours and
	// is on sale: with two price categories, and 15 standard seats or more in each. What it
	// needs is closed by the test's cleanup.
	New func(t *testing.T) Harness
	// NoExtend: the house cannot make a hold last longer.
	NoExtend bool
	// NamesSeats: a refused hold names the seats that are taken.
	NamesSeats bool
	// LocalTimes: the house tells times without their offset, so that those of the hour that
	// comes twice in autumn have two meanings. The adapter takes the earlier one.
	LocalTimes bool
	// AlwaysCached: the house never tells for certain which seats are free.
	AlwaysCached bool
}

// Harness is one house with hands on its own side.
type Harness struct {
	House activities.House
	// Denied is the same with credentials that the house does not take.
	Denied activities.House
	// HoldFor is how long the house holds seats.
	HoldFor time.Duration
	// Zone is where the house stands. Its clocks change twice a year.
	Zone     *time.Location
	Currency string

	// AddShow puts a show of two hours on sale and gives its id.
	AddShow func(t *testing.T, startsAt time.Time) string
	// The house's own staff sell a free seat, cancel a sale of ours, change a price (in minor
	// units), cancel or move a show, and take a seat out of a show's room.
	SellAtCounter   func(t *testing.T, show, address string)
	CancelAtCounter func(t *testing.T, reference string)
	SetPrice        func(t *testing.T, show, category string, amount int64)
	CancelShow      func(t *testing.T, show string)
	MoveShow        func(t *testing.T, show string, startsAt time.Time)
	RemoveSeat      func(t *testing.T, show, address string)

	// Advance lets time pass at the house; a negative one goes back.
	Advance func(t *testing.T, by time.Duration)
	// SetClock puts what the house's clocks show off by this much, in all that it says.
	SetClock func(t *testing.T, off time.Duration)
	// ForgetChanges makes every cursor of the program that was given out too old.
	ForgetChanges func(t *testing.T)
	// Fault makes the house's next such operation go wrong.
	Fault func(t *testing.T, f Fault)
	// Chaos makes this share of all operations go wrong, in every way that the house has, until
	// stop is called.
	Chaos func(t *testing.T, share float64) (stop func())

	// Books are what the house has noted of our orders of a show.
	Books func(t *testing.T, show string) Books
	// Gate tells whether a code opens the house's door.
	Gate func(t *testing.T, code string) bool
}

// Books are the house's own: addresses of seats that it holds for us and has sold to us now,
// in any order, and how many sales there have been, cancelled ones included.
type Books struct {
	Held, Sold []string
	Sales      int
}

// Operation is one of the house's calls.
type Operation string

// The operations that can go wrong.
const (
	OpHold    Operation = "hold"
	OpExtend  Operation = "extend"
	OpConfirm Operation = "confirm"
	OpRelease Operation = "release"
	OpCancel  Operation = "cancel"
	OpFind    Operation = "find"
	OpProgram Operation = "program"
	OpSeats   Operation = "seats"
	OpSold    Operation = "sold"
)

// trouble is what goes wrong.
type trouble int

// The troubles.
const (
	// Failed is answered, by the house itself, and nothing was done.
	Failed trouble = iota
	// FailedDone was done, and the house answers that something failed after it.
	FailedDone
	// ReplyLost was done, and the connection ends without an answer.
	ReplyLost
	// HalfAnswer was done, and the connection ends in the middle of the answer.
	HalfAnswer
	// Slow is done after Fault.Delay.
	Slow
	// Unreachable: what stands before the house says that the house is off. Nothing is done.
	Unreachable
	// WrongCodes was done, and the answer has one code too few.
	WrongCodes
	// Pending and PendingFailed: the house takes its time to confirm. The sale is decided after
	// Fault.Polls questions: made, or not.
	Pending
	PendingFailed
	// EndsEarly: the hold is over as soon as it is made, and the answer promises the usual time.
	EndsEarly
	// NoEnd: the answer does not say when the hold ends.
	NoEnd
	// DuplicateRefused: a repeated order is refused instead of answered.
	DuplicateRefused
	// Cached: the free seats are told from a cache that was filled before the fault was switched
	// on.
	Cached
	// FeedTwice, FeedOmits, FeedShuffled, and FeedLate: the page of the program has its first
	// show twice, lacks a show, is out of order, or lacks what changed last.
	FeedTwice
	FeedOmits
	FeedShuffled
	FeedLate
)

// Fault is one trouble, once.
type Fault struct {
	Trouble   trouble
	Operation Operation
	Delay     time.Duration
	Polls     int
}
