package importer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/schema"
)

var showsJSON = importer.Options{Kind: importer.Shows}

// dated fills in days: they have to be ahead.
func dated(lines ...string) string {
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	return strings.NewReplacer("YESTERDAY", day(-1), "TOMORROW", day(1), "NEXTDAY", day(2), "FARAWAY", day(4*366)).Replace(strings.Join(lines, "\n"))
}

// city is a database with two theaters and two films, one of unknown length.
func city(t *testing.T) *database.DB {
	t.Helper()
	db := databasetest.New(t)
	require.Empty(t, load(t, db, testdata(t, "theaters.jsonl"), theatersJSON).problems)
	addFilms(t, db)
	return db
}

func addFilms(t *testing.T, db *database.DB) {
	t.Helper()
	content, o := movies(`{"title":"Ran","year":1985,"runtime_minutes":160}`, `{"title":"Solaris","year":1972}`)
	require.Empty(t, load(t, db, content, o).problems)
}

// plan puts shows on in a city that is there.
func plan(t *testing.T, db *database.DB, lines ...string) {
	t.Helper()
	addFilms(t, db)
	require.Empty(t, load(t, db, dated(lines...), showsJSON).problems)
}

const wholeShow = `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30","ends":"TOMORROWT21:30","format":"IMAX","language":"JA","subtitles":"pt",` +
	`"captions":true,"audio_description":true,"relaxed":true,"prices":{"silver":900,"gold":1200},"fee_per_seat":50,"tax_basis_points":600,` +
	`"sales_open":"YESTERDAYT09:00","sales_close":"TOMORROWT18:00:00Z"}`

func shows(t *testing.T, db *database.DB) []schema.Show {
	t.Helper()
	var rows []schema.Show
	require.NoError(t, db.Bun.NewSelect().Model(&rows).Order("starts_at").Scan(t.Context()))
	return rows
}

func local(t *testing.T, text string) time.Time {
	t.Helper()
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	require.NoError(t, err)
	at, err := time.ParseInLocation("2006-01-02T15:04", dated(text), lisbon)
	require.NoError(t, err)
	return at.UTC()
}

func TestShowOfEveryField(t *testing.T) {
	t.Parallel()
	db := city(t)
	r := load(t, db, dated(wholeShow), showsJSON)
	require.Empty(t, r.problems)
	assert.Equal(t, importer.Summary{Added: 1, Written: true}, r.Summary)
	s := shows(t, db)[0]
	assert.Equal(t, schema.Show{
		ID: s.ID, MovieID: movie(t, db, "ran").ID, TheaterID: theater(t, db, "harbor-lights").ID,
		ScreenID: query[uuid.UUID](t, db, `SELECT id FROM screens WHERE name = 'Sala 1'`), LayoutID: layouts(t, db, "Sala 1")[0].ID,
		StartsAt: local(t, "TOMORROWT18:30"), EndsAt: local(t, "TOMORROWT21:30"), Format: "IMAX", Language: "ja", Subtitles: "pt",
		Captions: true, AudioDescription: true, Relaxed: true, Status: booking.ShowScheduled,
		SalesOpenAt: local(t, "YESTERDAYT09:00"), SalesCloseAt: s.StartsAt.Truncate(24 * time.Hour).Add(18 * time.Hour),
		Currency: "EUR", Prices: map[string]int64{"silver": 900, "gold": 1200}, FeePerSeat: 50, TaxBasisPoints: 600,
		CleanAt: local(t, "TOMORROWT21:50"), TermsVersion: 1, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}, s)
}

func TestShowsOfACSVWithWhatIsUsual(t *testing.T) {
	t.Parallel()
	db := city(t)
	content, o := csvOf(importer.Shows,
		"movie,theater,screen,starts,format,language,prices,captions",
		"ran,harbor-lights,Sala 1,TOMORROW 18:30,2D,ja,silver:900|gold:1200,yes",
		movie(t, db, "ran").ID.String()+",harbor-lights,Sala 1,TOMORROW 23:45,2D,ja,silver: 900 | gold: 1200,",
		"ran,harbor-lights,Sala 2,TOMORROW 18:30,2D,ja,silver:9.5,maybe",
		"ran,harbor-lights,Sala 2,TOMORROW 18:30,2D,ja,silver:9|silver:8,no",
	)
	r := load(t, db, dated(content), o)
	assert.Equal(t, []string{
		"4:7: prices: Must be a whole number of minor units for each category.", "4:8: captions: Must be true or false.",
		"5:7: prices: Must be a whole number of minor units for each category.",
	}, r.problems)
	s := shows(t, db)
	require.Len(t, s, 2)
	assert.True(t, s[0].Captions)
	assert.Equal(t, local(t, "TOMORROWT18:30").Add(185*time.Minute), s[0].EndsAt, "with trailers and interval")
	assert.Equal(t, local(t, "TOMORROWT18:20"), s[0].SalesCloseAt)
	assert.WithinDuration(t, time.Now(), s[0].SalesOpenAt, time.Minute)
	assert.Equal(t, s[0].MovieID, s[1].MovieID)
}

