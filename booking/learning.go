package booking

import "time"

// The words of learning what customers like: bookings become events of the document store, and
// a model is trained on the events.

// BookingsMark is a place in the order in which bookings changed.
type BookingsMark struct {
	// UpdatedAt is when the last booking before the mark was changed.
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// BookingID tells bookings of one moment apart.
	BookingID string `json:"booking_id,omitempty"`
}

// After tells whether the mark is behind another one.
func (m BookingsMark) After(other BookingsMark) bool {
	if m.UpdatedAt.Equal(other.UpdatedAt) {
		return m.BookingID > other.BookingID
	}
	return m.UpdatedAt.After(other.UpdatedAt)
}

// RecordedBookings is what came of making events from bookings.
type RecordedBookings struct {
	// Mark is the last booking that was looked at.
	Mark BookingsMark `json:"mark,omitzero"`
	// More says that there may be bookings behind the mark.
	More bool `json:"more,omitempty"`

	Looked int `json:"looked"` // bookings
	New    int `json:"new"`    // events that were not there before
	// Off are bookings of customers who turned personalization off, or had them forgotten: no event
	// was made.
	Off int `json:"off,omitempty"`
	// Refused are events that the store did not take, because they are older than it keeps.
	Refused int `json:"refused,omitempty"`
	// Model is the version in use; empty without one.
	Model string `json:"model,omitempty"`
}

// MeasureRequest asks to compare a new model with the one in use.
type MeasureRequest struct {
	// Until is the end of what the new model may learn from.
	Until time.Time `json:"until"`
	// Anyway lets the new model take the place of the one in use, whatever was measured.
	Anyway bool `json:"anyway,omitempty"`
}

// MeasuredModel says how good a new model would be, and whether it may be used.
type MeasuredModel struct {
	// InUse is the version that the new model was compared with; empty without one.
	InUse string `json:"in_use,omitempty"`

	Likings int `json:"likings"` // that there are to learn from
	People  int `json:"people"`
	Films   int `json:"films"` // that someone likes

	// Cases are bookings that neither model has seen, and the measures are how well both
	// foretell them: NDCG@10, from 0 to 1.
	Cases     int     `json:"cases,omitempty"`
	NDCG      float64 `json:"ndcg,omitempty"`
	NDCGInUse float64 `json:"ndcg_in_use,omitempty"`

	// Options are those of the training, in JSON, and OptionsOf is when they were chosen;
	// zero for the standard ones.
	Options   string    `json:"options"`
	OptionsOf time.Time `json:"options_of,omitzero"`

	// Refused says why the new model must not be used; empty when it may be.
	Refused string `json:"refused,omitempty"`
	// Note is for people: on what the decision rests.
	Note string `json:"note,omitempty"`
}

// TrainRequest asks for a new version of the model.
type TrainRequest struct {
	Version  string        `json:"version"`
	Until    time.Time     `json:"until"`
	Measured MeasuredModel `json:"measured"`
}

// TrainedModel is a version that is stored.
type TrainedModel struct {
	Version string `json:"version"`
	Bytes   int    `json:"bytes"`
	// Before says that an earlier try of the step had stored it.
	Before bool `json:"before,omitempty"`
}

// UseModelRequest asks to put a version in use.
type UseModelRequest struct {
	From string `json:"from,omitempty"` // the version in use; empty for none
	To   string `json:"to"`
}

// UsedModel is what came of it.
type UsedModel struct {
	Pruned int `json:"pruned"` // older versions that were deleted
}
