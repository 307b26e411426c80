package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone, wall string
		moments    []string
	}{
		"a plain day":                     {"Asia/Kolkata", "2026-11-22T18:30", []string{"2026-11-22T13:00:00Z"}},
		"summer":                          {"Europe/London", "2026-07-01T20:00", []string{"2026-07-01T19:00:00Z"}},
		"winter":                          {"Europe/London", "2026-12-01T20:00", []string{"2026-12-01T20:00:00Z"}},
		"the minute before the gap":       {"Europe/London", "2026-03-29T00:59", []string{"2026-03-29T00:59:00Z"}},
		"the first minute of the gap":     {"Europe/London", "2026-03-29T01:00", nil},
		"the last minute of the gap":      {"Europe/London", "2026-03-29T01:59", nil},
		"the minute after the gap":        {"Europe/London", "2026-03-29T02:00", []string{"2026-03-29T01:00:00Z"}},
		"the evening after the gap":       {"Europe/London", "2026-03-29T18:30", []string{"2026-03-29T17:30:00Z"}},
		"shown twice":                     {"Europe/London", "2026-10-25T01:30", []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}},
		"no more shown twice":             {"Europe/London", "2026-10-25T02:00", []string{"2026-10-25T02:00:00Z"}},
		"the other side of the ocean":     {"America/New_York", "2026-03-08T02:30", nil},
		"half an hour put forward":        {"Australia/Lord_Howe", "2026-10-04T02:15", nil},
		"half an hour put back":           {"Australia/Lord_Howe", "2026-04-05T01:45", []string{"2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"}},
		"a day that was left out":         {"Pacific/Apia", "2011-12-30T12:00", nil},
		"the day before the one left out": {"Pacific/Apia", "2011-12-29T12:00", []string{"2011-12-29T22:00:00Z"}},
		"fourteen hours ahead":            {"Pacific/Kiritimati", "2026-01-01T00:00", []string{"2025-12-31T10:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			wall, err := time.Parse(localMinute, c.wall)
			require.NoError(t, err)
			var got []string
			for _, moment := range OnClock(wall, zone) {
				got = append(got, moment.UTC().Format(time.RFC3339))
			}
			assert.Equal(t, c.moments, got)
		})
	}
}

// Every minute of a year is shown by its own clock at the moment that is found
// for it.
func TestOnClockIsTheInverseOfTheClock(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		for moment := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); moment.Year() == 2026; moment = moment.Add(15 * time.Minute) {
			wall, err := time.Parse(LocalSecond, moment.In(zone).Format(LocalSecond))
			require.NoError(t, err)
			found := false
			for _, back := range OnClock(wall, zone) {
				found = found || back.Equal(moment)
			}
			require.True(t, found, "%s at %s", name, moment)
		}
	}
}

func TestLocalStart(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	for text, c := range map[string]struct{ start, problem string }{
		"2026-03-29T18:30":       {start: "2026-03-29T17:30:00Z"},
		"2026-03-29T18:30:00":    {start: "2026-03-29T17:30:00Z"},
		"2026-10-25T01:30+01:00": {start: "2026-10-25T00:30:00Z"},
		"2026-10-25T01:30+00:00": {start: "2026-10-25T01:30:00Z"},
		"2026-10-25T01:30Z":      {start: "2026-10-25T01:30:00Z"},
		"2026-10-25T01:30":       {problem: "Write 2026-10-25T01:30+01:00 or 2026-10-25T01:30Z."},
		"2026-03-29T01:30":       {problem: "does not exist"},
		"2026-03-29T01:30Z":      {problem: "shows 2026-03-29T02:30:00"},
		"2026-07-01T20:00Z":      {problem: "shows 2026-07-01T21:00:00"},
		"2026-07-01T20:00:30":    {problem: "whole minute"},
		"2026-02-30T20:00":       {problem: "for example"},
		"20:00":                  {problem: "for example"},
		"2500-07-01T20:00":       {problem: "2000"},
		"":                       {problem: "for example"},
	} {
		var p []string
		report := Report(func(_, format string, args ...any) { p = append(p, fmt.Sprintf(format, args...)) })
		start, fine := report.LocalStart("local_starts_at", text, zone)
		if c.problem != "" {
			require.Len(t, p, 1, text)
			assert.Contains(t, p[0], c.problem, text)
			assert.False(t, fine, text)
			continue
		}
		assert.Empty(t, p, text)
		assert.True(t, fine, text)
		assert.Equal(t, c.start, start.Format(time.RFC3339), text)
	}
}
