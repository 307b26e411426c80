package session_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/houses/housestest"
	"github.com/boxoffice/boxoffice/internal/houses/session"
	"github.com/boxoffice/boxoffice/sandbox/house"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var _ activities.House = (*session.House)(nil)

const token = "the access token of the tests"

func TestConformance(t *testing.T) {
	t.Parallel()
	housestest.Run(t, housestest.Setup{
		New: func(t *testing.T) housestest.Harness {
			address := sandboxtest.New(t)
			box := housestest.NewBox(t, address, map[string]any{"style": "session", "token": token})
			base := address + "/house/" + box.Site + "/session"
			return box.Harness(t, newHouse(t, base, token), newHouse(t, base, "another token"))
		},
		NamesSeats: true, AlwaysCached: true,
	})
}

func newHouse(t *testing.T, address, token string) *session.House {
	t.Helper()
	house, err := session.New(session.Options{Address: address, Token: token, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return house
}

// The rooms that the sandbox makes by itself can be sold by us.
func TestTheSandboxsRoomsFit(t *testing.T) {
	t.Parallel()
	address := sandboxtest.New(t)
	require.NoError(t, house.Seed(t.Context(), http.DefaultClient, address, "rex", house.Settings{
		Style: "session", TimeZone: "Asia/Kolkata", Currency: "INR", Token: token,
		Films: []house.Film{{ID: "kite", Title: "The Kite", Minutes: 112}},
	}))
	theater := newHouse(t, address+"/house/rex/session", token)
	var shows []booking.HouseShow
	for page := (booking.HousePage{More: true}); page.More; shows = append(shows, page.Shows...) {
		var err error
		page, err = theater.Program(t.Context(), page.Next)
		require.NoError(t, err)
	}
	rooms := map[string]int{}
	for _, show := range shows {
		var layout booking.Layout
		for _, row := range show.Rows {
			ours := booking.Row{Label: row.Label, Category: row.Category}
			for _, seat := range row.Seats {
				ours.Seats = append(ours.Seats, booking.Seat{ID: row.Label + seat.Name, X: seat.X, Type: seat.Type})
			}
			layout.Rows = append(layout.Rows, ours)
		}
		rules.Report(func(field, format string, args ...any) { assert.Failf(t, field, format, args...) }).Layout(layout)
		rooms[show.Screen] = layout.Capacity()
	}
	assert.Len(t, rooms, 2)
}
