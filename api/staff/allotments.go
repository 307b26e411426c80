package staff

import (
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/houses"
)

// allotment is the seats of a show that the theater's own system has given to us.
type allotment struct {
	ShowID string         `json:"show_id"`
	Seats  []allottedSeat `json:"seats"`
}

type allottedSeat struct {
	Seat    string    `json:"seat"`
	GivenAt time.Time `json:"given_at"`
}

func allotmentOf(show string, given []houses.Allotted) allotment {
	shown := allotment{ShowID: show, Seats: []allottedSeat{}}
	for _, g := range given {
		shown.Seats = append(shown.Seats, allottedSeat{g.Seat, g.GivenAt.UTC()})
	}
	return shown
}

func (s *service) getAllotments(w http.ResponseWriter, r *http.Request) error {
	show, err := s.watchable(r)
	if err != nil {
		return err
	}
	given, err := s.Houses.Allotment(r.Context(), show.String())
	return answerOr(w, allotmentOf(show.String(), given), err)
}

// setAllotments takes the whole list. A body without one would take all seats back, so it is
// refused.
func (s *service) setAllotments(w http.ResponseWriter, r *http.Request) error {
	show, _, err := s.changeable(r)
	if err != nil {
		return err
	}
	var request struct {
		Seats     *[]string `json:"seats"`
		KeptForUs bool      `json:"kept_for_us"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if request.Seats == nil {
		return booking.Invalid(booking.FieldError{Field: "seats", Message: "Name all seats that the theater gives us; an empty list takes all back."})
	}
	given, err := s.Houses.Allot(r.Context(), rest.ActorOf(r), show.String(), houses.NewAllotment{Seats: *request.Seats, KeptForUs: request.KeptForUs})
	return answerOr(w, allotmentOf(show.String(), given), err)
}
