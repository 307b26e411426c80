package bookings

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bestseats"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/showchanges"
)

// changeAnswer is what happened to a booking's show, with the moves that would be accepted now.
type changeAnswer struct {
	showchanges.BookingChange
	Moves []move `json:"moves"`
}

// move is a show that a booking can move to: the best free seats there that cost no more
// than was paid. It promises nothing; the choice decides.
type move struct {
	Show  booking.ShowSummary `json:"show"`
	Seats []string            `json:"seats"`
	// Total is the price after the move. What it is less than before comes back.
	Total     booking.Money `json:"total"`
	ComesBack booking.Money `json:"comes_back"`
}

// moves gives the alternatives that have room at no higher price. A seat map that cannot be
// read now is left out: the customer may still keep the show or take the money.
func (s *service) moves(ctx context.Context, b booking.Booking, changed showchanges.BookingChange) []move {
	possible := []move{}
	if !changed.Open {
		return possible
	}
	here, err := s.Feed.SeatMap(ctx, b.Show.ID)
	if err != nil {
		s.Logger.WarnContext(ctx, "no moves are offered: seat map", "booking", b.ID, "show", b.Show.ID, "error", err)
		return possible
	}
	wheelchairs := wheelchairSpaces(here.Layout, b.Seats)
	for _, show := range changed.Alternatives {
		there, err := s.Feed.SeatMap(ctx, show.ID)
		if err != nil {
			s.Logger.WarnContext(ctx, "a move is not offered: seat map", "booking", b.ID, "show", show.ID, "error", err)
			continue
		}
		if best, ok := bestMove(b, there, wheelchairs); ok {
			best.Show = show
			possible = append(possible, best)
		}
	}
	return possible
}

// bestMove tries the booking's own category first, then the others from the dearest on, and
// at last seats of more than one.
func bestMove(b booking.Booking, there *seatmap.Picture, wheelchairs int) (move, bool) {
	own := b.Quote.Seats[0].Category
	dearest := slices.SortedFunc(maps.Keys(there.Prices), func(one, other string) int {
		return cmp.Or(cmp.Compare(there.Prices[other].Amount, there.Prices[one].Amount), cmp.Compare(one, other))
	})
	for _, category := range slices.Concat([]string{own}, dearest, []string{""}) {
		offer, err := bestseats.Choose(there.SeatMap, bestseats.Wish{Count: len(b.Seats), Category: category, Accessible: wheelchairs > 0})
		if err != nil || wheelchairSpaces(there.Layout, offer.Seats) < wheelchairs {
			continue // there are no such seats, or too few are left
		}
		quote, err := booking.MovedQuote(b.Quote, offer.Quote)
		if err != nil {
			continue // they cost more
		}
		return move{Seats: offer.Seats, Total: quote.Total, ComesBack: booking.Money{
			Amount: b.Quote.Total.Amount - quote.Total.Amount, Currency: quote.Total.Currency}}, true
	}
	return move{}, false
}

func wheelchairSpaces(layout booking.Layout, seats []string) int {
	spaces := 0
	for _, row := range layout.Rows {
		for _, seat := range row.Seats {
			if seat.Type == booking.SeatWheelchair && slices.Contains(seats, seat.ID) {
				spaces++
			}
		}
	}
	return spaces
}
