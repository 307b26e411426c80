package api

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

var everyDay = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func (d *desk) entry(more fields) fields {
	entry := fields{"weekdays": everyDay, "times": []string{"10:00"}, "movie_id": d.movie, "format": "2D", "language": "fr",
		"prices": fields{"gold": rupees(30000)}}
	maps.Copy(entry, more)
	maps.DeleteFunc(entry, func(_ string, value any) bool { return value == nil })
	return entry
}

// week is the body of a week's program, ten days ahead.
func (d *desk) week(more fields) string {
	return fields{"from": at(0, 0).Format(time.DateOnly), "template": []fields{d.entry(nil)}}.with(more)
}

func (d *desk) program(t testing.TB, status int, body string) (staff.Program, reply) {
	t.Helper()
	got := d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/screens/" + d.screen + "/program", body: body, status: status})
	var program staff.Program
	if status < http.StatusBadRequest {
		got.into(t, &program)
	}
	return program, got
}

func localTimes(shows []staff.Show) []string {
	times := make([]string, len(shows))
	for i, show := range shows {
		times[i] = show.LocalTime
	}
	return times
}

func (d *desk) planned(t testing.TB) string {
	t.Helper()
	return d.text(`SELECT count(*) FROM shows WHERE starts_at > now() + interval '8 days'`)
}

func TestProgramFromATemplate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	card := d.newCard(t, "Standard").ID
	first := at(0, 0)
	weekend := []string{"sat", "sun"}
	body := d.week(fields{"template": []fields{
		d.entry(fields{"times": []string{"10:00", "13:30"}, "captions": true}),
		d.entry(fields{"weekdays": weekend, "times": []string{"21:45"}, "prices": nil, "price_card_id": card, "format": "IMAX", "subtitles": "en", "length_minutes": 200}),
	}})
	tried, _ := d.program(t, http.StatusOK, fields{"dry_run": true}.with(jsonOf(t, body)))
	assert.True(t, tried.DryRun)
	assert.Len(t, tried.Created, 7*2+2)
	assert.Equal(t, uuid.Nil, tried.Created[0].ID)
	assert.Equal(t, "0", d.planned(t))
	assert.Equal(t, "0", d.text(`SELECT count(*) FROM audit_log WHERE entity = 'show'`))

	program, _ := d.program(t, http.StatusCreated, body)
	assert.Empty(t, program.Conflicts)
	var want []string
	for day := range 7 {
		date := first.AddDate(0, 0, day)
		want = append(want, date.Format(time.DateOnly)+"T10:00:00", date.Format(time.DateOnly)+"T13:30:00")
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
			want = append(want, date.Format(time.DateOnly)+"T21:45:00")
		}
	}
	assert.Equal(t, want, localTimes(program.Created))
	for _, show := range program.Created {
		assert.NotEqual(t, uuid.Nil, show.ID)
		late := show.Format == "IMAX"
		assert.Equal(t, late, show.LocalTime[11:] == "21:45:00")
		assert.NotEqual(t, late, show.Captions)
		length := 147 * time.Minute
		if late {
			length = 200 * time.Minute
			assert.Equal(t, rupees(45000), show.Prices["gold"])
			assert.Equal(t, rupees(3000), show.FeePerSeat)
		}
		assert.Equal(t, length, show.EndsAt.Sub(show.StartsAt))
		assert.Equal(t, []string{"create theater_manager false true"}, d.audited(t, "show", show.ID.String()))
	}
}

func jsonOf(t testing.TB, body string) fields {
	t.Helper()
	var f fields
	reply{body: []byte(body)}.into(t, &f)
	return f
}

func TestProgramIsAllOrNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	third := at(2, 0).Format(time.DateOnly)
	there := d.plan(t, at(0, 0), fields{"starts_at": nil, "local_starts_at": third + "T11:00"})
	// 13:30 overlaps 14:00, which is requested too.
	body := d.week(fields{"days": 3, "template": []fields{d.entry(fields{"times": []string{"10:00", "13:30", "14:00"}})}})

	_, got := d.program(t, http.StatusConflict, body)
	var refused inTheWay
	got.into(t, &refused)
	assert.Equal(t, "conflict", string(refused.Code))
	times := func(conflicts []staff.Conflict) (local []string) {
		for _, c := range conflicts {
			local = append(local, c.LocalTime)
		}
		return local
	}
	want := []string{
		at(0, 0).Format(time.DateOnly) + "T14:00:00", at(1, 0).Format(time.DateOnly) + "T14:00:00",
		third + "T10:00:00", third + "T13:30:00",
	}
	assert.Equal(t, want, times(refused.Conflicts))
	assert.Equal(t, uuid.Nil, refused.Conflicts[0].With.ID, "planned itself")
	assert.Equal(t, there.ID, refused.Conflicts[2].With.ID)
	assert.Contains(t, refused.Conflicts[2].Reason, "“Amélie” is on this screen from "+third+"T11:00:00 to 13:27")
	assert.Equal(t, "1", d.planned(t))

	tried, _ := d.program(t, http.StatusOK, fields{"dry_run": true}.with(jsonOf(t, body)))
	assert.Equal(t, want, times(tried.Conflicts))
	assert.Len(t, tried.Created, 5)
	program, _ := d.program(t, http.StatusCreated, fields{"skip_conflicts": true}.with(jsonOf(t, body)))
	assert.Equal(t, want, times(program.Conflicts))
	assert.Equal(t, localTimes(tried.Created), localTimes(program.Created))
	assert.Equal(t, third+"T14:00:00", program.Created[4].LocalTime, "what is in the way of nothing that is planned")

	again, _ := d.program(t, http.StatusOK, fields{"skip_conflicts": true}.with(jsonOf(t, body)))
	assert.Empty(t, again.Created)
	assert.Len(t, again.Conflicts, 9)
}

// Two managers fill one screen at once: all shows of one manager are planned, and none of
// the other.
func TestProgramsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	statuses := make(chan int, 4)
	for i := range cap(statuses) {
		go func() {
			body := d.week(fields{"template": []fields{d.entry(fields{"times": []string{fmt.Sprintf("1%d:00", i), "20:00"}})}})
			statuses <- d.send(t, call{token: d.own, method: "POST", path: "/v1/admin/screens/" + d.screen + "/program", body: body}).status
		}()
	}
	var got []int
	for range cap(statuses) {
		got = append(got, <-statuses)
	}
	slices.Sort(got)
	assert.Equal(t, []int{201, 409, 409, 409}, got)
	assert.Equal(t, "14", d.planned(t))
}

