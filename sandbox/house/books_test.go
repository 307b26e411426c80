package house

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

const site = "rex"

func openDB(t *testing.T, file string) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoSync: true, Timeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		for _, bucket := range Buckets {
			if _, err := tx.CreateBucketIfNotExists(bucket); err != nil {
				return err
			}
		}
		return nil
	}))
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func settings() Settings {
	return Settings{
		Style: styleSession, TimeZone: "Europe/Berlin", Currency: "EUR", Token: "t", HoldMinutes: 8, CancelMinutes: 60,
		Films: []Film{{ID: "kite", Title: "The Kite", Minutes: 120}, {ID: "river", Title: "The River", Minutes: 95}}, Days: 2,
	}
}

// bench is the books of one site, with a show that starts in two hours.
type bench struct {
	*testing.T
	*Books
}

const show = "soon"

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t, OpenBooks(openDB(t, filepath.Join(t.TempDir(), "house.db")))}
	b.seed()
	return b
}

func (b *bench) seed() {
	b.Helper()
	s := settings()
	field, message := s.complete()
	require.Empty(b, field, message)
	_, err := b.PutSite(site, s)
	require.NoError(b, err)
	require.NoError(b, b.AddShow(site, NewShow{ID: show, Film: "kite", Screen: "1", StartsAt: time.Now().Add(2 * time.Hour)}))
}

func wish(id string, seats ...string) Wish {
	w := Wish{ID: id, Show: show}
	for _, seat := range seats {
		category := "stalls"
		switch seat[0] {
		case 'E', 'F', 'G', 'H':
			category = "gallery"
		case 'I':
			category = "sofas"
		}
		w.Tickets = append(w.Tickets, Ticket{Seat: seat, Category: category})
	}
	return w
}

func (b *bench) refused(want Kind, err error, seats ...string) {
	b.Helper()
	var refused *Refusal
	require.ErrorAs(b, err, &refused)
	assert.Equal(b, want, refused.Kind)
	if len(seats) > 0 {
		assert.Equal(b, seats, refused.Seats)
	}
}

func (b *bench) taken() []string {
	b.Helper()
	taken, err := b.Taken(site, show, 0)
	require.NoError(b, err)
	return taken.Seats
}

func (b *bench) held(id string, seats ...string) Order {
	b.Helper()
	order, err := b.Hold(site, wish(id, seats...))
	require.NoError(b, err)
	return order
}

func TestHoldsAllOrNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	order := b.held("1", "C3", "E1")
	assert.Equal(t, int64(2700), order.Total)
	assert.WithinDuration(t, time.Now().Add(8*time.Minute), order.EndsAt, 10*time.Second)
	_, err := b.Hold(site, wish("2", "C2", "C3", "E1"))
	b.refused(SeatsTaken, err, "C3", "E1")
	assert.Equal(t, []string{"C3", "E1"}, b.taken())

	_, err = b.Hold(site, wish("3", "C4", "Z9"))
	b.refused(NoSuchSeat, err, "Z9")
	_, err = b.Hold(site, wish("3", "C4", "C4"))
	b.refused(NoSuchSeat, err)
	_, err = b.Hold(site, wish("3", "C4", "I1"))
	b.refused(HalfPair, err, "I1")
	dear := wish("3", "C4")
	dear.Tickets[0].Price = 1201
	_, err = b.Hold(site, dear)
	b.refused(PriceChanged, err)
	wrong := wish("3", "C4")
	wrong.Tickets[0].Category = "gallery"
	_, err = b.Hold(site, wrong)
	b.refused(PriceChanged, err)
	_, err = b.Hold(site, Wish{ID: "3", Show: "no such"})
	b.refused(NoShow, err)
	_, err = b.Hold(site, Wish{ID: "3", Show: show})
	b.refused(NoSuchSeat, err)
	assert.Equal(t, []string{"C3", "E1"}, b.taken())
	b.held("4", "I1", "I2")
}