func TestShowsThatOverlapAreRefusedOneByOne(t *testing.T) {
	t.Parallel()
	db := city(t)
	at := func(screen, starts string) string {
		return `{"movie":"ran","theater":"harbor-lights","screen":"` + screen + `","starts":"` + starts + `","format":"2D","language":"ja","prices":{"silver":900` +
			map[string]string{"Sala 1": `,"gold":1200`}[screen] + `}}`
	}
	r := load(t, db, dated(
		at("Sala 1", "TOMORROWT12:00"), // to 15:05, clean at 15:25
		at("Sala 1", "TOMORROWT15:24"),
		at("Sala 1", "TOMORROWT15:25"),
		at("Sala 1", "TOMORROWT10:00"),
		at("Sala 2", "TOMORROWT12:00"),
		at("Sala 1", "TOMORROWT12:00"),
	), showsJSON)
	assert.Equal(t, []string{
		dated("2: starts: “Ran” is on this screen from TOMORROW 12:00 to 15:05. After each show the screen is cleaned for 20 minutes."),
		dated("4: starts: “Ran” is on this screen from TOMORROW 12:00 to 15:05. After each show the screen is cleaned for 20 minutes."),
		"6: starts: Line 1 is about this screen and time already.",
	}, r.problems)
	assert.Equal(t, importer.Summary{Added: 3, Refused: 3, Written: true}, r.Summary)

	// Against those that are there, too; and by another film at the same time.
	r = load(t, db, dated(at("Sala 2", "TOMORROWT13:00"), strings.Replace(at("Sala 2", "TOMORROWT12:00"), `"movie":"ran"`, `"movie":"solaris","ends":"TOMORROWT14:00"`, 1)), showsJSON)
	assert.Equal(t, []string{
		dated("1: starts: “Ran” is on this screen from TOMORROW 12:00 to 15:05. After each show the screen is cleaned for 15 minutes."),
		"2: starts: Another movie is planned on this screen at this time. Cancel that show first.",
	}, r.problems)
	assert.Len(t, shows(t, db), 3)
}

func TestShowIsChangedOnlyInWhatIsSaid(t *testing.T) {
	t.Parallel()
	db := city(t)
	load(t, db, dated(wholeShow), showsJSON)
	before, at := shows(t, db)[0], version(t, db)

	restart := showsJSON
	restart.Restart = true
	assert.EqualValues(t, 1, load(t, db, dated(wholeShow), restart).Unchanged)
	assert.Equal(t, before, shows(t, db)[0])
	assert.Equal(t, at, version(t, db))

	slot := `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30",`
	r := load(t, db, dated(slot+`"prices":{"silver":1000,"gold":1300},"subtitles":""}`), showsJSON)
	require.Empty(t, r.problems)
	assert.EqualValues(t, 1, r.Changed)
	after := shows(t, db)[0]
	assert.Equal(t, before.TermsVersion+1, after.TermsVersion)
	before.Prices, before.Subtitles, before.TermsVersion, before.UpdatedAt = map[string]int64{"silver": 1000, "gold": 1300}, "", 2, after.UpdatedAt
	assert.Equal(t, before, after)

	// A new layout is for new shows; this one keeps what it sells.
	load(t, db, `{"slug":"harbor-lights","screens":[{"name":"Sala 1","rows":2,"seats_per_row":2,"categories":"gold"}]}`, theatersJSON)
	assert.EqualValues(t, 1, load(t, db, dated(slot+`"captions":false}`), showsJSON).Changed)
	assert.Equal(t, before.LayoutID, shows(t, db)[0].LayoutID)
	assert.Equal(t, []string{"1: prices: The layout also has silver."}, load(t, db, dated(slot+`"prices":{"gold":1300}}`), showsJSON).problems)
	assert.Empty(t, load(t, db, dated(strings.Replace(slot, "TOMORROW", "NEXTDAY", 1)+`"format":"2D","language":"ja","prices":{"gold":1300}}`), showsJSON).problems)
	assert.NotEqual(t, before.LayoutID, shows(t, db)[1].LayoutID)

	// Longer until it meets the next: refused, and the others in the file go on.
	next := strings.Replace(slot, "TOMORROWT18:30", "TOMORROWT23:00", 1)
	r = load(t, db, dated(next+`"format":"2D","language":"ja","prices":{"gold":1300}}`), showsJSON)
	require.Empty(t, r.problems)
	r = load(t, db, dated(slot+`"ends":"TOMORROWT22:55"}`, next+`"captions":true}`), showsJSON)
	assert.Equal(t, []string{"1: ends: Overlaps the next show on the screen."}, r.problems)
	assert.EqualValues(t, 1, r.Changed)
}