func TestProgramIsCopied(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, next := at(0, 0), at(7, 0)
	d.program(t, http.StatusCreated, d.week(fields{"template": []fields{
		d.entry(fields{"times": []string{"10:00"}, "relaxed": true, "subtitles": "hi", "length_minutes": 180, "fee_per_seat": rupees(700), "tax_basis_points": 500}),
		d.entry(fields{"weekdays": []string{"fri"}, "times": []string{"23:30"}}),
	}}))
	dropped := d.text(`SELECT id FROM shows WHERE starts_at > now() + interval '8 days' AND relaxed ORDER BY starts_at LIMIT 1`)
	d.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, dropped)

	program, _ := d.program(t, http.StatusCreated, fields{"from": next.Format(time.DateOnly), "copy_from": first.Format(time.DateOnly)}.with(nil))
	assert.Empty(t, program.Conflicts)
	require.Len(t, program.Created, 7, "a cancelled show is not repeated")
	for _, show := range program.Created {
		if show.LocalTime[11:] == "23:30:00" {
			assert.Equal(t, time.Friday, show.StartsAt.Add(5*time.Hour+30*time.Minute).Weekday())
			continue
		}
		assert.Equal(t, "10:00:00", show.LocalTime[11:])
		assert.True(t, show.Relaxed)
		assert.Equal(t, "hi", show.Subtitles)
		assert.Equal(t, 3*time.Hour, show.EndsAt.Sub(show.StartsAt))
		assert.Equal(t, rupees(700), show.FeePerSeat)
		assert.EqualValues(t, 500, show.TaxBasisPoints)
		assert.Equal(t, show.StartsAt.Add(-10*time.Minute), show.SalesCloseAt)
	}

	// What cannot be repeated says why: a film that has left, seats that have gone.
	d.exec(`UPDATE movies SET retired_at = now()`)
	_, got := d.program(t, http.StatusConflict, fields{"from": at(14, 0).Format(time.DateOnly), "copy_from": next.Format(time.DateOnly)}.with(nil))
	assert.Contains(t, string(got.body), "The movie was retired.")
	d.exec(`UPDATE movies SET retired_at = NULL`)
	d.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) SELECT gen_random_uuid(), screen_id, 2,
		jsonb_set(layout, '{rows,0,category}', '"front"'), capacity FROM layouts`)
	_, got = d.program(t, http.StatusConflict, fields{"from": at(14, 0).Format(time.DateOnly), "copy_from": next.Format(time.DateOnly)}.with(nil))
	assert.Contains(t, string(got.body), "prices do not fit the screen's layout")
}

// A program says times on the wall clock. On both sides of a change of the clock
// a show starts when the clock says so.
func TestFault44_ProgramsFollowTheTheatersClock(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/London", "America/New_York"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(`UPDATE theaters SET time_zone = $1`, zone)
			location, err := time.LoadLocation(zone)
			require.NoError(t, err)
			forward, back := clockChanges(t, zone)
			missing, twice := "01:30", "01:30"
			if zone == "America/New_York" {
				missing = "02:30"
			}
			plan := func(from time.Time, times ...string) fields {
				return fields{"from": from.Format(time.DateOnly), "days": 3, "template": []fields{d.entry(fields{"times": times})}}
			}

			// Forward: the time that the clock leaves out is a conflict, on that day only.
			_, got := d.program(t, http.StatusConflict, plan(forward.AddDate(0, 0, -1), missing, "18:30").with(nil))
			var refused inTheWay
			got.into(t, &refused)
			require.Len(t, refused.Conflicts, 1)
			assert.Equal(t, forward.Format(time.DateOnly)+"T"+missing+":00", refused.Conflicts[0].LocalTime)
			assert.Contains(t, refused.Conflicts[0].Reason, "put forward")
			spring, _ := d.program(t, http.StatusCreated, plan(forward.AddDate(0, 0, -1), missing, "18:30").with(fields{"skip_conflicts": true}))
			assert.Len(t, spring.Created, 5)
			evenings := startsAt(spring.Created, "18:30:00")
			require.Len(t, evenings, 3)
			assert.Equal(t, 23*time.Hour, evenings[1].Sub(evenings[0]), "the day of the change is an hour short")
			assert.Equal(t, 24*time.Hour, evenings[2].Sub(evenings[1]))

			// Back: when the clock shows a time twice, the first is taken.
			autumn, _ := d.program(t, http.StatusCreated, plan(back.AddDate(0, 0, -1), twice, "18:30").with(nil))
			assert.Empty(t, autumn.Conflicts)
			evenings = startsAt(autumn.Created, "18:30:00")
			assert.Equal(t, 25*time.Hour, evenings[1].Sub(evenings[0]))
			nights := startsAt(autumn.Created, twice+":00")
			assert.Equal(t, []time.Duration{24 * time.Hour, 25 * time.Hour},
				[]time.Duration{nights[1].Sub(nights[0]), nights[2].Sub(nights[1])}, "the first of the two")
			for _, show := range slices.Concat(spring.Created, autumn.Created) {
				assert.Equal(t, show.LocalTime, show.StartsAt.In(location).Format("2006-01-02T15:04:05"))
			}

			// A week that is copied over the change keeps its local times.
			d.exec(`DELETE FROM shows WHERE starts_at > now() + interval '8 days'`)
			source := forward.AddDate(0, 0, -8)
			d.program(t, http.StatusCreated, plan(source, missing, "18:30").with(nil))
			copied, _ := d.program(t, http.StatusCreated, fields{"from": forward.AddDate(0, 0, -1).Format(time.DateOnly), "days": 3,
				"copy_from": source.Format(time.DateOnly), "skip_conflicts": true}.with(nil))
			assert.Len(t, copied.Conflicts, 1)
			assert.Len(t, startsAt(copied.Created, "18:30:00"), 3)
		})
	}
}

func startsAt(shows []staff.Show, clock string) (starts []time.Time) {
	for _, show := range shows {
		if show.LocalTime[11:] == clock {
			starts = append(starts, show.StartsAt)
		}
	}
	return starts
}

func TestProgramsAreChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, c := range map[string]struct {
		change fields
		status int
		parts  []string
	}{
		"nothing":            {fields{"from": nil, "template": nil}, 422, []string{`"from"`, `"template"`}},
		"too many days":      {fields{"days": 32}, 422, []string{`"days"`}},
		"no such day":        {fields{"from": "2027-02-30"}, 422, []string{`"from"`}},
		"both ways":          {fields{"copy_from": "2026-01-01"}, 422, []string{`"copy_from"`}},
		"what is unknown":    {fields{"template": []fields{d.entry(fields{"price": 1})}}, 400, []string{`"template[0].price"`}},
		"all that is wrong":  {fields{"template": []fields{d.entry(nil), d.entry(fields{"weekdays": []string{"mon", "someday"}, "times": []string{"25:00"}, "movie_id": "x", "format": "5D", "language": nil, "prices": fields{"silver": rupees(1)}})}}, 422, []string{`"template[1].weekdays[1]"`, `"template[1].times[0]"`, `"template[1].movie_id"`, `"template[1].format"`, `"template[1].language"`, `"template[1].prices"`}},
		"more than anything": {fields{"days": 31, "template": []fields{d.entry(fields{"times": slices.Repeat([]string{"10:00"}, 48)})}}, 422, []string{`"template"`, "more than 1000"}},
		"days gone by":       {fields{"from": time.Now().AddDate(0, 0, -100).Format(time.DateOnly)}, 409, []string{"This time has passed"}},
		"years gone by":      {fields{"from": "2020-01-01"}, 422, []string{`"from"`, "more than a year ago"}},
		"the year 1":         {fields{"from": "0001-01-01"}, 422, []string{`"from"`, "from 1874 to 2200"}},
		"copies of year 1":   {fields{"template": nil, "copy_from": "0001-01-01"}, 422, []string{`"copy_from"`, "from 1874 to 2200"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := d.program(t, c.status, d.week(c.change))
			for _, part := range c.parts {
				assert.Contains(t, string(got.body), part)
			}
		})
	}
	nothing := call{token: d.own, method: "POST", path: "/v1/admin/screens/" + uuid.NewString() + "/program", body: d.week(nil), status: http.StatusNotFound}
	d.do(t, nothing)
	empty := uuid.NewString()
	d.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Empty')`, empty, d.theater)
	nothing.path, nothing.status = "/v1/admin/screens/"+empty+"/program", http.StatusConflict
	d.do(t, nothing)
}

func TestProgramThatIsTooLongOrTooFarAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for field, value := range map[string]any{"days": math.MaxInt64, "from": at(4*365, 0).Format(time.DateOnly)} {
		_, got := d.program(t, http.StatusUnprocessableEntity, d.week(fields{field: value}))
		assert.Contains(t, string(got.body), `"field":"`+field+`"`)
	}
	assert.Equal(t, "0", d.planned(t))
}
