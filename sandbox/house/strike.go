package house

import "time"

// The faults of this vendor. Those of the first group concern connections, the others what
// is answered and done; see package sandbox's README.
const (
	faultLatency       = "latency"
	faultError         = "error"
	faultReplyLost     = "reply_lost"
	faultNeverAnswered = "never_answered"
	faultUnreachable   = "unreachable"
	faultHalfAnswer    = "half_answer"

	faultFailed           = "failed"
	faultBookedButFailed  = "booked_but_failed"
	faultWrongCodes       = "wrong_codes"
	faultPending          = "pending"
	faultPendingFails     = "pending_fails"
	faultEndsEarly        = "ends_early"
	faultEndMissing       = "end_missing"
	faultClockOff         = "clock_off"
	faultCached           = "cached"
	faultPriceChanged     = "price_changed"
	faultDuplicateRefused = "duplicate_refused"
	faultCounterTakes     = "counter_takes"
	faultCounterCancels   = "counter_cancels"
	faultFeedDuplicate    = "feed_duplicate"
	faultFeedLate         = "feed_late"
	faultFeedOmits        = "feed_omits"
	faultFeedReorder      = "feed_reorder"
)

// FaultKinds are all of them.
var FaultKinds = []string{
	faultLatency, faultError, faultReplyLost, faultNeverAnswered, faultUnreachable, faultHalfAnswer,
	faultFailed, faultBookedButFailed, faultWrongCodes, faultPending, faultPendingFails, faultEndsEarly, faultEndMissing,
	faultClockOff, faultCached, faultPriceChanged, faultDuplicateRefused, faultCounterTakes, faultCounterCancels,
	faultFeedDuplicate, faultFeedLate, faultFeedOmits, faultFeedReorder,
}

// The operations, as faults name them: the same for each style.
const (
	opProgram = "program"
	opSeats   = "seats"
	opHold    = "hold"
	opExtend  = "extend"
	opConfirm = "confirm"
	opState   = "state"
	opRelease = "release"
	opCancel  = "cancel"
	opSales   = "sales"
)

// Strike is what all faults together do to one call.
type Strike struct {
	Wait   time.Duration // latency
	Status int           // error: not 0 is answered instead
	Done   bool          // error: the operation is carried out in spite of it
	// Kinds are the faults of the other kinds that strike.
	Kinds map[string]StrikeDetail
}

// StrikeDetail is how one fault strikes.
type StrikeDetail struct {
	Length time.Duration // zero is the kind's usual one
	Polls  int           // of a pending sale
}

// Faults tells what strikes a call. site and operation choose among the switches.
type Faults func(site, operation string) Strike
