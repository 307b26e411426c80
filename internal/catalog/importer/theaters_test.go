package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/schema"
)

var theatersJSON = importer.Options{Kind: importer.Theaters}

func testdata(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(content)
}

func theater(t *testing.T, db *database.DB, slug string) schema.Theater {
	t.Helper()
	var row schema.Theater
	require.NoError(t, db.Bun.NewSelect().Model(&row).Where("slug = ?", slug).Scan(t.Context()))
	return row
}

func layouts(t *testing.T, db *database.DB, screen string) []schema.Layout {
	t.Helper()
	var rows []schema.Layout
	require.NoError(t, db.Bun.NewSelect().Model(&rows).Where("screen_id = (SELECT id FROM screens WHERE name = ?)", screen).Order("version").Scan(t.Context()))
	return rows
}

func TestTheaters(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	r := load(t, db, testdata(t, "theaters.jsonl"), theatersJSON)
	require.Empty(t, r.problems)
	assert.EqualValues(t, 2, r.Added)

	var city schema.City
	require.NoError(t, db.Bun.NewSelect().Model(&city).Scan(t.Context()))
	assert.Equal(t, schema.City{ID: city.ID, Slug: "porto-novo", Name: "Porto Novo", Country: "PT", TimeZone: "Europe/Lisbon",
		Currency: "EUR", Lat: 41.15, Lon: -8.61, CreatedAt: city.CreatedAt}, city)
	h := theater(t, db, "harbor-lights")
	assert.Equal(t, schema.Theater{
		ID: h.ID, Slug: "harbor-lights", CityID: city.ID, Name: "Harbor Lights", Address: "Rua do Cais 4, Porto Novo", Lat: 41.14, Lon: -8.62,
		TimeZone: "Europe/Lisbon", Currency: "EUR", Amenities: []string{"cafe", "parking"}, Accessibility: []string{"hearing_loop"},
		PaymentProviders: []string{}, AccessibleReleaseMinutes: 45,
		CreatedAt: h.CreatedAt, UpdatedAt: h.UpdatedAt,
	}, h)
	assert.Equal(t, 20, query[int](t, db, `SELECT cleaning_minutes FROM screens WHERE name = 'Sala 1'`))
	assert.Equal(t, 15, query[int](t, db, `SELECT cleaning_minutes FROM screens WHERE name = 'Sala 2'`))
	grid := layouts(t, db, "Sala 1")[0]
	assert.Equal(t, 24, grid.Capacity)
	assert.Equal(t, booking.Seat{ID: "D6", X: 6, Type: booking.SeatStandard}, grid.Layout.Rows[3].Seats[5])
	assert.Equal(t, []string{"silver", "gold", "gold", "gold"}, []string{
		grid.Layout.Rows[0].Category, grid.Layout.Rows[1].Category, grid.Layout.Rows[2].Category, grid.Layout.Rows[3].Category})
	assert.Equal(t, booking.SeatCompanion, layouts(t, db, "Sala 2")[0].Layout.Rows[0].Seats[1].Type)

	mill := theater(t, db, "old-mill")
	assert.Equal(t, city.ID, mill.CityID)
	assert.Equal(t, "Atlantic/Azores", mill.TimeZone)
	assert.Equal(t, "USD", mill.Currency)
	assert.Equal(t, 120, mill.AccessibleReleaseMinutes, "the usual")

	at := version(t, db)
	again := theatersJSON
	again.Restart = true
	assert.EqualValues(t, 2, load(t, db, testdata(t, "theaters.jsonl"), again).Unchanged)
	assert.Equal(t, at, version(t, db))
}

func TestTheatersOfACSV(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	o := importer.Options{Kind: importer.Theaters, Format: importer.CSV}
	r := load(t, db, testdata(t, "theaters.csv"), o)
	require.Empty(t, r.problems)
	assert.Equal(t, importer.Summary{Added: 3, Written: true}, r.Summary)
	assert.Equal(t, []string{"cafe", "parking"}, theater(t, db, "harbor-lights").Amenities)
	assert.Equal(t, "Europe/Lisbon", theater(t, db, "old-mill").TimeZone, "the city's")
	assert.Equal(t, 24, layouts(t, db, "Sala 1")[0].Capacity)
	assert.Equal(t, 6, layouts(t, db, "Sala 2")[0].Capacity)

	// The same house from the other format is the same house.
	line := strings.SplitN(testdata(t, "theaters.jsonl"), "\n", 2)[0]
	assert.EqualValues(t, 1, load(t, db, line, theatersJSON).Changed)
	assert.Len(t, layouts(t, db, "Sala 1"), 1)
	assert.Len(t, layouts(t, db, "Sala 2"), 2)
}

