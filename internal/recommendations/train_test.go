package recommendations_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/internal/recommendations"
)

func silent(string) {}

// town is a box with planted tastes: half of the films are thrillers and half romances, and each
// person books films of one kind.
type town struct {
	*box
	films  []uuid.UUID // even places are thrillers
	people []uuid.UUID // even places like them
	began  time.Time
}

const (
	townFilms = 24
	aDay      = 24 * time.Hour
)

// newTown has people who booked a film on each of some days.
func newTown(t *testing.T, people int) *town {
	t.Helper()
	w := &town{box: newBox(t), began: time.Now().Add(-60 * aDay).Truncate(time.Second)}
	for i := range townFilms {
		film, show := uuid.New(), w.Show()
		genre := []string{"Thriller", "Romance"}[i%2]
		w.Exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, genres, credits)
			VALUES ($1::uuid, $1::text, 'A film', 2026, 100, ARRAY[$2::text], jsonb_build_array(jsonb_build_object('name', 'Rosa ' || $3, 'job', 'Actor')))`,
			film, genre, strconv.Itoa(i/2%4))
		w.Exec(`UPDATE shows SET movie_id = $2, sales_open_at = $3 WHERE id = $1`, show, film, w.began.Add(-aDay))
		w.films = append(w.films, film)
	}
	for range people {
		w.people = append(w.people, uuid.New())
	}
	return w
}

// day is a moment of a day of the town.
func (w *town) day(n int) time.Time { return w.began.Add(time.Duration(n) * aDay) }

// book writes what each person books on some days, of one kind; with wrong, of the other kind.
func (w *town) book(from, to int, wrong bool) {
	w.T.Helper()
	var events []documents.Event
	for person, id := range w.people {
		random := rand.New(rand.NewPCG(uint64(person), 7))
		order := random.Perm(townFilms / 2)
		for day := from; day < to && day < len(order); day++ {
			kind := person % 2
			if wrong {
				kind = 1 - kind
			}
			bookingID := fmt.Sprint(id, day)
			events = append(events, documents.Event{ID: documents.EventID(documents.KindBooking, bookingID), Kind: documents.KindBooking,
				At: w.day(day).Add(time.Duration(person) * time.Second), Person: id, Film: w.films[2*order[day]+kind],
				EventFacts: documents.EventFacts{Details: map[string]string{"booking": bookingID, "seats": "2"}}})
		}
	}
	w.write(events...)
}

func (w *town) write(events ...documents.Event) {
	w.T.Helper()
	for len(events) > 0 {
		n := min(len(events), documents.MostAppended)
		done, err := w.store.Events.Append(w.T.Context(), events[:n])
		require.NoError(w.T, err)
		require.Empty(w.T, done.Refused)
		events = events[n:]
	}
}

// learn takes the three steps of a training, as the workflow does.
func (w *town) learn(version string, until time.Time) booking.MeasuredModel {
	w.T.Helper()
	measured, err := w.learner.Measure(w.T.Context(), booking.MeasureRequest{Until: until}, silent)
	require.NoError(w.T, err)
	if measured.Refused != "" {
		return measured
	}
	trained, err := w.learner.Train(w.T.Context(), booking.TrainRequest{Version: version, Until: until, Measured: measured}, silent)
	require.NoError(w.T, err)
	require.Equal(w.T, version, trained.Version)
	_, err = w.learner.Use(w.T.Context(), booking.UseModelRequest{From: measured.InUse, To: version})
	require.NoError(w.T, err)
	return measured
}

func (w *town) inUse() documents.InUse {
	w.T.Helper()
	used, err := w.store.Models.InUse(w.T.Context(), recommendations.ModelName)
	require.NoError(w.T, err)
	return used
}

func (w *town) stored(version string) documents.Model {
	w.T.Helper()
	m, err := w.store.Models.Read(w.T.Context(), recommendations.ModelName, version)
	require.NoError(w.T, err)
	return m
}

// From the first bookings to the second model: tastes are found, versions follow each other, and the
// notes say what was measured.
func TestAModelIsTrainedAndReplaced(t *testing.T) {
	t.Parallel()
	w := newTown(t, 60)
	first := w.learn("v1", w.day(1))
	assert.Equal(t, "there are 0 likings to learn from; a model needs 20", first.Refused)
	assert.Empty(t, w.inUse().Current)

	w.book(0, 5, false)
	first = w.learn("v1", w.day(5))
	assert.Equal(t, "no model was in use", first.Note)
	assert.Equal(t, 300, first.Likings)
	assert.Equal(t, 60, first.People)
	assert.Equal(t, "v1", w.inUse().Current)

	// Bookings that no model has seen.
	w.book(5, 7, false)
	second := w.learn("v2", w.day(7))
	assert.Empty(t, second.Refused)
	assert.Equal(t, 60, second.Cases)
	assert.Positive(t, second.NDCG)
	assert.Positive(t, second.NDCGInUse)
	assert.Equal(t, documents.InUse{Current: "v2", Previous: "v1", Since: w.inUse().Since}, w.inUse())
	notes := w.stored("v2").Notes
	assert.Equal(t, w.day(7).UTC().Format(time.RFC3339Nano), notes["trained_until"])
	assert.Equal(t, "420", notes["likings"])
	assert.Equal(t, "60", notes["cases"])
	assert.NotEmpty(t, notes["ndcg"])
	assert.NotEmpty(t, notes["options"])

	// The model in use knows the planted tastes.
	model, err := recommend.ReadModel(bytes.NewReader(w.stored("v2").Content))
	require.NoError(t, err)
	films := make([]recommend.Film, len(w.films))
	for i, id := range w.films {
		films[i].ID = id.String()
	}
	scores := model.Score([]recommend.Seen{{Film: films[0]}, {Film: films[2]}}, recommend.Tastes{}, films)
	for i := 4; i < len(films); i += 2 {
		assert.Greater(t, scores[i], scores[i+1], "who saw thrillers gets thriller %d before romance %d", i, i+1)
	}
}

// A bad model is refused: one that has lost most of what the one in use knows, and one whose data
// were spoiled. The one in use stays; staff may have it anyway.
func TestABadModelIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(w *town)
		why  string
	}{
		"most events were lost": {why: "less than half of the 360", harm: func(w *town) {
			for _, person := range w.people[8:] {
				_, err := w.store.Events.Forget(w.T.Context(), person)
				require.NoError(w.T, err)
			}
		}},
		"what was learned is spoiled": {why: "below", harm: func(w *town) {
			// A flood of accounts that book one film of each kind, so that tastes seem to go together.
			var events []documents.Event
			random := rand.New(rand.NewPCG(3, 3))
			for bot := range 1500 {
				id := uuid.New()
				for kind := range 2 {
					events = append(events, documents.Event{ID: uuid.New(), Kind: documents.KindBooking, At: w.day(bot % 5),
						Person: id, Film: w.films[2*random.IntN(townFilms/2)+kind]})
				}
			}
			w.write(events...)
			w.book(6, 9, false)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, 60)
			w.book(0, 6, false)
			require.Empty(t, w.learn("good", w.day(6)).Refused)
			c.harm(w)
			refused := w.learn("bad", w.day(9))
			assert.Contains(t, refused.Refused, c.why)
			assert.Equal(t, "good", w.inUse().Current)
			_, err := w.store.Models.Read(t.Context(), recommendations.ModelName, "bad")
			assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), "it was not even trained")

			anyway, err := w.learner.Measure(t.Context(), booking.MeasureRequest{Until: w.day(9), Anyway: true}, silent)
			require.NoError(t, err)
			assert.Empty(t, anyway.Refused)
			assert.Contains(t, anyway.Note, "used anyway")
		})
	}
}

// A training that is killed in the middle goes on: what is stored is not trained again, what is in
// use is not swapped again, and a version that another training has replaced is left alone.
func TestATrainingIsResumed(t *testing.T) {
	t.Parallel()
	w := newTown(t, 30)
	w.book(0, 5, false)
	measured, err := w.learner.Measure(t.Context(), booking.MeasureRequest{Until: w.day(5)}, silent)
	require.NoError(t, err)
	request := booking.TrainRequest{Version: "v1", Until: w.day(5), Measured: measured}

	// Killed while it trains: nothing is stored, and a repeat stores it.
	killed, kill := context.WithCancel(t.Context())
	_, err = w.learner.Train(killed, request, func(string) { kill() })
	require.Error(t, err)
	_, err = w.store.Models.Read(t.Context(), recommendations.ModelName, "v1")
	require.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	trained, err := w.learner.Train(t.Context(), request, silent)
	require.NoError(t, err)
	assert.False(t, trained.Before)

	// Killed when it was stored, before the answer.
	again, err := w.learner.Train(t.Context(), request, func(phase string) { t.Error("it trains again: ", phase) })
	require.NoError(t, err)
	assert.Equal(t, booking.TrainedModel{Version: "v1", Bytes: trained.Bytes, Before: true}, again)

	for range 2 { // the second is a repeat whose answer was lost
		_, err = w.learner.Use(t.Context(), booking.UseModelRequest{To: "v1"})
		require.NoError(t, err)
	}
	_, err = w.learner.Use(t.Context(), booking.UseModelRequest{From: "v0", To: "v1"})
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
}

// Of many versions the last few stay, with the one in use and the one before it.
func TestOldVersionsAreDeleted(t *testing.T) {
	t.Parallel()
	w := newTown(t, 20)
	w.book(0, 3, false)
	for day := 3; day < 12; day++ {
		w.book(day, day+1, false)
		measured := w.learn(fmt.Sprint("v", day), w.day(day))
		assert.Empty(t, measured.Refused)
	}
	assert.Equal(t, "v11", w.inUse().Current)
	for day, kept := range map[int]bool{3: false, 6: false, 7: true, 10: true, 11: true} {
		_, err := w.store.Models.Read(t.Context(), recommendations.ModelName, fmt.Sprint("v", day))
		assert.Equal(t, kept, err == nil, "v%d: %v", day, err)
	}
}

// A model in use that cannot be read is replaced: a program that wrote another form must not stop
// learning for ever.
func TestAModelThatCannotBeReadIsReplaced(t *testing.T) {
	t.Parallel()
	w := newTown(t, 30)
	w.book(0, 3, false)
	require.NoError(t, w.store.Models.Put(t.Context(), documents.Model{Name: recommendations.ModelName, Version: "odd", MadeAt: w.day(1), Content: []byte("?")}))
	require.NoError(t, w.store.Models.Swap(t.Context(), recommendations.ModelName, "", "odd"))
	measured := w.learn("v1", w.day(3))
	assert.Contains(t, measured.Note, "version odd cannot be read")
	assert.Equal(t, "v1", w.inUse().Current)
}

// Candidates are what could be booked at the moment, and the options are chosen when there are
// bookings enough, on others than those that judge.
func TestOptionsAreChosenOnEnoughBookings(t *testing.T) {
	t.Parallel()
	w := newTown(t, 250)
	w.book(0, 6, false)
	first := w.learn("v1", w.day(6))
	assert.Equal(t, w.day(6).UTC(), first.OptionsOf.UTC())
	assert.NotEmpty(t, w.stored("v1").Notes["options_of"])
	w.book(6, 8, false)
	second := w.learn("v2", w.day(8))
	assert.Empty(t, second.Refused)
	assert.Equal(t, first.OptionsOf.UTC(), second.OptionsOf.UTC(), "they are two days old")
	assert.JSONEq(t, first.Options, second.Options)
	assert.Equal(t, 250, second.Cases)

	// Films that were not on sale are no candidates: then no booking of them is foretold.
	w.Exec(`UPDATE shows SET sales_open_at = sales_close_at - interval '1 second'`)
	w.book(8, 10, false)
	third := w.learn("v3", w.day(10))
	assert.Equal(t, 250, third.Cases)
	assert.Zero(t, third.NDCG)
	assert.Zero(t, third.NDCGInUse)
}

// silentModels is a store whose models do not answer.
type silentModels struct{ documents.Models }

func (silentModels) InUse(context.Context, string) (documents.InUse, error) {
	return documents.InUse{}, documents.Unavailable(errors.New("away"))
}

func TestTheAgeOfTheModelIsMeasured(t *testing.T) {
	t.Parallel()
	w := newTown(t, 30)
	metrics := recommendations.ModelMetrics(w.store)
	require.Len(t, metrics, 1)
	assert.Zero(t, testutil.CollectAndCount(metrics[0]), "without a model there is no age")
	w.book(0, 3, false)
	w.learn("v1", w.day(3))
	assert.Equal(t, 1, testutil.CollectAndCount(metrics[0], "boxoffice_recommendations_model_age_seconds"))
	age := testutil.ToFloat64(metrics[0])
	assert.GreaterOrEqual(t, age, 0.0)
	assert.Less(t, age, 60.0)

	there := w.store.Models
	w.store.Models = silentModels{there}
	assert.Zero(t, testutil.CollectAndCount(metrics[0]), "a store that is away takes no other metric along")
	_, err := w.learner.Measure(t.Context(), booking.MeasureRequest{Until: time.Now()}, silent)
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
}
