package office

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestLocalTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, zone, earlier, later string }{
		{"2026-07-01T20:00:00", "Eastern Standard Time", "2026-07-02T00:00:00Z", "2026-07-02T00:00:00Z"},
		{"2026-01-01T20:00:00", "Eastern Standard Time", "2026-01-02T01:00:00Z", "2026-01-02T01:00:00Z"},
		{"2026-07-01T20:00:00", "India Standard Time", "2026-07-01T14:30:00Z", "2026-07-01T14:30:00Z"},
		{"2026-07-01T20:00:00", "UTC", "2026-07-01T20:00:00Z", "2026-07-01T20:00:00Z"},
		// New York, 8 March 2026: 02:00 to 03:00 is left out.
		{"2026-03-08T01:59:59", "America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T06:59:59Z"},
		{"2026-03-08T02:30:00", "America/New_York", "2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z"},
		{"2026-03-08T03:00:00", "America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
		// 1 November 2026: 01:00 to 02:00 comes twice.
		{"2026-11-01T00:59:59", "America/New_York", "2026-11-01T04:59:59Z", "2026-11-01T04:59:59Z"},
		{"2026-11-01T01:00:00", "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"},
		{"2026-11-01T01:59:59", "America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T06:59:59Z"},
		{"2026-11-01T02:00:00", "America/New_York", "2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z"},
		// Berlin, 29 March and 25 October 2026.
		{"2026-03-29T02:30:00", "W. Europe Standard Time", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"},
		{"2026-10-25T02:30:00", "W. Europe Standard Time", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		// Lord Howe Island changes by half an hour.
		{"2026-04-05T01:45:00", "Lord Howe Standard Time", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
	} {
		earlier, later, err := local(c.text, c.zone)
		require.NoError(t, err, c.text)
		assert.Equal(t, c.earlier, earlier.UTC().Format(time.RFC3339), "%s %s", c.text, c.zone)
		assert.Equal(t, c.later, later.UTC().Format(time.RFC3339), "%s %s", c.text, c.zone)
	}
	for _, wrong := range []string{"", "2026-11-01", "2026-11-01T01:00:00Z", "2026-11-01T01:00", "2026-02-30T01:00:00"} {
		_, _, err := local(wrong, "UTC")
		assert.Error(t, err, wrong)
	}
}

func TestEveryWindowsZoneIsKnown(t *testing.T) {
	t.Parallel()
	for name := range windowsZones {
		_, err := zone(name)
		assert.NoError(t, err, name)
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64
	}{
		{"12.50", "EUR", 1250}, {"12.5", "EUR", 1250}, {"12", "EUR", 1200}, {"0", "EUR", 0}, {"0.05", "EUR", 5}, {"12.500", "EUR", 1250},
		{"1800", "JPY", 1800}, {"1800.00", "JPY", 1800}, {"4.570", "KWD", 4570},
	} {
		got, err := money(c.text, c.currency)
		require.NoError(t, err, c.text)
		assert.Equal(t, booking.Money{Amount: c.want, Currency: c.currency}, got)
	}
	for _, wrong := range []string{"", ".", ".5", "12.505", "-1", "+1", "1e3", "1,50", "1.-5", "1.+5", " 1", "99999999999999999999", "1.2.3", "₹1"} {
		_, err := money(wrong, "EUR")
		assert.Error(t, err, wrong)
	}
	_, err := money("1", "")
	assert.Error(t, err)
}

// What is left of a hold that was made in the hour that comes twice, or across a change.
func TestLeftOverTheChangeOfTheClock(t *testing.T) {
	t.Parallel()
	house := &House{holdFor: 10 * time.Minute}
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parsed
	}
	for _, c := range []struct {
		name, reserved, now string
		want                time.Duration
	}{
		{"before the change", "2026-11-01T00:58:00", "2026-11-01T05:01:00Z", 7 * time.Minute},
		{"the first time", "2026-11-01T01:58:00", "2026-11-01T06:01:00Z", 7 * time.Minute},
		{"the second time", "2026-11-01T01:58:00", "2026-11-01T07:01:00Z", 7 * time.Minute},
		{"in spring", "2026-03-08T01:58:00", "2026-03-08T07:01:00Z", 7 * time.Minute},
		{"just made", "2026-07-01T12:00:01", "2026-07-01T16:00:00Z", 10 * time.Minute},
		{"longer than it should be held", "2026-07-01T12:00:00", "2026-07-01T16:30:00Z", time.Second + time.Millisecond},
		{"made in the future", "2026-07-01T13:00:00", "2026-07-01T16:30:00Z", time.Second},
	} {
		left := house.left(heard{answer: answer{Zone: "Eastern Standard Time"}, at: at(c.now)}, order{Reserved: c.reserved})
		assert.Equal(t, c.want-time.Second, left, c.name)
	}
	assert.Zero(t, house.left(heard{answer: answer{Zone: "Eastern Standard Time"}}, order{Reserved: "2026-07-01T12:00:00"}), "no clock")
	assert.Zero(t, house.left(heard{answer: answer{Zone: "Eastern Standard Time"}, at: time.Now()}, order{}), "no time")
}