// What staff and customers did since an import is not undone by the next.
func TestImportsLeaveSoldAndCancelledShowsAlone(t *testing.T) {
	t.Parallel()
	db := city(t)
	load(t, db, dated(wholeShow), showsJSON)
	_, err := db.Pool.Exec(t.Context(), `
		WITH a AS (INSERT INTO accounts (id, email, password_hash, name) VALUES (gen_random_uuid(), 'a@example.com', 'x', 'x') RETURNING id),
		b AS (INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash, version)
			SELECT gen_random_uuid(), a.id, s.id, 'held', '{A1}', '{}', 1, 'EUR', now(), 'x', 1 FROM a, shows s RETURNING id, show_id)
		INSERT INTO seat_claims (show_id, seat, booking_id, state, held_until) SELECT show_id, 'A1', id, 'held', now() + interval '1 hour' FROM b`)
	require.NoError(t, err)
	longer := strings.Replace(wholeShow, "T21:30", "T22:00", 1)
	assert.Equal(t, []string{"1: ends: Seats of this show are held or sold, so its time stands."}, load(t, db, dated(longer), showsJSON).problems)

	_, err = db.Pool.Exec(t.Context(), `UPDATE shows SET status = 'cancelled'`)
	require.NoError(t, err)
	r := load(t, db, dated(longer), showsJSON)
	assert.Equal(t, []string{"1: note: This show was cancelled, and stays so."}, r.problems)
	assert.Equal(t, importer.Summary{Unchanged: 1, Written: true}, r.Summary)

	// Another film may have the slot.
	other := strings.Replace(wholeShow, `"ran"`, `"solaris"`, 1)
	assert.EqualValues(t, 1, load(t, db, dated(other), showsJSON).Added)
	assert.Len(t, shows(t, db), 2)
}