func TestTwoAtOnceForOneSeat(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	errs := make([]error, 20)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = b.Hold(site, wish(fmt.Sprint(i), "C3", fmt.Sprintf("C%d", 4+i%2))) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		b.refused(SeatsTaken, err)
	}
	assert.Equal(t, 1, won)
	assert.Len(t, b.taken(), 2)
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := wish("", "C3")
	w.Reference = "ours"
	first, err := b.Hold(site, w)
	require.NoError(t, err)
	assert.NotEmpty(t, first.ID, "the site gives a number")
	again, err := b.Hold(site, w)
	b.refused(Duplicate, err)
	assert.Equal(t, first.ID, again.ID)
	found, err := b.FindByReference(site, "ours")
	require.NoError(t, err)
	assert.Equal(t, first.ID, found.ID)

	sold, err := b.Confirm(site, first.ID, 1200, Completion{})
	require.NoError(t, err)
	same, err := b.Confirm(site, first.ID, 1200, Completion{})
	b.refused(AlreadySold, err)
	assert.Equal(t, sold.Tickets, same.Tickets)
	_, err = b.Release(site, first.ID)
	b.refused(AlreadySold, err)

	cancelled, err := b.Cancel(site, first.ID, "client")
	require.NoError(t, err)
	assert.Equal(t, int64(1200), cancelled.Refunded)
	_, err = b.Cancel(site, first.ID, "client")
	b.refused(AlreadyCancelled, err)
	_, err = b.Hold(site, w)
	b.refused(HoldOver, err)
	assert.Empty(t, b.taken())
}

func TestAHoldEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.held("1", "C3")
	require.NoError(t, b.SetClock(site, 7*time.Minute, 0))
	_, err := b.Extend(site, "1")
	require.NoError(t, err)
	require.NoError(t, b.SetClock(site, 7*time.Minute, 0))
	assert.Equal(t, []string{"C3"}, b.taken())
	require.NoError(t, b.SetClock(site, 2*time.Minute, 0))
	assert.Empty(t, b.taken())
	found, err := b.Find(site, "1")
	require.NoError(t, err)
	assert.Equal(t, Lapsed, found.Status)
	_, err = b.Extend(site, "1")
	b.refused(HoldOver, err)
	_, err = b.Confirm(site, "1", 1200, Completion{})
	b.refused(HoldOver, err)
	b.held("2", "C3")
	_, err = b.Release(site, "1")
	require.NoError(t, err)
	assert.Equal(t, []string{"C3"}, b.taken(), "a hold that is over takes nothing from the next")

	early := wish("3", "C4")
	early.EndsEarly = time.Minute
	order, err := b.Hold(site, early)
	require.NoError(t, err)
	assert.WithinDuration(t, order.EndsAt.Add(7*time.Minute), order.ToldEnd, time.Second)
}

func TestSalesThatArePending(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.held("1", "C3")
	b.held("2", "C4")
	for id, fails := range map[string]bool{"1": false, "2": true} {
		order, err := b.Confirm(site, id, 1200, Completion{Polls: 2, Fails: fails})
		require.NoError(t, err)
		assert.Equal(t, Pending, order.Status)
	}
	require.NoError(t, b.SetClock(site, time.Hour, 0))
	assert.Equal(t, []string{"C3", "C4"}, b.taken(), "the hold's end does not count meanwhile")
	_, err := b.Release(site, "1")
	b.refused(Completing, err)
	for range 2 {
		order, err := b.Poll(site, "1")
		require.NoError(t, err)
		assert.Equal(t, Pending, order.Status)
		_, err = b.Poll(site, "2")
		require.NoError(t, err)
	}
	made, err := b.Poll(site, "1")
	require.NoError(t, err)
	assert.Equal(t, Sold, made.Status)
	assert.NotEmpty(t, made.Tickets[0].Code)
	failed, err := b.Poll(site, "2")
	require.NoError(t, err)
	assert.Equal(t, Released, failed.Status)
	assert.Equal(t, []string{"C3"}, b.taken())
}

func TestCutOffs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.held("1", "C3")
	_, err := b.Confirm(site, "1", 1200, Completion{})
	require.NoError(t, err)
	require.NoError(t, b.SetClock(site, 90*time.Minute, 0))
	_, err = b.Cancel(site, "1", "client")
	b.refused(TooLate, err)
	require.NoError(t, b.SetClock(site, time.Hour, 0))
	_, err = b.Hold(site, wish("2", "C4"))
	b.refused(NotOnSale, err)
	_, err = b.Cancel(site, "1", "counter")
	require.NoError(t, err)
}

func TestCounter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.held("1", "C3")
	_, err := b.SellAtCounter(site, show, []string{"C3"})
	b.refused(SeatsTaken, err, "C3")
	sold, err := b.SellAtCounter(site, show, []string{"C4"})
	require.NoError(t, err)
	assert.True(t, sold.Counter)
	require.NoError(t, b.SetPrice(site, show, "stalls", 1300))
	order, err := b.Confirm(site, "1", 1200, Completion{})
	require.NoError(t, err, "what is held keeps its price")
	held := b.held("2", "C5")
	assert.Equal(t, int64(1300), held.Total)

	require.NoError(t, b.RemoveSeats(site, show, []string{"C3", "C6"}))
	_, err = b.Hold(site, wish("3", "C6"))
	b.refused(NoSuchSeat, err)

	require.NoError(t, b.CancelShow(site, show, true))
	found, err := b.Find(site, order.ID)
	require.NoError(t, err)
	assert.Equal(t, Cancelled, found.Status)
	assert.Equal(t, "site", found.CancelledBy)
	_, err = b.Confirm(site, "2", 1300, Completion{})
	b.refused(NotOnSale, err)
	assert.Equal(t, []string{"C5"}, b.taken())
}

