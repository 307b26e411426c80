package documents

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
)

// Kind says what an event is about. A service may have kinds of its own, such as those of an
// activity log.
type Kind string

// The kinds that recommendations are made from.
const (
	KindImpression Kind = "impression" // a film of a list came into view
	KindView       Kind = "view"       // a film's page was opened
	KindClick      Kind = "click"      // a film of a list was chosen
	KindBooking    Kind = "booking"    // paid
	// KindBookingWithdrawn takes a booking back that was refunded. Its time is that of the
	// booking, so that it is counted for the same day.
	KindBookingWithdrawn  Kind = "booking_withdrawn"
	KindReview            Kind = "review"
	KindNotForMe          Kind = "not_for_me"
	KindNotForMeWithdrawn Kind = "not_for_me_withdrawn"
	// KindLeaveOut says that a booking shall not shape what is recommended. The booking is in
	// Details, as DetailBooking.
	KindLeaveOut          Kind = "leave_out"
	KindLeaveOutWithdrawn Kind = "leave_out_withdrawn"
	// KindForgotten says that a person had all before it forgotten. It is all that is left then, and
	// keeps what is made again from bookings from coming back.
	KindForgotten Kind = "forgotten"
)

// DetailBooking is the name of a booking's id in Details.
const DetailBooking = "booking"

// Event is something that happened once.
type Event struct {
	// ID makes a repeat harmless: see EventID.
	ID   uuid.UUID
	Kind Kind
	// At is when it happened.
	At time.Time
	// Person, City and Film are uuid.Nil for none.
	Person uuid.UUID
	City   uuid.UUID
	Film   uuid.UUID

	EventFacts
}

// EventFacts are the parts of an event that nothing is looked up by.
type EventFacts struct {
	// Session tells visits apart, without a person.
	Session string `json:"session,omitempty"`
	// List is the id of the list that the film was in, Position its place, from 1.
	List     string `json:"list,omitempty"`
	Position int    `json:"position,omitempty"`
	// Propensity is how probable it was that the film would be shown there, above 0 to 1.
	Propensity float64 `json:"propensity,omitempty"`
	// Model is the version that made the list.
	Model string `json:"model,omitempty"`
	// Value is the stars of a review.
	Value float64 `json:"value,omitempty"`
	// Details are for an activity log. Nothing personal belongs here.
	Details map[string]string `json:"details,omitempty"`
}

// MostAppended is how many events are appended at a time.
const MostAppended = 1000

// ahead is how far a clock may be before ours.
const ahead = aDay

// Appended says what an append did.
type Appended struct {
	// New is how many were not there before. After an outage and a repeat it is less: some
	// were written by the first try.
	New     int
	Refused []Refused
}

// Refused is an event that was not taken.
type Refused struct {
	Index int // in the batch
	Err   error
}

// eventIDs is the namespace of ids that are made from what an event is about (RFC 9562,
// section 5.5).
var eventIDs = uuid.MustParse("0b1f2c52-6f0e-5d3b-9a43-1d8a2f2f7f11")

// EventID is the id of an event that can happen only once for these parts, such as an
// impression for its list and place, or a view for its person, film and day.
func EventID(kind Kind, parts ...string) uuid.UUID {
	return uuid.NewSHA1(eventIDs, []byte(string(kind)+"\x00"+strings.Join(parts, "\x00")))
}

// Check finds what a store would not take. Code: validation_failed.
func (e Event) Check(now time.Time, kept Retention) error {
	var wrong problems
	if e.ID == uuid.Nil {
		wrong.Add("id", "Give the event an id.")
	}
	wrong.word("kind", string(e.Kind))
	wrong.time("at", e.At)
	switch {
	case e.At.After(now.Add(ahead)):
		wrong.Add("at", "Give the time when it happened: this one is more than a day ahead.")
	case !e.At.Add(kept.Of(e.Kind)).After(now):
		wrong.Add("at", "Give a later time: events of kind %s are kept for %s.", e.Kind, kept.Of(e.Kind))
	}
	wrong.text("session", e.Session, 100)
	wrong.text("list", e.List, 100)
	wrong.text("model", e.Model, 100)
	if e.Position < 0 || e.Position > MostListed {
		wrong.Add("position", "Choose a place from 1 to %d.", MostListed)
	}
	wrong.between("propensity", e.Propensity, 0, 1)
	wrong.between("value", e.Value, -math.MaxInt32, math.MaxInt32)
	wrong.details("details", e.Details)
	return wrong.Err()
}

// CheckBatch is for stores: it gives the events that can be stored, with times as they are
// kept, and refuses the others. Code of the error: validation_failed, for too many.
func CheckBatch(events []Event, now time.Time, kept Retention) (good []Event, refused []Refused, err error) {
	if len(events) > MostAppended {
		return nil, nil, booking.Invalid(booking.FieldError{Field: "events", Message: fmt.Sprintf("Append at most %d at a time; these are %d.", MostAppended, len(events))})
	}
	good = make([]Event, 0, len(events))
	for i, e := range events {
		if err := e.Check(now, kept); err != nil {
			refused = append(refused, Refused{Index: i, Err: err})
			continue
		}
		e.At = Milliseconds(e.At)
		good = append(good, e)
	}
	return good, refused, nil
}

// RecentQuery asks for events of a person.
type RecentQuery struct {
	Person uuid.UUID
	Kinds  []Kind // all when empty
	Cursor string // Next of the page before; empty for the first
	Limit  int    // 50 when zero, 500 at most
}

// Size is how many events a page has.
func (q RecentQuery) Size() int { return limit(q.Limit, 50, 500) }

// ScanQuery asks for all events of a kind.
type ScanQuery struct {
	Kind     Kind
	From, To time.Time // From is included, To is not; a zero To is now
	Cursor   string    // Next of the page before; empty for the first
	Limit    int       // 1000 when zero, 5000 at most
}

// Size is how many events a page has.
func (q ScanQuery) Size() int { return limit(q.Limit, 1000, 5000) }

// Page is a part of a list of events.
type Page struct {
	Events []Event
	Next   string // empty when this is the last
}

// Cut is for stores: it makes a page of rows of which one more was read than it has.
func Cut(rows []Event, size int) Page {
	page, next := paging.Cut(rows, size, func(last Event) string { return paging.Latest(last.At, last.ID.String()) })
	return Page{Events: page, Next: next}
}

// Place is where a page begins: behind the event with this time and id.
type Place struct {
	At time.Time
	ID uuid.UUID
}

// ReadPlace is for stores: it reads a cursor that Cut made. Code: validation_failed.
func ReadPlace(cursor string) (Place, error) {
	at, id, err := paging.ReadLatest(cursor)
	if err != nil {
		return Place{}, booking.Invalid(paging.Foreign())
	}
	parsed, err := uuid.Parse(id)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return Place{}, booking.Invalid(paging.Foreign())
	}
	return Place{At: at.UTC(), ID: parsed}, nil
}
