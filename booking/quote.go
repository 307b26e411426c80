package booking

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxSeats is how many seats one booking may hold.
const MaxSeats = 10

// Quote is the price of a booking, computed by the server only. Fees include
// their own tax; Taxes are those on the seats.
type Quote struct {
	Seats []SeatPrice `json:"seats"`
	Fees  Money       `json:"fees"`
	Taxes Money       `json:"taxes"`
	Total Money       `json:"total"`
	// Unit is the smallest step of what can be charged and given back, in minor
	// units; 0 stands for 1.
	Unit int64 `json:"unit,omitempty"`
}

// SeatPrice is the price of one seat before fees and taxes.
type SeatPrice struct {
	Seat     string `json:"seat"`
	Category string `json:"category"`
	Price    Money  `json:"price"`
}

// NewQuote prices seats by a show's terms. It refuses, with every problem
// named, seats the layout does not have, repeats, more than MaxSeats, and half a
// sofa; and a total that the payment provider does not charge. Codes:
// validation_failed, show_not_on_sale.
func NewQuote(terms Terms, seats []string) (Quote, error) {
	if err := checkSeats(terms.Layout, seats); err != nil {
		return Quote{}, err
	}
	quote := Quote{Seats: make([]SeatPrice, 0, len(seats))}
	var sum int64
	for _, seat := range ReadSeats(seats) {
		category, _ := terms.Layout.Category(seat)
		price, ok := terms.Prices[category]
		if !ok {
			return Quote{}, fmt.Errorf("quote: show %s has no price for category %q", terms.ShowID, category)
		}
		sum += price
		quote.Seats = append(quote.Seats, SeatPrice{seat, category, Money{price, terms.Currency}})
	}
	quote.Fees = Money{terms.FeePerSeat * int64(len(seats)), terms.Currency}
	unit := terms.Limits.unit()
	quote.Taxes = Money{terms.Limits.Tax(sum, terms.TaxBasisPoints), terms.Currency}
	quote.Total = Money{sum, terms.Currency}.Add(quote.Fees).Add(quote.Taxes)
	if unit > 1 {
		quote.Unit = unit
	}
	if err := terms.Limits.refuse(quote.Total); err != nil {
		return Quote{}, err
	}
	return quote, nil
}

// SortSeats gives the seats in the one order in which claims are taken, so that
// two bookings never wait for each other crosswise. Bytewise, as the database
// sorts them.
func SortSeats(seats []string) []string {
	sorted := slices.Clone(seats)
	slices.Sort(sorted)
	return sorted
}

// ReadSeats gives the seats in the order in which people read them: A2 before A10.
func ReadSeats(seats []string) []string {
	return slices.SortedFunc(slices.Values(seats), natural)
}

// natural compares runs of digits as numbers, and the rest bytewise.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := leading(a), leading(b)
		if c := compareRuns(a[:x], b[:y]); c != 0 {
			return c
		}
		a, b = a[x:], b[y:]
	}
	return cmp.Compare(len(a), len(b))
}

// leading is the length of the first run, of digits or of other characters.
func leading(s string) int {
	end := 1
	for end < len(s) && isDigit(s[end]) == isDigit(s[0]) {
		end++
	}
	return end
}

func compareRuns(a, b string) int {
	if !isDigit(a[0]) || !isDigit(b[0]) {
		return cmp.Compare(a, b)
	}
	x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(len(a), len(b)))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func checkSeats(layout Layout, seats []string) error {
	if len(seats) == 0 {
		return Invalid(FieldError{"seats", "Choose at least one seat."})
	}
	if len(seats) > MaxSeats {
		return Invalid(FieldError{"seats", fmt.Sprintf("A booking has at most %d seats; this one has %d.", MaxSeats, len(seats))})
	}
	var fieldErrors FieldErrors
	seen := map[string]bool{}
	for i, seat := range seats {
		field := fmt.Sprintf("seats[%d]", i)
		if _, ok := layout.Category(seat); !ok {
			fieldErrors.Add(field, "This show has no seat %q. Choose from its seat map.", clip(seat))
		} else if seen[seat] {
			fieldErrors.Add(field, "Seat %q is named twice.", seat)
		}
		seen[seat] = true
	}
	if err := fieldErrors.Err(); err != nil {
		return err
	}
	return checkSofas(layout, seen)
}

// checkSofas refuses half a sofa. A row's sofa seats pair up in their order:
// first with second, third with fourth.
func checkSofas(layout Layout, chosen map[string]bool) error {
	var fieldErrors FieldErrors
	for _, row := range layout.Rows {
		var sofas []string
		for _, seat := range row.Seats {
			if seat.Type == SeatSofa {
				sofas = append(sofas, seat.ID)
			}
		}
		for i := 0; i+1 < len(sofas); i += 2 {
			if chosen[sofas[i]] != chosen[sofas[i+1]] {
				fieldErrors.Add("seats", "A sofa is sold whole: take %s and %s together.", sofas[i], sofas[i+1])
			}
		}
	}
	return fieldErrors.Err()
}

// Share is a part of the total in percent, rounded down to what can be given back.
func (q Quote) Share(percent int64) Money {
	return Money{q.roundDown(q.Total.Amount * min(max(percent, 0), 100) / 100), q.Total.Currency}
}

func (q Quote) roundDown(amount int64) int64 { return amount - amount%max(q.Unit, 1) }

func clip(s string) string {
	if len(s) > 20 {
		s = s[:20] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
