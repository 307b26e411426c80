package e2e

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/booking"
)

// recommended is a list as the API gives it.
type recommended struct {
	Source string
	Items  []recommendedMovie
}

type recommendedMovie struct {
	Movie  struct{ Slug string }
	Reason struct {
		Code  string
		Movie *struct{ Slug string }
	}
}

func (l recommended) place(slug string) int {
	return slices.IndexFunc(l.Items, func(i recommendedMovie) bool { return i.Movie.Slug == slug })
}

// audience is a test's customers and the films of a city that have seats to sell.
type audience struct {
	*stage
	city  string
	films []string
	shows map[string]string
	mu    sync.Mutex
}

// newAudience finds films with a show in the first city that sells seats one by one.
func newAudience(t *testing.T, films int) *audience {
	t.Helper()
	a := &audience{stage: &stage{T: t}, shows: map[string]string{}}
	c := a.customer()
	var cities, movies struct {
		Items []struct{ Slug string }
	}
	_, err := c.Get(t.Context(), "/v1/cities", &cities)
	require.NoError(t, err)
	a.city = cities.Items[len(cities.Items)-1].Slug // the other tests buy in the first one
	_, err = c.Get(t.Context(), "/v1/movies?city="+a.city+"&limit=50", &movies)
	require.NoError(t, err)
	for _, movie := range movies.Items {
		for _, show := range a.showsOf(c, "/v1/movies/"+movie.Slug+"/shows?city="+a.city) {
			seats, err := Seats(t.Context(), world.API, show)
			require.NoError(t, err)
			if free := allFree(seats); len(free) >= 20 {
				a.films, a.shows[movie.Slug] = append(a.films, movie.Slug), show
				break
			}
		}
		if len(a.films) == films {
			return a
		}
	}
	require.FailNow(t, "the demo data has too few films with seats to sell", "%v", a.films)
	return nil
}

// sees buys a seat of a film. Seats are chosen one after the other.
func (a *audience) sees(c *Customer, film string) string {
	a.mu.Lock()
	seats, err := Seats(a.Context(), world.API, a.shows[film])
	require.NoError(a, err)
	free := allFree(seats)
	require.NotEmpty(a, free, film)
	held, _, err := c.Book(a.Context(), NewKey(), For(a.shows[film], free[0]))
	a.mu.Unlock()
	require.NoError(a, err)
	a.pay(held)
	a.awaitDone(c, held.ID, soon)
	return held.ID
}

// allFree are the seats that are sold one by one and that are free.
func allFree(seats SeatMap) (free []string) {
	for _, row := range seats.Layout.Rows {
		for _, seat := range row.Seats {
			if seat.Type == booking.SeatStandard && !slices.Contains(seats.Held, seat.ID) && !slices.Contains(seats.Sold, seat.ID) {
				free = append(free, seat.ID)
			}
		}
	}
	return free
}

func (a *audience) list(c *Customer) (l recommended) {
	a.Helper()
	_, err := c.Get(a.Context(), "/v1/me/recommendations?limit=50&city="+a.city, &l)
	require.NoError(a, err)
	return l
}

// From bookings to a model, and from a model to a list: events are made of bookings, a model is
// trained on them by a workflow, and the next list is the person's own.
func TestBookingsBecomeRecommendations(t *testing.T) {
	t.Parallel()
	a := newAudience(t, 4)
	t.Cleanup(func() {
		for _, show := range a.shows {
			world.Check(t, show)
		}
	})
	const people = 12
	var all sync.WaitGroup
	for n := range people {
		c := a.customer()
		all.Go(func() {
			a.sees(c, a.films[n%2*2])
			a.sees(c, a.films[n%2*2+1])
		})
	}
	all.Wait()
	newcomer := a.customer()
	bought := a.sees(newcomer, a.films[0])
	inbox, err := world.Sandbox.Inbox(t.Context(), newcomer.Email)
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(inbox, func(l Letter) bool { return strings.Contains(l.Text, "Also on now") }), "the mail names other movies")
	assert.Equal(t, -1, a.list(newcomer).place(a.films[0]), "what was booked is in no list")

	schedule := world.Temporal.ScheduleClient().GetHandle(t.Context(), "train-recommendations")
	var own recommended
	known := func() bool {
		own = a.list(newcomer)
		return own.Source == "model" && own.place(a.films[1]) >= 0 && own.place(a.films[1]) < 3
	}
	// A training that ran already may have begun before the last bookings. Each API process looks
	// for a new model every 30 s.
	require.True(t, poll(t.Context(), 4*time.Minute, func() bool {
		return known() || schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{}) == nil && poll(t.Context(), time.Minute, known)
	}), "the list never came from a model that knows what these people like")
	at := own.place(a.films[1])
	assert.Equal(t, "because_you_saw", own.Items[at].Reason.Code)
	require.NotNil(t, own.Items[at].Reason.Movie)
	assert.Equal(t, a.films[0], own.Items[at].Reason.Movie.Slug)
	assert.Equal(t, -1, own.place(a.films[0]))

	_, err = newcomer.Cancel(t.Context(), bought)
	require.NoError(t, err)
	assert.True(t, poll(t.Context(), soon, func() bool { return a.list(newcomer).place(a.films[0]) >= 0 }), "what was given back may be suggested again")
}
