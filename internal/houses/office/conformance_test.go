package office_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/houses/housestest"
	"github.com/boxoffice/boxoffice/internal/houses/office"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

var _ activities.House = (*office.House)(nil)

const (
	user     = "boxoffice"
	password = "password of the tests"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	housestest.Run(t, housestest.Setup{New: newHarness, NoExtend: true, NamesSeats: true, LocalTimes: true})
}

func newHarness(t *testing.T) housestest.Harness {
	t.Helper()
	address := sandboxtest.New(t)
	box := housestest.NewBox(t, address, map[string]any{"style": "office", "user": user, "password": password})
	at := address + "/house/" + box.Site + "/office"
	return box.Harness(t, newHouse(t, at, password), newHouse(t, at, "another"))
}

func newHouse(t *testing.T, address, word string) *office.House {
	t.Helper()
	house, err := office.New(office.Options{
		Address: address, User: user, Password: word, HoldFor: 10 * time.Minute, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return house
}