func TestTheatersOfACSVResume(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	o := importer.Options{Kind: importer.Theaters, Format: importer.CSV, BatchLines: 1}
	r := load(t, db, testdata(t, "theaters.csv"), o)
	require.Empty(t, r.problems)
	assert.Equal(t, importer.Summary{Added: 3, Written: true}, r.Summary)
	_, err := db.Pool.Exec(t.Context(), `UPDATE imports SET lines_done = 2, finished = false, added = 1`)
	require.NoError(t, err)
	assert.Equal(t, importer.Summary{Added: 1, Unchanged: 2, ResumedAfter: 2, Written: true}, load(t, db, testdata(t, "theaters.csv"), o).Summary)
}

// An edit never changes what a stored layout means: it is the next version.
func TestChangedLayoutIsTheNextVersion(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	load(t, db, testdata(t, "theaters.jsonl"), theatersJSON)
	before := layouts(t, db, "Sala 1")
	r := load(t, db, `{"slug":"harbor-lights","screens":[{"name":"Sala 1","rows":5,"seats_per_row":6,"categories":"gold"},{"name":"Sala 3","rows":30,"seats_per_row":2,"categories":"gold"}]}`, theatersJSON)
	require.Empty(t, r.problems)
	assert.EqualValues(t, 1, r.Changed)
	after := layouts(t, db, "Sala 1")
	require.Len(t, after, 2)
	assert.Equal(t, before[0], after[0])
	assert.Equal(t, 2, after[1].Version)
	assert.Equal(t, 30, after[1].Capacity)
	assert.Equal(t, 20, query[int](t, db, `SELECT cleaning_minutes FROM screens WHERE name = 'Sala 1'`), "not said, so it stays")
	rows := layouts(t, db, "Sala 3")[0].Layout.Rows
	assert.Equal(t, "Z", rows[23].Label)
	assert.Equal(t, "AF", rows[29].Label)
	assert.Len(t, layouts(t, db, "Sala 2"), 1, "a screen that is not named stays")
}

func TestTheatersThatAreRefused(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	_, err := db.Pool.Exec(t.Context(), `INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES (gen_random_uuid(), 'porto-novo', 'Porto Novo', 'PT', 'Europe/Lisbon', 'EUR', 0, 0)`)
	require.NoError(t, err)
	house := func(rest string) string {
		return `{"slug":"new","name":"New","city":"porto-novo","address":"x","lat":1,"lon":1` + rest + `}`
	}
	screen := func(rest string) string { return house(`,"screens":[{"name":"1",` + rest + `}]`) }
	for name, c := range map[string]struct {
		line     string
		problems []string
	}{
		"nothing":         {`{}`, []string{"1: slug: Is required."}},
		"nothing new":     {`{"slug":"new"}`, []string{"1: name: Is required.", "1: address: Is required.", "1: lat: Is required.", "1: city: Is required."}},
		"unknown city":    {`{"slug":"new","name":"New","city":"nowhere","address":"x","lat":1,"lon":1}`, []string{"1: city.name: Is required.", "1: city.country: Is required.", "1: city.time_zone: Is required.", "1: city.currency: Is required.", "1: city.lat: Is required.", "1: city.lon: Is required.", "1: city.slug: There is no city nowhere. To make it, say all of it."}},
		"wrong city":      {`{"slug":"new","city":{"slug":"x","country":"in","time_zone":"Local","currency":"inr","lat":91,"lon":0,"mayor":"x"}}`, []string{"1: city.mayor: There is no such field."}},
		"wrong places":    {`{"slug":"new","city":{"slug":"x","country":"in","time_zone":"Local","currency":"inr","lat":91,"lon":0},"lat":0}`, []string{"1: lat: Give both lat and lon, or neither.", "1: city.country: Write a country of ISO 3166-1, two capital letters, for example IN.", "1: city.time_zone: Write a time zone of the IANA database, for example Asia/Kolkata.", "1: city.currency: Write a currency of ISO 4217, for example INR.", "1: city.lat: Must be from -90 to 90."}},
		"leap seconds":    {house(`,"time_zone":"right/Europe/Paris"`), []string{"1: time_zone: Write a time zone of the IANA database, for example Asia/Kolkata."}},
		"this machine's":  {house(`,"time_zone":"localtime"`), []string{"1: time_zone: Write a time zone of the IANA database, for example Asia/Kolkata."}},
		"wrong codes":     {house(`,"amenities":["Free Parking"],"time_zone":"Mars/Olympus","currency":"XX"`), []string{"1: time_zone: Write a time zone of the IANA database, for example Asia/Kolkata.", "1: currency: Write a currency of ISO 4217, for example INR.", "1: amenities[0]: Use at most 40 small letters, digits and underscores, for example hearing_loop."}},
		"no seats":        {screen(`"cleaning_minutes":241`), []string{"1: screens[0].cleaning_minutes: Must be from 0 to 240."}},
		"no layout":       {screen(`"cleaning_minutes":24`), []string{"1: screens[0].layout: Is required, or rows, seats_per_row and categories: the screen is new."}},
		"two layouts":     {screen(`"rows":1,"layout":{"rows":[]}`), []string{"1: screens[0].layout: Give either a layout or rows, seats_per_row and categories."}},
		"half a grid":     {screen(`"rows":2`), []string{"1: screens[0].seats_per_row: Is required.", "1: screens[0].categories: Is required."}},
		"a huge grid":     {screen(`"rows":200,"seats_per_row":200,"categories":"gold"`), []string{"1: screens[0].rows: Has at most 5000 seats."}},
		"uneven grid":     {screen(`"rows":3,"seats_per_row":2,"categories":"gold:1|silver:1"`), []string{"1: screens[0].categories: Is about 2 rows, and there are 3."}},
		"odd categories":  {screen(`"rows":3,"seats_per_row":2,"categories":"Gold:3"`), []string{"1: screens[0].categories: Name categories with at most 30 small letters, digits and underscores, for example gold."}},
		"no numbers":      {screen(`"rows":3,"seats_per_row":2,"categories":"gold:x"`), []string{"1: screens[0].categories: Write categories with their numbers of rows, the screen side first, for example silver:3|gold:5."}},
		"an empty layout": {screen(`"layout":{"rows":[]}`), []string{"1: screens[0].layout.rows: A layout has at least one row."}},
		"a seat twice":    {screen(`"layout":{"rows":[{"label":"A","category":"gold","seats":[{"id":"A1","x":1,"type":"standard"},{"id":"A1","x":2,"type":"bed"}]}]}`), []string{"1: screens[0].layout.rows[0].seats[1].id: Another seat is called A1, too.", "1: screens[0].layout.rows[0].seats[1].type: Choose standard, recliner, sofa, wheelchair or companion."}},
		"a screen twice":  {house(`,"screens":[{"name":"1","rows":1,"seats_per_row":1,"categories":"gold"},{"name":"1","rows":1,"seats_per_row":1,"categories":"gold"}]`), []string{"1: screens[1].name: Is there twice."}},
		"a theater twice": {house("") + "\n" + house(""), []string{"2: slug: Line 1 is about this theater already."}},
	} {
		t.Run(name, func(t *testing.T) {
			o := theatersJSON
			o.DryRun = true // so that they share a database
			r := load(t, db, c.line, o)
			assert.Equal(t, c.problems, r.problems)
			assert.EqualValues(t, 1, r.Refused)
		})
	}
}

