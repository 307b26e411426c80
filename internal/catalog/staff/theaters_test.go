package staff_test

import (
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func TestTheaterFromCreationToRestoration(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	created, err := o.store.CreateTheater(t.Context(), o.admin, staff.TheaterFields{
		City: new("pune"), Name: new("Lotus"), Address: new("2 Side Street"), Lat: new(18.53), Lon: new(73.84),
		Amenities: &[]string{"parking", "cafe", "parking"}, Accessibility: &[]string{"hearing_loop"},
	})
	require.NoError(t, err)
	assert.Equal(t, "lotus-pune", created.Slug, "the first Lotus has the short one")
	assert.Equal(t, "Asia/Kolkata", created.TimeZone, "the city's")
	assert.Equal(t, "INR", created.Currency, "the city's")
	assert.Equal(t, []string{"cafe", "parking"}, created.Amenities)
	assert.Equal(t, 120, created.AccessibleReleaseMinutes, "the usual")

	o.exec(`INSERT INTO theater_managers (account_id, theater_id) VALUES ($1, $2)`, o.manager.AccountID, created.ID)
	changed, err := o.store.EditTheater(t.Context(), o.manager, created.ID, staff.TheaterFields{
		Accessibility: &[]string{"step_free_access"}, TimeZone: new("Asia/Dubai"), Currency: new("AED"),
		AccessibleReleaseMinutes: new(0)}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"step_free_access"}, changed.Accessibility)
	assert.Equal(t, created.Amenities, changed.Amenities)
	assert.Zero(t, changed.AccessibleReleaseMinutes)
	read, err := o.store.Theater(t.Context(), created.ID)
	require.NoError(t, err)
	assert.Equal(t, rendered(t, changed), rendered(t, read))

	for range 2 {
		retired, err := o.store.RetireTheater(t.Context(), o.admin, created.ID, nil)
		require.NoError(t, err)
		assert.NotNil(t, retired.RetiredAt)
	}
	_, err = o.store.CreateScreen(t.Context(), o.manager, staff.ScreenFields{TheaterID: new(created.ID.String()), Name: new("One")})
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
	_, err = o.store.RestoreTheater(t.Context(), o.admin, created.ID, nil)
	require.NoError(t, err)

	log := o.log("theater", created.ID)
	require.Len(t, log, 4)
	assert.Equal(t, "change", log[2].Action)
	assert.Equal(t, o.manager.AccountID, *log[2].ActorID)
	assert.Equal(t, created.ID, *log[2].TheaterID)
	assert.JSONEq(t, rendered(t, created), string(log[2].Before))
	assert.JSONEq(t, rendered(t, changed), string(log[2].After))
}

func TestTheaterNamesEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, err := o.store.CreateTheater(t.Context(), o.admin, staff.TheaterFields{
		City: new("atlantis"), Name: new(""), Address: new("1 Main\nStreet"), Lat: new(90.01), Lon: new(math.NaN()), TimeZone: new("Mars/Base"),
		Currency: new("XYZ"), Amenities: &[]string{"Parking"}, Accessibility: &[]string{"ok", ""},
		AccessibleReleaseMinutes: new(10_081),
	})
	assert.Equal(t, []string{"city", "name", "address", "lat", "lon", "time_zone", "currency", "amenities[0]", "accessibility[1]", "accessible_release_minutes"}, fieldsOf(t, err))
	_, err = o.store.CreateTheater(t.Context(), o.admin, staff.TheaterFields{})
	assert.Equal(t, []string{"city", "name", "address", "lat", "lon"}, fieldsOf(t, err))
	for _, zone := range []string{"", "Local", "localtime", "right/Europe/Paris", "../etc/passwd", "asia/nowhere", "Asia/Kolkata\x00", "'; --"} {
		_, err = o.store.EditTheater(t.Context(), o.admin, o.theater, staff.TheaterFields{TimeZone: &zone}, nil)
		assert.Equal(t, []string{"time_zone"}, fieldsOf(t, err), zone)
	}
	for _, currency := range []string{"", "inr", "RUPEE", "123"} {
		_, err = o.store.EditTheater(t.Context(), o.admin, o.theater, staff.TheaterFields{Currency: &currency}, nil)
		assert.Equal(t, []string{"currency"}, fieldsOf(t, err), currency)
	}
}