func TestShowsThatAreRefused(t *testing.T) {
	t.Parallel()
	db := city(t)
	load(t, db, `{"slug":"harbor-lights","screens":[{"name":"Closed","rows":1,"seats_per_row":1,"categories":"gold"}]}`, theatersJSON)
	_, err := db.Pool.Exec(t.Context(), `UPDATE screens SET retired_at = now() WHERE name = 'Closed'; INSERT INTO movies (id, slug, title, year, runtime_minutes, retired_at)
		VALUES (gen_random_uuid(), 'gone', 'Gone', 1999, 90, now()); INSERT INTO screens (id, theater_id, name) SELECT gen_random_uuid(), id, 'Bare' FROM theaters`)
	require.NoError(t, err)
	show := func(changes ...string) string {
		line := `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30","format":"2D","language":"ja","prices":{"silver":900,"gold":1200}}`
		return strings.NewReplacer(changes...).Replace(line)
	}
	const tail = `"language":"ja",`
	for name, c := range map[string]struct {
		line     string
		problems []string
	}{
		"nothing":         {`{}`, []string{"1: movie: Is required.", "1: theater: Is required.", "1: screen: Is required.", "1: starts: Is required."}},
		"nothing new":     {`{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30"}`, []string{"1: format: Is required.", "1: language: Is required.", "1: prices: Is required."}},
		"unknown":         {show("ran", "rann", "harbor-lights", "harbour"), []string{"1: movie: There is no movie rann. Write its slug or its id.", "1: theater: There is no theater harbour. Write its slug."}},
		"unknown id":      {show("ran", "123e4567-e89b-12d3-a456-426614174000"), []string{"1: movie: There is no movie 123e4567-e89b-12d3-a456-426614174000. Write its slug or its id."}},
		"unknown screen":  {show("Sala 1", `\u001b`), []string{"1: screen: Has characters that are not text: controls, or marks that turn its direction around."}},
		"other screen":    {show("Sala 1", "sala 1"), []string{"1: screen: The theater has no screen sala 1."}},
		"retired movie":   {show("ran", "gone"), []string{"1: movie: This movie was retired."}},
		"retired screen":  {show("Sala 1", "Closed"), []string{"1: screen: This screen, or its theater, was retired."}},
		"no layout":       {show("Sala 1", "Bare"), []string{"1: screen: This screen has no layout yet."}},
		"passed":          {show("TOMORROW", "YESTERDAY"), []string{"1: starts: This time has passed."}},
		"mistyped year":   {show("TOMORROW", "FARAWAY"), []string{"1: starts: Is more than 3 years away."}},
		"no time":         {show("TOMORROWT18:30", "soon"), []string{"1: starts: Write a time on the theater's clock, for example 2026-03-29T18:30."}},
		"seconds":         {show("18:30", "18:30:10"), []string{"1: starts: Must be a whole minute."}},
		"seconds, offset": {show("18:30", "18:30:10Z"), []string{"1: starts: Must be a whole minute."}},
		"unknown length":  {show("ran", "solaris"), []string{"1: ends: Is required: the movie's runtime is not known."}},
		"too short":       {show(tail, tail+`"ends":"TOMORROWT20:00",`), []string{"1: ends: The movie lasts 160 minutes."}},
		"backwards":       {show(tail, tail+`"ends":"TOMORROWT18:00",`), []string{"1: ends: Must be after the start."}},
		"endless":         {show(tail, tail+`"ends":"FARAWAYT18:00",`), []string{"1: ends: A show lasts at most 24 hours."}},
		"format, tongues": {show("2D", "5D", `"ja"`, `"?","subtitles":"x"`), []string{"1: format: Choose 2D, 3D, IMAX, 4DX, Dolby.", "1: language: Write a language tag of BCP 47, for example hi or zh-Hant.", "1: subtitles: Write a language tag of BCP 47, for example hi or zh-Hant."}},
		"prices":          {show(`"gold":1200`, `"gold":0,"=x":-1`), []string{"1: prices.=x: Must be from 1 to 1000000000.", "1: prices.gold: Must be from 1 to 1000000000."}},
		"no prices":       {show(`{"silver":900,"gold":1200}`, "{}"), []string{"1: prices: Give the price of each category, at most 20."}},
		"other prices":    {show("silver", "bronze"), []string{"1: prices: The layout also has silver.", "1: prices.bronze: The layout has no such category."}},
		"fractions":       {show("900", "9.5"), []string{"1: prices: Must be a whole number of minor units for each category."}},
		"fees":            {show(tail, tail+`"fee_per_seat":-1,"tax_basis_points":10001,`), []string{"1: fee_per_seat: Must be from 0 to 1000000000.", "1: tax_basis_points: Must be from 0 to 10000."}},
		"sold too long":   {show(tail, tail+`"sales_close":"NEXTDAYT12:00",`), []string{"1: sales_close: Must not be after the end of the show."}},
	} {
		t.Run(name, func(t *testing.T) {
			o := showsJSON
			o.DryRun = true // so that they share a database
			r := load(t, db, dated(c.line), o)
			assert.Equal(t, c.problems, r.problems)
			assert.EqualValues(t, 1, r.Refused)
		})
	}
}

