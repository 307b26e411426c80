package staff

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// What files say is held to the same rules as what staff write (package importer).

// CheckLayout names everything that is wrong with a seating at once. Code:
// validation_failed.
func CheckLayout(layout booking.Layout) error { return checkLayout(layout) }

// LocalStart reads a time on a theater's clock that some moment really has, and
// only one: with its offset behind it when the clock shows it twice. Code:
// validation_failed.
func LocalStart(field, text string, zone *time.Location) (time.Time, error) {
	var p problems
	start, _ := p.localStart(field, text, zone)
	return start, p.err()
}