// The times on tickets, and the prices on cards, keep their meaning.
func TestTheaterKeepsItsClockAndMoneyWhileTheyAreRelied(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	screen := o.screen(o.theater, "One")
	show := o.show(o.movie("Dune").ID, screen, o.layout(screen.ID), "1 day")
	o.exec(`INSERT INTO price_cards (id, theater_id, name, prices) VALUES (gen_random_uuid(), $1, 'Standard', '{"gold": 1}')`, o.theater)
	_, err := o.store.EditTheater(t.Context(), o.manager, o.theater, staff.TheaterFields{TimeZone: new("Asia/Dubai")}, nil)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
	assert.ErrorContains(t, err, "1 scheduled show")
	_, err = o.store.EditTheater(t.Context(), o.manager, o.theater, staff.TheaterFields{Currency: new("AED")}, nil)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
	_, err = o.store.EditTheater(t.Context(), o.manager, o.theater,
		staff.TheaterFields{TimeZone: new("Asia/Kolkata"), Currency: new("INR"), Name: new("Lotus, Camp")}, nil)
	assert.NoError(t, err, "to say again what is so is no change")
	o.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, show)
	_, err = o.store.EditTheater(t.Context(), o.manager, o.theater, staff.TheaterFields{TimeZone: new("Asia/Dubai")}, nil)
	assert.NoError(t, err)
}

func TestListOfTheaters(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	list := func(actor audit.Actor, f staff.TheaterFilter) (names []string) {
		for {
			items, next, err := o.store.Theaters(t.Context(), actor, f)
			require.NoError(t, err)
			for _, item := range items {
				names = append(names, item.Name)
			}
			if f.Cursor = next; next == "" {
				return names
			}
		}
	}
	assert.Equal(t, []string{"Lotus", "Regal"}, list(o.manager, staff.TheaterFilter{Limit: 1}))
	assert.Equal(t, []string{"Lotus"}, list(o.manager, staff.TheaterFilter{Mine: true}))
	assert.Equal(t, []string{"Lotus", "Regal"}, list(o.admin, staff.TheaterFilter{Mine: true, City: "pune"}))
	assert.Empty(t, list(o.support, staff.TheaterFilter{Mine: true}))
	assert.Empty(t, list(o.admin, staff.TheaterFilter{Retired: new(true)}))
	_, _, err := o.store.Theaters(t.Context(), o.admin, staff.TheaterFilter{City: "atlantis", Cursor: "x"})
	assert.ElementsMatch(t, []string{"city", "cursor"}, fieldsOf(t, err))
}