// A local time is what the theater's clock shows: some exist twice, some never.
func TestFault44_LocalTimesAroundAClockChange(t *testing.T) {
	t.Parallel()
	db := city(t)
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	require.NoError(t, err)
	// In the EU clocks change at 01:00 UTC on the last Sundays of March and October.
	lastSunday := func(month time.Month) string {
		year := time.Now().Year() + 1
		day := time.Date(year, month, 31, 12, 0, 0, 0, time.UTC)
		return day.AddDate(0, 0, -int(day.Weekday())).Format(time.DateOnly)
	}
	spring, autumn := lastSunday(time.March), lastSunday(time.October)
	at := func(starts string) string {
		return `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"` + starts + `","format":"2D","language":"ja","prices":{"silver":900,"gold":1200}}`
	}
	r := load(t, db, strings.Join([]string{
		at(spring + "T01:30"), at(spring + "T12:00"), at(autumn + "T01:30"), at(autumn + "T01:30Z"), at(autumn + "T12:00"),
	}, "\n"), showsJSON)
	assert.Equal(t, []string{
		"1: starts: This time does not exist: the theater's clock (Europe/Lisbon) is put forward over it.",
		"3: starts: The theater's clock (Europe/Lisbon) shows this time twice. Write " + autumn + "T01:30+01:00 or " + autumn + "T01:30Z.",
	}, r.problems)
	var starts []string
	for _, s := range shows(t, db) {
		starts = append(starts, s.StartsAt.In(lisbon).Format("2006-01-02T15:04Z07:00"))
	}
	assert.Equal(t, []string{spring + "T12:00+01:00", autumn + "T01:30Z", autumn + "T12:00Z"}, starts)
}

func TestResumeOfShowsRemembersSlots(t *testing.T) {
	t.Parallel()
	db := city(t)
	slot := `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30","format":"2D","language":"ja","prices":{"silver":900,"gold":1200}`
	content := dated(slot+"}", slot+`,"captions":true}`)
	o := showsJSON
	load(t, db, content, o)
	_, err := db.Pool.Exec(t.Context(), `UPDATE imports SET lines_done = 1, finished = false, refused = 0 WHERE kind = 'shows'`)
	require.NoError(t, err)
	r := load(t, db, content, o)
	assert.Equal(t, []string{"2: starts: Line 1 is about this screen and time already."}, r.problems)
	assert.Equal(t, importer.Summary{Added: 1, Refused: 1, ResumedAfter: 1, Written: true}, r.Summary)
}

func TestPricesThatNoProviderCharges(t *testing.T) {
	t.Parallel()
	db := city(t)
	o := showsJSON
	o.Charging = stripe.Limits
	dinar := func(prices, more string) string {
		return `{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30","format":"2D","language":"ja","prices":` + prices + more + `}`
	}
	require.NoError(t, exec(t, db, `UPDATE theaters SET currency = 'KWD'`))
	for line, problem := range map[string]string{
		dinar(`{"silver":4575,"gold":4570}`, ``):                    "prices.silver: Must be a multiple of 10: the payment provider charges in steps of KWD 0.010.",
		dinar(`{"silver":4570,"gold":4570}`, `,"fee_per_seat":255`): "fee_per_seat: Must be a multiple of 10: the payment provider charges in steps of KWD 0.010.",
		dinar(`{"silver":4570,"gold":100000000}`, ``):               "prices.gold: A seat costs KWD 100000.000 with fee and tax. The payment provider charges at most KWD 99999.990.",
	} {
		r := load(t, db, dated(line), o)
		require.Len(t, r.problems, 1, line)
		assert.Contains(t, r.problems[0], problem)
		assert.EqualValues(t, 1, r.Refused)
	}
	assert.Empty(t, load(t, db, dated(dinar(`{"silver":4570,"gold":5120}`, ``)), o).problems)
	// A line that says nothing of prices leaves old ones alone.
	require.NoError(t, exec(t, db, `UPDATE shows SET prices = '{"silver":4575,"gold":5120}'`))
	assert.Empty(t, load(t, db, dated(`{"movie":"ran","theater":"harbor-lights","screen":"Sala 1","starts":"TOMORROWT18:30","captions":true}`), o).problems)
}

func TestTheatersInACurrencyThatNoProviderCharges(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	o := theatersJSON
	o.Charging = stripe.Limits
	first, _, _ := strings.Cut(testdata(t, "theaters.jsonl"), "\n")
	content := strings.ReplaceAll(first, `"EUR"`, `"IQD"`)
	require.NotEqual(t, first, content)
	r := load(t, db, content+"\n", o)
	require.Len(t, r.problems, 1)
	assert.Contains(t, r.problems[0], "No payment provider of this platform charges IQD. Choose another currency.")
}

func exec(t *testing.T, db *database.DB, sql string) error {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), sql)
	return err
}
