package booking

import "fmt"

// Choice is what a customer wants of a moved show. ShowID and Seats belong to the
// choice to move.
type Choice struct {
	BookingID string       `json:"booking_id"`
	ChangeID  string       `json:"change_id"`
	Choice    ChangeChoice `json:"choice"`
	ShowID    string       `json:"show_id,omitempty"`
	Seats     []string     `json:"seats,omitempty"`
}

// Chosen is a booking after its customer's choice.
type Chosen struct {
	Show  ShowSummary `json:"show"`
	Seats []string    `json:"seats"`
	Quote Quote       `json:"quote"`
	// GivenBack is the total refund of the price paid, because seats of another show cost
	// less.
	GivenBack Money `json:"given_back"`
}

// MovedQuote is the price of a booking that goes to another show because its show was
// moved. It is never more than was agreed: seats that cost more are refused, unless they
// are of the same categories, seat for seat. Those keep the old price, because the theater
// moved the show.
func MovedQuote(agreed, next Quote) (Quote, error) {
	if agreed.Total.Currency != next.Total.Currency {
		return Quote{}, Invalid(FieldError{"show_id", fmt.Sprintf(
			"This show is sold in %s; the booking was paid in %s.", next.Total.Currency, agreed.Total.Currency)})
	}
	if len(agreed.Seats) != len(next.Seats) {
		return Quote{}, Invalid(FieldError{"seats", fmt.Sprintf(
			"Choose as many seats as you have: %d.", len(agreed.Seats))})
	}
	if next.Total.Amount <= agreed.Total.Amount {
		return next, nil
	}
	prices := map[string][]Money{}
	for _, seat := range agreed.Seats {
		prices[seat.Category] = append(prices[seat.Category], seat.Price)
	}
	kept := agreed
	kept.Seats = make([]SeatPrice, len(next.Seats))
	for i, seat := range next.Seats {
		left := prices[seat.Category]
		if len(left) == 0 {
			return Quote{}, Invalid(FieldError{"seats", fmt.Sprintf(
				"These seats cost %s, and you paid %s. Choose seats of the categories you have, or seats that cost no more.",
				next.Total, agreed.Total)})
		}
		kept.Seats[i] = SeatPrice{seat.Seat, seat.Category, left[0]}
		prices[seat.Category] = left[1:]
	}
	return kept, nil
}
