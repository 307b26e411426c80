package booking

import (
	"strconv"
	"time"
)

// HouseTerms say that a show is sold by its theater's own system, the house: whose seats
// they are, and how the house names what we sell. They travel with the hold.
type HouseTerms struct {
	TheaterID string `json:"theater_id"`
	Adapter   string `json:"adapter"` // of internal/houses, for example "session"
	// Show is the house's own id of the show.
	Show string `json:"show"`
	// Seats are the booking's seats as the house knows them.
	Seats []HouseSeat `json:"seats"`
	// Allotted says that the house has given us these seats: our database decides about them,
	// and the house is told later.
	Allotted bool `json:"allotted,omitempty"`
}

// Total is what the house is paid for the seats: our fees and taxes are not its business.
func (t HouseTerms) Total() Money {
	var total Money
	for _, seat := range t.Seats {
		total = Money{Amount: total.Amount + seat.Price.Amount, Currency: seat.Price.Currency}
	}
	return total
}

// HouseSeat is one seat as the house knows it.
type HouseSeat struct {
	Seat string `json:"seat"` // ours, for example "C7"
	// Address and Category are the house's own; only its adapter reads them.
	Address  string `json:"address"`
	Category string `json:"category"`
	Price    Money  `json:"price"` // the house's
}

// HouseOrder names the seats that one booking wants of a house. Adapters derive every id that
// the house asks for from BookingID and Attempt, never from time or chance.
type HouseOrder struct {
	BookingID string `json:"booking_id"`
	// Attempt is 1 for the first order of a booking.
	Attempt int        `json:"attempt"`
	Terms   HouseTerms `json:"terms"`
	// Reference is the house's own id of the order; empty until it has answered to a hold.
	Reference string `json:"reference,omitempty"`
}

// Key names the order: the same for each repeat.
func (o HouseOrder) Key() string { return o.BookingID + "-" + strconv.Itoa(o.Attempt) }

// HouseOrderStatus is where an order stands in a house's own books.
type HouseOrderStatus string

// The statuses of an order. None means that the house does not know it; lapsed, that its hold
// ran out or was released; confirming, that the house has not decided about the sale.
const (
	HouseNone       HouseOrderStatus = "none"
	HouseHeld       HouseOrderStatus = "held"
	HouseConfirming HouseOrderStatus = "confirming"
	HouseConfirmed  HouseOrderStatus = "confirmed"
	HouseCancelled  HouseOrderStatus = "cancelled"
	HouseLapsed     HouseOrderStatus = "lapsed"
)

// HouseState is what a house says of an order.
type HouseState struct {
	// Key is HouseOrder.Key, where the house gives it back.
	Key       string           `json:"key,omitempty"`
	Status    HouseOrderStatus `json:"status"`
	Reference string           `json:"reference,omitempty"` // the house's own id
	Show      string           `json:"show,omitempty"`      // the house's own id
	// Left is how long the house still holds the seats, counted from its answer, so that
	// no clock is compared with another. Zero: the house does not say.
	Left time.Duration `json:"left,omitempty"`
	// Total is what the house wants for the seats.
	Total Money `json:"total"`
	// Addresses are the seats, as the house names them.
	Addresses []string `json:"addresses,omitempty"`
	// Number is what the house calls the sale, and Codes opens its doors, by address.
	Number string            `json:"number,omitempty"`
	Codes  map[string]string `json:"codes,omitempty"`
}

// HouseHold is what a house has promised to a booking, as our books keep it.
type HouseHold struct {
	Reference string    `json:"reference"`
	ExpiresAt time.Time `json:"expires_at"` // our own hold's end, which is before the house's
	// ExpiresIn is the time left of our own hold by the database's clock.
	ExpiresIn time.Duration `json:"expires_in"`
}

// HouseSale is a sale by a house, with what its doors want to see.
type HouseSale struct {
	Reference string `json:"reference"`
	Number    string `json:"number"`
	// Codes opens the house's doors, by our name of the seat.
	Codes map[string]string `json:"codes"`
}

// HousePage is one page of a house's program.
type HousePage struct {
	Shows []HouseShow `json:"shows"`
	// Next continues the program: from the next page, or from the next change.
	Next string `json:"next"`
	More bool   `json:"more"` // there is another page now
	// Full says that the pages, this one and those before and after it, are the whole program
	// and not only what changed. Only a full program stops the sale of a show that is not
	// in it.
	Full bool `json:"full"`
}

// HouseShow is a show as a house lists it.
type HouseShow struct {
	ID        string    `json:"id"` // the house's own
	Movie     HouseFilm `json:"movie"`
	Screen    string    `json:"screen"` // its name
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	Format    string    `json:"format"`
	Language  string    `json:"language"`
	Cancelled bool      `json:"cancelled"`
	// OpenUntil is the house's own cut-off of sales; zero is the start of the show.
	OpenUntil time.Time `json:"open_until,omitzero"`
	// Categories are the prices.
	Categories []HouseCategory `json:"categories"`
	// Rows are the seating, the row nearest to the screen first.
	Rows []HouseRow `json:"rows"`
	// Version changes with every change of the show, where the house says so.
	Version string `json:"version,omitempty"`
}

// HouseFilm is a film as a house names it.
type HouseFilm struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes"`
}

// HouseCategory is a price category of a house.
type HouseCategory struct {
	ID    string `json:"id"` // the house's own
	Name  string `json:"name"`
	Price Money  `json:"price"`
}

// HouseRow is a row of seats that share a category.
type HouseRow struct {
	Label    string           `json:"label"`
	Category string           `json:"category"` // HouseCategory.ID
	Seats    []HouseRowedSeat `json:"seats"`
}

// HouseRowedSeat is a place in a row.
type HouseRowedSeat struct {
	Name    string   `json:"name"`    // as printed, without the row: "7"
	Address string   `json:"address"` // the house's own
	X       float64  `json:"x"`       // its place along the row, in seat widths
	Type    SeatType `json:"type"`
}

// HouseTaken is what a house cannot sell now.
type HouseTaken struct {
	// Addresses are the seats that are held or sold there, ours among them.
	Addresses []string  `json:"addresses"`
	AsOf      time.Time `json:"as_of"`
	Exact     bool      `json:"exact"` // false: the house answers from a cache of its own
}

// HousePageOfSales is one page of the orders of ours in a house's books.
type HousePageOfSales struct {
	Orders []HouseState `json:"orders"`
	Next   string       `json:"next,omitempty"` // empty on the last page
}
