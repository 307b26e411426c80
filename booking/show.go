package booking

import (
	"encoding/json"
	"time"
)

// ShowStatus says whether a show takes place.
type ShowStatus string

// The show statuses.
const (
	ShowScheduled ShowStatus = "scheduled"
	ShowCancelled ShowStatus = "cancelled"
)

// ChangeKind says what happened to a show that was on sale.
type ChangeKind string

// The changes of a show that its customers are told of.
const (
	ChangeCancelled   ChangeKind = "cancelled"
	ChangeRescheduled ChangeKind = "rescheduled"
)

// ChangeChoice is what a customer of a moved show wants.
type ChangeChoice string

// The choices: the new time, another show of the same film, or all the money.
const (
	ChoiceKeep   ChangeChoice = "keep"
	ChoiceMove   ChangeChoice = "move"
	ChoiceRefund ChangeChoice = "refund"
)

// ShowSummary is what a booking, a ticket and a message say about a show.
type ShowSummary struct {
	ID          string     `json:"id"`
	MovieID     string     `json:"movie_id"`
	MovieSlug   string     `json:"movie_slug"`
	MovieTitle  string     `json:"movie_title"`
	TheaterID   string     `json:"theater_id"`
	TheaterSlug string     `json:"theater_slug"`
	TheaterName string     `json:"theater_name"`
	Address     string     `json:"address"`
	ScreenName  string     `json:"screen_name"`
	StartsAt    time.Time  `json:"starts_at"`
	EndsAt      time.Time  `json:"ends_at"`
	TimeZone    string     `json:"time_zone"`
	Format      string     `json:"format"`
	Language    string     `json:"language"`
	Status      ShowStatus `json:"status"`
}

// LocalStart is the start in the theater's own zone; UTC when the zone is
// unknown to this machine.
func (s ShowSummary) LocalStart() time.Time { return s.Local(s.StartsAt) }

// Local gives a time in the theater's own zone; UTC when the zone is unknown to
// this machine.
func (s ShowSummary) Local(at time.Time) time.Time {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return at.UTC()
	}
	return at.In(zone)
}

// MarshalJSON adds local_time, the start on the theater's wall clock, so that
// no client has to know time zones.
func (s ShowSummary) MarshalJSON() ([]byte, error) {
	type plain ShowSummary
	return json.Marshal(struct {
		plain
		LocalTime string `json:"local_time"`
	}{plain(s), s.LocalStart().Format("2006-01-02T15:04:05")})
}

// Terms are the conditions of sale of a show. Version changes with every change
// of price, layout, window or status, so that a hold made on stale terms is
// refused and made again.
type Terms struct {
	ShowID         string
	Version        int64
	Status         ShowStatus
	SalesOpenAt    time.Time
	SalesCloseAt   time.Time
	Currency       string
	Prices         map[string]int64 // category → minor units per seat
	FeePerSeat     int64            // minor units
	TaxBasisPoints int64            // hundredths of a percent, on the seat prices
	// AccessibleUntil is until when wheelchair spaces and companion seats are kept for
	// customers who need them. The theater says how long before the show that is.
	AccessibleUntil time.Time
	Layout          Layout
	Limits          Limits // of the payment providers, in Currency
}