// A repeat of PUT keeps what is there, and shows have the same ids on each day.
func TestSitesStay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.held("1", "C3")
	_, err := b.Confirm(site, "1", 1200, Completion{})
	require.NoError(t, err)
	before, _, err := b.Shows(site, "", 1000)
	require.NoError(t, err)
	require.NoError(t, b.SetPrice(site, show, "stalls", 1300))
	b.seed()
	after, latest, err := b.Shows(site, "", 1000)
	require.NoError(t, err)
	ids := func(shows []Show) (all []string) {
		for _, one := range shows {
			all = append(all, one.ID)
		}
		return all
	}
	assert.Equal(t, ids(before), ids(after))
	assert.Equal(t, []string{"C3"}, b.taken())
	changed, err := b.Show(site, show)
	require.NoError(t, err)
	assert.Equal(t, int64(1300), changed.Categories[0].Price)

	require.NoError(t, b.AddDays(site, 3))
	more, _, err := b.Changed(site, latest, 1000)
	require.NoError(t, err)
	assert.Len(t, more, 10, "two rooms with five shows on one more day")
	assert.True(t, slices.IsSortedFunc(more, func(a, b Show) int { return int(a.Version - b.Version) }))
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	assert.Equal(t, "10:15", more[0].StartsAt.In(zone).Format("15:04"))
}

func TestBooksSurviveARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "house.db")
	b := &bench{t, OpenBooks(openDB(t, file))}
	b.seed()
	b.held("1", "C3")
	b.held("2", "C4")
	sold, err := b.Confirm(site, "2", 1200, Completion{})
	require.NoError(t, err)
	require.NoError(t, b.db.Close())

	b = &bench{t, OpenBooks(openDB(t, file))}
	assert.Equal(t, []string{"C3", "C4"}, b.taken())
	found, err := b.FindByCode(site, sold.Tickets[0].Code)
	require.NoError(t, err)
	assert.Equal(t, sold.Number, found.Number)
	_, err = b.Confirm(site, "1", 1200, Completion{})
	require.NoError(t, err)
	orders, err := b.Orders(site, show, "", 10)
	require.NoError(t, err)
	assert.Len(t, orders, 2)
	_, err = b.Find("another", "1")
	b.refused(NoSite, err)
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*Settings){
		"style":         func(s *Settings) { s.Style = "carrier pigeon" },
		"time_zone":     func(s *Settings) { s.TimeZone = "Nowhere/City" },
		"currency":      func(s *Settings) { s.Currency = "JPY" },
		"token":         func(s *Settings) { s.Token = "" },
		"user":          func(s *Settings) { s.Style = styleOffice },
		"hold_minutes":  func(s *Settings) { s.HoldMinutes = -1 },
		"days":          func(s *Settings) { s.Days = 61 },
		"films":         func(s *Settings) { s.Films = nil },
		"films[0]":      func(s *Settings) { s.Films = []Film{{ID: "no/slash", Title: "x", Minutes: 1}} },
		"times[0]":      func(s *Settings) { s.Times = []string{"noon"} },
		"categories[0]": func(s *Settings) { s.Categories = []Category{{ID: "free"}} },
		"screens[0]":    func(s *Settings) { s.Screens = []Screen{{ID: "1"}} },
		"screens[0].rows[0]": func(s *Settings) {
			s.Screens = []Screen{{ID: "1", Rows: []Row{{Label: "A", Category: "none", Seats: []Seat{{Name: "1"}}}}}}
		},
		"screens[0].rows[1]":   func(s *Settings) { s.Screens = []Screen{{ID: "1", Rows: twice("sofas", "standard")}} },
		"screens[0].rows[0] ":  func(s *Settings) { s.Screens = []Screen{{ID: "1", Rows: twice("sofas", "sofa")}} },
		"screens[0].rows[0]  ": func(s *Settings) { s.Screens = []Screen{{ID: "1", Rows: twice("sofas", "stool")}} },
	} {
		s := settings()
		spoil(&s)
		got, message := s.complete()
		assert.Equal(t, strings.TrimSpace(field), got, message)
	}
}

// twice is one seat in two rows of the same name.
func twice(category, kind string) []Row {
	row := Row{Label: "A", Category: category, Seats: []Seat{{Name: "1", Type: kind}}}
	other := row
	other.Seats = slices.Clone(row.Seats)
	return []Row{row, other}
}