func TestScreenFromCreationToRestoration(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	created, err := o.store.CreateScreen(t.Context(), o.manager, staff.ScreenFields{TheaterID: new(o.theater.String()), Name: new(" Audi 1 ")})
	require.NoError(t, err)
	assert.Equal(t, "Audi 1", created.Name)
	assert.Equal(t, 15, created.CleaningMinutes)
	assert.Nil(t, created.Layout)
	changed, err := o.store.EditScreen(t.Context(), o.manager, created.ID, staff.ScreenFields{CleaningMinutes: new(0)}, nil)
	require.NoError(t, err)
	assert.Zero(t, changed.CleaningMinutes)
	assert.Equal(t, created.Name, changed.Name)
	for range 2 {
		_, err = o.store.RetireScreen(t.Context(), o.manager, created.ID, nil)
		require.NoError(t, err)
	}
	retired, _, err := o.store.Screens(t.Context(), staff.ScreenFilter{TheaterID: o.theater.String(), Retired: new(true)})
	require.NoError(t, err)
	require.Len(t, retired, 1)
	_, err = o.store.RetireTheater(t.Context(), o.admin, o.theater, nil)
	require.NoError(t, err)
	_, err = o.store.RestoreScreen(t.Context(), o.manager, created.ID, nil)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), "not in a closed house")
	_, err = o.store.RestoreTheater(t.Context(), o.admin, o.theater, nil)
	require.NoError(t, err)
	restored, err := o.store.RestoreScreen(t.Context(), o.manager, created.ID, nil)
	require.NoError(t, err)
	assert.Nil(t, restored.RetiredAt)

	log := o.log("screen", created.ID)
	require.Len(t, log, 4)
	assert.Equal(t, o.theater, *log[0].TheaterID)
	assert.JSONEq(t, rendered(t, changed), string(log[2].After))
}

func TestScreenRefusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	one, two, foreign := o.screen(o.theater, "One"), o.screen(o.theater, "Two"), o.screen(o.other, "One")
	for name, c := range map[string]struct {
		try    func() error
		code   booking.Code
		fields []string
	}{
		"nothing": {func() error { _, err := o.store.CreateScreen(t.Context(), o.admin, staff.ScreenFields{}); return err },
			booking.CodeValidation, []string{"theater_id", "name"}},
		"wrong": {func() error {
			_, err := o.store.CreateScreen(t.Context(), o.admin, staff.ScreenFields{TheaterID: new("lotus"), Name: new("x\u202ey"), CleaningMinutes: new(241)})
			return err
		}, booking.CodeValidation, []string{"theater_id", "name", "cleaning_minutes"}},
		"no such theater": {func() error {
			_, err := o.store.CreateScreen(t.Context(), o.admin, staff.ScreenFields{TheaterID: new(uuid.NewString()), Name: new("x")})
			return err
		}, booking.CodeValidation, []string{"theater_id"}},
		"another's theater": {func() error {
			_, err := o.store.CreateScreen(t.Context(), o.manager, staff.ScreenFields{TheaterID: new(o.other.String()), Name: new("x")})
			return err
		}, booking.CodeForbidden, nil},
		"a name that is taken": {func() error {
			_, err := o.store.CreateScreen(t.Context(), o.manager, staff.ScreenFields{TheaterID: new(o.theater.String()), Name: new("One")})
			return err
		}, booking.CodeConflict, []string{"name"}},
		"another's name": {func() error {
			_, err := o.store.EditScreen(t.Context(), o.manager, two.ID, staff.ScreenFields{Name: new("One")}, nil)
			return err
		}, booking.CodeConflict, []string{"name"}},
		"another theater": {func() error {
			_, err := o.store.EditScreen(t.Context(), o.admin, one.ID, staff.ScreenFields{TheaterID: new(o.other.String())}, nil)
			return err
		}, booking.CodeValidation, []string{"theater_id"}},
		"another's screen": {func() error {
			_, err := o.store.EditScreen(t.Context(), o.manager, foreign.ID, staff.ScreenFields{Name: new("x")}, nil)
			return err
		}, booking.CodeForbidden, nil},
		"no such screen": {func() error { _, err := o.store.RetireScreen(t.Context(), o.admin, uuid.New(), nil); return err },
			booking.CodeNotFound, nil},
		"no such list": {func() error {
			_, _, err := o.store.Screens(t.Context(), staff.ScreenFilter{TheaterID: "lotus", Cursor: "x"})
			return err
		}, booking.CodeValidation, []string{"cursor", "theater_id"}},
	} {
		err := c.try()
		assert.Equal(t, c.code, booking.CodeOf(err), "%s: %v", name, err)
		assert.Equal(t, c.fields, fieldsOf(t, err), name)
	}
	assert.Len(t, o.log("screen", one.ID), 1)
	assert.Len(t, o.log("screen", foreign.ID), 1)
}

