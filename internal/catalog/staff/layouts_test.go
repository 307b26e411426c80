package staff_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// layout gives a screen two rows of four seats.
func (o *office) layout(screen uuid.UUID) uuid.UUID {
	o.t.Helper()
	layout, err := o.store.CreateLayout(o.t.Context(), o.admin, screen, twoRows())
	require.NoError(o.t, err)
	return layout.ID
}

func twoRows() booking.Layout {
	return booking.Layout{Rows: []booking.Row{
		{Label: "A", Category: "gold", Seats: []booking.Seat{
			{ID: "A1", X: 1, Type: booking.SeatStandard}, {ID: "A2", X: 2, Type: booking.SeatStandard},
			{ID: "A3", X: 4, Type: booking.SeatSofa}, {ID: "A4", X: 5, Type: booking.SeatSofa},
		}},
		{Label: "B", Category: "premium", Seats: []booking.Seat{
			{ID: "B1", X: 1.25, Type: booking.SeatWheelchair}, {ID: "B2", X: 2.5, Type: booking.SeatCompanion},
			{ID: "B3", X: 4, Type: booking.SeatRecliner}, {ID: "B04", X: 5.5, Type: booking.SeatRecliner},
		}},
	}}
}

func TestLayoutsNameEveryProblem(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	screen := o.screen(o.theater, "One")
	seat := func(l *booking.Layout, row, n int) *booking.Seat { return &l.Rows[row].Seats[n] }
	for name, c := range map[string]struct {
		spoil  func(l *booking.Layout)
		fields []string
	}{
		"no rows":                     {func(l *booking.Layout) { l.Rows = nil }, []string{"rows"}},
		"a row without seats":         {func(l *booking.Layout) { l.Rows[1].Seats = nil }, []string{"rows[1].seats"}},
		"a label twice":               {func(l *booking.Layout) { l.Rows[1].Label = "A" }, []string{"rows[1].label", "rows[1].seats[0].id", "rows[1].seats[1].id", "rows[1].seats[2].id", "rows[1].seats[3].id"}},
		"a label of small letters":    {func(l *booking.Layout) { l.Rows[1].Label = "b" }, []string{"rows[1].label", "rows[1].seats[0].id", "rows[1].seats[1].id", "rows[1].seats[2].id", "rows[1].seats[3].id"}},
		"a category for people":       {func(l *booking.Layout) { l.Rows[0].Category = "Gold seats" }, []string{"rows[0].category"}},
		"no category":                 {func(l *booking.Layout) { l.Rows[0].Category = "" }, []string{"rows[0].category"}},
		"a seat twice":                {func(l *booking.Layout) { seat(l, 0, 1).ID = "A1" }, []string{"rows[0].seats[1].id"}},
		"a number twice":              {func(l *booking.Layout) { seat(l, 0, 1).ID = "A01" }, []string{"rows[0].seats[1].id"}},
		"a seat of another row":       {func(l *booking.Layout) { seat(l, 0, 1).ID = "B9" }, []string{"rows[0].seats[1].id"}},
		"a seat without a number":     {func(l *booking.Layout) { seat(l, 0, 1).ID = "A" }, []string{"rows[0].seats[1].id"}},
		"seat 0":                      {func(l *booking.Layout) { seat(l, 0, 1).ID = "A0" }, []string{"rows[0].seats[1].id"}},
		"a number with a sign":        {func(l *booking.Layout) { seat(l, 0, 1).ID = "A+2" }, []string{"rows[0].seats[1].id"}},
		"a number of other digits":    {func(l *booking.Layout) { seat(l, 0, 1).ID = "A٢" }, []string{"rows[0].seats[1].id"}},
		"a type nobody knows":         {func(l *booking.Layout) { seat(l, 0, 1).Type = "throne" }, []string{"rows[0].seats[1].type"}},
		"seats in the wrong order":    {func(l *booking.Layout) { seat(l, 0, 1).X = 0.5 }, []string{"rows[0].seats[1].x"}},
		"two seats in one place":      {func(l *booking.Layout) { seat(l, 0, 1).X = 1 }, []string{"rows[0].seats[1].x"}},
		"a seat beyond the wall":      {func(l *booking.Layout) { seat(l, 1, 3).X = 501 }, []string{"rows[1].seats[3].x"}},
		"a seat left of the wall":     {func(l *booking.Layout) { seat(l, 1, 0).X = -2 }, []string{"rows[1].seats[0].x", "rows[1].seats[1].type"}},
		"half a sofa":                 {func(l *booking.Layout) { seat(l, 0, 3).Type = booking.SeatStandard }, []string{"rows[0].seats[2].type"}},
		"half a sofa at the end":      {func(l *booking.Layout) { seat(l, 0, 2).Type = booking.SeatStandard }, []string{"rows[0].seats[3].type"}},
		"a sofa across an aisle":      {func(l *booking.Layout) { seat(l, 0, 3).X = 6 }, []string{"rows[0].seats[2].type", "rows[0].seats[3].type"}},
		"three sofa seats":            {func(l *booking.Layout) { seat(l, 0, 1).Type = booking.SeatSofa }, []string{"rows[0].seats[1].type"}},
		"a companion of nobody":       {func(l *booking.Layout) { seat(l, 1, 0).Type = booking.SeatStandard }, []string{"rows[1].seats[1].type"}},
		"a companion across an aisle": {func(l *booking.Layout) { seat(l, 1, 1).X = 3 }, []string{"rows[1].seats[1].type"}},
		"much at once": {func(l *booking.Layout) {
			l.Rows[0].Category, seat(l, 0, 0).Type, seat(l, 1, 3).ID = "", "", "C1"
		}, []string{"rows[0].category", "rows[0].seats[0].type", "rows[1].seats[3].id"}},
		"too many rows": {func(l *booking.Layout) {
			l.Rows = make([]booking.Row, 201)
		}, []string{"rows"}},
		"too many seats": {func(l *booking.Layout) {
			l.Rows[0].Seats = make([]booking.Seat, 5_001)
		}, []string{"rows"}},
		"too many categories": {func(l *booking.Layout) {
			for i := range 13 {
				label := fmt.Sprint("R", i)
				l.Rows = append(l.Rows, booking.Row{Label: label, Category: fmt.Sprint("c", i),
					Seats: []booking.Seat{{ID: label + "1", X: 1, Type: booking.SeatStandard}}})
			}
		}, []string{"rows"}},
	} {
		layout := twoRows()
		c.spoil(&layout)
		_, err := o.store.CreateLayout(t.Context(), o.manager, screen.ID, layout)
		assert.Equal(t, c.fields, fieldsOf(t, err), name)
	}
	_, err := o.store.CreateLayout(t.Context(), o.manager, screen.ID, twoRows())
	assert.NoError(t, err, "unspoiled")
}