func TestRowsOfATheaterMustAgree(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content := testdata(t, "theaters.csv") + "harbor-lights,Harbour Lights,,,,,USD,,,,,,,Sala 3,,1,1,gold\nharbor-lights,,,,,,,,,,,,,Sala 2,,1,1,gold\n"
	r := load(t, db, content, importer.Options{Kind: importer.Theaters, Format: importer.CSV})
	assert.Equal(t, []string{
		"5:3: city: Is required.",
		"6:14: screen: Line 3 is about this screen already.",
	}, r.problems)
	content = testdata(t, "theaters.csv") + "harbor-lights,Harbour Lights,porto-novo,,,,USD,,,,,,,Sala 3,,1,1,gold\n"
	r = load(t, db, content, importer.Options{Kind: importer.Theaters, Format: importer.CSV})
	assert.Equal(t, []string{
		"5:2: name: Line 2 says otherwise of this theater.",
		"5:7: city_currency: Line 2 says otherwise of this theater.",
	}, r.problems)
}

// Tickets say when a show begins by the theater's clock, and what was paid in its
// currency.
func TestClockAndCurrencyOfATheaterThatSells(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	load(t, db, testdata(t, "theaters.jsonl"), theatersJSON)
	change := `{"slug":"harbor-lights","time_zone":"Europe/Madrid","currency":"USD"}`
	_, err := db.Pool.Exec(t.Context(), `INSERT INTO price_cards (id, theater_id, name, prices) SELECT gen_random_uuid(), id, 'x', '{}' FROM theaters`)
	require.NoError(t, err)
	assert.Equal(t, []string{"1: currency: Cannot change from EUR while the theater has shows to come or price cards in it."}, load(t, db, change, theatersJSON).problems)

	plan(t, db, `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROW 18:00","format":"2D","language":"ja","prices":{"silver":900,"gold":1200}}`)
	assert.Equal(t, []string{
		"1: time_zone: Cannot change from Europe/Lisbon: tickets of shows to come say when they begin by it.",
		"1: currency: Cannot change from EUR while the theater has shows to come or price cards in it.",
	}, load(t, db, change, theatersJSON).problems)
}