// A script that has lost its end does not fill the catalog.
func TestNumberOfTheatersScreensCardsAndLayoutsIsLimited(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	screen := o.screen(o.theater, "One")
	o.exec(`INSERT INTO theaters (id, city_id, slug, name, address, lat, lon, time_zone, currency)
		SELECT gen_random_uuid(), city_id, 'house-' || n, 'House', address, lat, lon, time_zone, currency
		FROM theaters, generate_series(1, 998) n WHERE id = $1`, o.theater)
	o.exec(`INSERT INTO screens (id, theater_id, name) SELECT gen_random_uuid(), $1, 'Screen ' || n FROM generate_series(1, 99) n`, o.theater)
	o.exec(`INSERT INTO price_cards (id, theater_id, name, prices) SELECT gen_random_uuid(), $1, 'Card ' || n, '{"gold": 100}' FROM generate_series(1, 200) n`, o.theater)
	o.exec(`INSERT INTO layouts (id, screen_id, version, capacity, layout) SELECT gen_random_uuid(), $1, n, 1, '{}' FROM generate_series(1, 1000) n`, screen.ID)

	for name, create := range map[string]func() error{
		"A city has at most 1000 theaters.": func() error {
			_, err := o.store.CreateTheater(t.Context(), o.admin, staff.TheaterFields{City: new("pune"), Name: new("One more"), Address: new("1 Main Street"), Lat: new(18.5), Lon: new(73.8)})
			return err
		},
		"A theater has at most 100 screens, retired ones included.": func() error {
			_, err := o.store.CreateScreen(t.Context(), o.manager, staff.ScreenFields{TheaterID: new(o.theater.String()), Name: new("One more")})
			return err
		},
		"A theater has at most 200 price cards.": func() error {
			_, err := o.store.CreatePriceCard(t.Context(), o.manager, staff.NewPriceCard{TheaterID: o.theater.String(), Name: new("One more"),
				Charges: staff.Charges{Prices: &map[string]booking.Money{"gold": {Amount: 100, Currency: "INR"}}}})
			return err
		},
		"A screen has at most 1000 versions of its layout.": func() error {
			_, err := o.store.CreateLayout(t.Context(), o.manager, screen.ID, twoRows())
			return err
		},
	} {
		err := create()
		assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), "%s: %v", name, err)
		assert.ErrorContains(t, err, name)
	}
}

// Lists are in the order that readers expect, page by page.
func TestNamesAreInTheOrderOfUnicode(t *testing.T) {
	t.Parallel()
	o := newOffice(t) // with Lotus and Regal
	want := []string{"“Quoted”", "Álamo", "Beta 2", "beta 10", "éclair", "Łódź", "Lotus", "Regal", "Zebra"}
	for _, name := range []string{"Zebra", "éclair", "“Quoted”", "Łódź", "beta 10", "Álamo", "Beta 2"} {
		o.house(name)
	}
	var names []string
	for cursor := ""; len(names) == 0 || cursor != ""; {
		page, next, err := o.store.Theaters(t.Context(), o.admin, staff.TheaterFilter{Limit: 2, Cursor: cursor})
		require.NoError(t, err)
		for _, theater := range page {
			names = append(names, theater.Name)
		}
		cursor = next
	}
	assert.Equal(t, want, names)

	for _, name := range []string{"Screen 10", "Screen 2", "Screen 1"} {
		o.screen(o.theater, name)
	}
	screens, _, err := o.store.Screens(t.Context(), staff.ScreenFilter{TheaterID: o.theater.String(), Limit: 10})
	require.NoError(t, err)
	require.Len(t, screens, 3)
	assert.Equal(t, []string{"Screen 1", "Screen 2", "Screen 10"}, []string{screens[0].Name, screens[1].Name, screens[2].Name})
}