// Fault 10: what is held or sold refers to a version, and versions stay.
func TestFault10_ALayoutIsNeverChangedButFollowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	screen := o.screen(o.theater, "One")
	first := o.layout(screen.ID)
	show := o.show(o.movie("Dune").ID, screen, first, "2 days")
	before, err := o.store.Layout(t.Context(), first)
	require.NoError(t, err)

	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			layout := twoRows()
			layout.Rows[0].Seats = layout.Rows[0].Seats[:2]
			_, err := o.store.CreateLayout(t.Context(), o.manager, screen.ID, layout)
			assert.NoError(t, err)
		})
	}
	group.Wait()

	var versions []int
	cursor := ""
	for {
		items, next, err := o.store.Layouts(t.Context(), screen.ID, 2, cursor)
		require.NoError(t, err)
		for _, l := range items {
			versions = append(versions, l.Version)
		}
		if cursor = next; next == "" {
			break
		}
	}
	assert.Equal(t, []int{6, 5, 4, 3, 2, 1}, versions)
	after, err := o.store.Layout(t.Context(), first)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	var sold uuid.UUID
	require.NoError(t, o.db.Pool.QueryRow(t.Context(), `SELECT layout_id FROM shows WHERE id = $1`, show).Scan(&sold))
	assert.Equal(t, first, sold, "the show keeps its seats")
	read, err := o.store.Screen(t.Context(), screen.ID)
	require.NoError(t, err)
	assert.Equal(t, 6, read.Layout.Version)
	assert.Equal(t, 6, read.Layout.Capacity)
	assert.Equal(t, 1, after.WheelchairSpaces)

	log := o.log("layout", first)
	require.Len(t, log, 1)
	assert.Equal(t, o.theater, *log[0].TheaterID)
	assert.JSONEq(t, rendered(t, before), string(log[0].After))
}

func TestLayoutRefusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	foreign, retired := o.screen(o.other, "One"), o.screen(o.theater, "Two")
	_, err := o.store.RetireScreen(t.Context(), o.manager, retired.ID, nil)
	require.NoError(t, err)
	for _, c := range []struct {
		actor  audit.Actor
		screen uuid.UUID
		code   booking.Code
	}{
		{o.manager, foreign.ID, booking.CodeForbidden},
		{o.support, retired.ID, booking.CodeForbidden},
		{o.manager, retired.ID, booking.CodeConflict},
		{o.admin, uuid.New(), booking.CodeNotFound},
	} {
		_, err := o.store.CreateLayout(t.Context(), c.actor, c.screen, twoRows())
		assert.Equal(t, c.code, booking.CodeOf(err), "%v", err)
	}
	_, err = o.store.Layout(t.Context(), uuid.New())
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	_, _, err = o.store.Layouts(t.Context(), uuid.New(), 5, "")
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	_, _, err = o.store.Layouts(t.Context(), foreign.ID, 5, "forged")
	assert.Equal(t, []string{"cursor"}, fieldsOf(t, err))
}

func TestANewLayoutRaisesTheCatalogsVersion(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	screen := o.screen(o.theater, "One")
	version := func() (v int64) {
		require.NoError(t, o.db.Pool.QueryRow(t.Context(), `SELECT version FROM catalog_version`).Scan(&v))
		return v
	}
	before := version()
	o.layout(screen.ID)
	assert.Greater(t, version(), before)
}
