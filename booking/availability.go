package booking

// Availability is how full a show is, in words. It is a hint and promises nothing: the seat map is
// exact, and the hold decides.
type Availability string

// From empty to full.
const (
	Plenty    Availability = "plenty"
	Filling   Availability = "filling"    // at most half is free
	LastSeats Availability = "last_seats" // at most a tenth is free
	SoldOut   Availability = "sold_out"
)

// AvailabilityOf says how full a hall is of which so many seats are taken.
func AvailabilityOf(seats, taken int) Availability {
	free := seats - taken
	switch {
	case free <= 0:
		return SoldOut
	case free*10 <= seats:
		return LastSeats
	case free*2 <= seats:
		return Filling
	}
	return Plenty
}
