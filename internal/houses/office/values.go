package office

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// zone finds the zone that the office names, as IANA or as Windows does.
func zone(name string) (*time.Location, error) {
	if other, windows := windowsZones[name]; windows {
		name = other
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("no time zone %q", name)
	}
	return time.LoadLocation(name)
}

// localLayout is a time without its zone.
const localLayout = "2006-01-02T15:04:05"

// local reads a time of the office. In the hour that comes twice in autumn it has two
// meanings; in the one that is left out in spring it is taken by the winter's clock and by
// the summer's. Else both are one.
func local(text, zoneName string) (earlier, later time.Time, err error) {
	place, err := zone(zoneName)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	wall, err := time.Parse(localLayout, text)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("no local time: %q", text)
	}
	// A day on either side has the offsets before and after a change.
	first := wall.Add(-offset(wall.Add(-24*time.Hour), place))
	second := wall.Add(-offset(wall.Add(24*time.Hour), place))
	if shows(first, wall, place) != shows(second, wall, place) {
		if shows(first, wall, place) {
			return first, first, nil
		}
		return second, second, nil
	}
	if second.Before(first) {
		first, second = second, first
	}
	return first, second, nil
}

// offset is how far the zone's clocks are ahead of UTC.
func offset(at time.Time, place *time.Location) time.Duration {
	_, seconds := at.In(place).Zone()
	return time.Duration(seconds) * time.Second
}

// shows tells whether the zone's clocks show that time at an instant.
func shows(at, wall time.Time, place *time.Location) bool {
	return at.In(place).Format(localLayout) == wall.Format(localLayout)
}

// money reads an amount with a point, such as 12.50, exactly.
func money(text, currency string) (booking.Money, error) {
	whole, part, _ := strings.Cut(text, ".")
	digits := booking.Exponent(currency)
	part = strings.TrimRight(part, "0")
	if len(currency) != 3 || len(part) > digits {
		return booking.Money{}, fmt.Errorf("no amount of %q: %q", currency, text)
	}
	amount, err := strconv.ParseUint(whole+part+strings.Repeat("0", digits-len(part)), 10, 52)
	if err != nil || whole == "" {
		return booking.Money{}, fmt.Errorf("no amount: %q", text)
	}
	return booking.Money{Amount: int64(amount), Currency: currency}, nil
}
