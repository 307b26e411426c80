package evaluate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// raced is true under the race detector, which makes these measurements seven times as long.
var raced bool

// ratings finds MovieLens beside the repository.
func ratings(t *testing.T) *Ratings {
	t.Helper()
	if raced {
		t.Skip("measured without the race detector: make test does that, too")
	}
	dir, err := os.Getwd()
	require.NoError(t, err)
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		data := filepath.Join(dir, "shared", "data")
		if _, err := os.Stat(filepath.Join(data, "movielens-latest-small", "ratings.csv")); err == nil {
			r, err := Read(data)
			require.NoError(t, err)
			return r
		}
	}
	t.Skip("SKIPPED: MovieLens (../shared/data/movielens-latest-small beside the repository) is not here; the recommendations were not compared with other methods")
	return nil
}

// The last film of each person, among all that they had not rated. The options of all methods are
// those that the film before the last one chose; `boxoffice recommend evaluate` chooses again.
func TestOursIsAtLeastTheBestOfTheOthers(t *testing.T) {
	t.Parallel()
	r := ratings(t)
	results, err := LastOne(t.Context(), r, QuickGrids(), func(step string) { t.Log(step) })
	require.NoError(t, err)
	require.Len(t, results, 5)
	ours := results[4]
	for _, other := range results {
		t.Logf("%-10s NDCG@10 %.4f, in the first ten %.3f, trained in %v (%s)", other.Method, other.Judged.NDCG, other.Judged.Hit, other.Took, other.Chosen)
		assert.Positive(t, other.Judged.NDCG, other.Method)
		assert.Equal(t, len(r.People), other.Judged.Cases)
		if other.Method != Ours {
			assert.GreaterOrEqual(t, ours.Judged.NDCG, 1.2*other.Judged.NDCG, other.Method)
		}
	}
	assert.InDelta(t, 0.0194, results[0].Judged.NDCG, 0.0001, "popularity has no options and no chance: it shows that the measure is right")

	cut, err := OneMoment(t.Context(), r, cutShare, ours.options)
	require.NoError(t, err)
	t.Logf("%d people after %v: popularity %.4f, ours %.4f", cut.Ours.Cases, cut.At, cut.Popularity.NDCG, cut.Ours.NDCG)
	assert.Greater(t, cut.Ours.NDCG, cut.Popularity.NDCG, "with nothing known of the future, too")
}

func TestNewFilmsAreFoundByTheirFacts(t *testing.T) {
	t.Parallel()
	n, err := NewFilms(t.Context(), ratings(t), Seeds[0], []float64{100})
	require.NoError(t, err)
	t.Logf("%+v", n)
	assert.Greater(t, n.Films, 300)
	assert.GreaterOrEqual(t, n.Ours, 2.4*n.GenreCosine)
}

// likings are people of two kinds who see films of their kind.
func likings(films, people int) recommend.Data {
	random := rand.New(rand.NewPCG(1, 1))
	var d recommend.Data
	for film := range films {
		d.Films = append(d.Films, recommend.Film{ID: fmt.Sprint(film), Facts: recommend.Facts{Genres: []string{fmt.Sprint("kind ", film%2)}}})
	}
	for person := range people {
		var row []recommend.Liking
		for film := range films {
			if film%2 == person%2 && random.IntN(3) > 0 {
				row = append(row, recommend.Liking{Film: int32(film), At: time.Unix(int64(film), 0)})
			}
		}
		d.People = append(d.People, row)
	}
	return d
}

func seenBy(d recommend.Data, person int) (places []int32, history []recommend.Seen) {
	for _, liking := range d.People[person] {
		places = append(places, liking.Film)
		history = append(history, recommend.Seen{Film: d.Films[liking.Film]})
	}
	return places, history
}

// Two programs that were written apart give the same scores, with fewer people than films and with
// more.
func TestBothKindsOfEASEAgree(t *testing.T) {
	t.Parallel()
	for _, people := range []int{12, 80} {
		d := likings(30, people)
		theirs, err := plainEASE(trainingOf(d), 7)
		require.NoError(t, err)
		o := recommend.DefaultOptions()
		o.Lambda, o.Keep, o.Recent, o.Few = 7, 0, 0, 0
		ours, err := recommend.Train(t.Context(), d, o)
		require.NoError(t, err)
		for person := range d.People {
			places, history := seenBy(d, person)
			want, got := theirs(places), ours.Score(history, recommend.Tastes{}, d.Films)
			had := map[int32]bool{}
			for _, film := range places {
				had[film] = true
			}
			for film := range d.Films {
				if !had[int32(film)] {
					assert.InDelta(t, want[film], got[film], 1e-5, "%d people, person %d, film %d", people, person, film)
				}
			}
		}
	}
}

func TestTheOtherMethodsKnowTwoKinds(t *testing.T) {
	t.Parallel()
	d := likings(40, 60)
	training := trainingOf(d)
	ease, err := plainEASE(training, 10)
	require.NoError(t, err)
	for name, score := range map[string]scorer{
		"item-kNN": itemKNN(training, 10, 5),
		"iALS":     ials(training, ialsOptions{size: 8, unseen: 0.1, ridge: 0.01, epochs: 6, randomness: 1}),
		"EASE":     ease,
	} {
		right, pairs := 0, 0
		for person := range d.People {
			places, _ := seenBy(d, person)
			had := map[int32]bool{}
			for _, film := range places {
				had[film] = true
			}
			scores := score(places)
			for a := range d.Films {
				for b := range d.Films {
					if !had[int32(a)] && a%2 == person%2 && b%2 != person%2 {
						pairs++
						if scores[a] > scores[b] {
							right++
						}
					}
				}
			}
		}
		assert.Greater(t, float64(right)/float64(pairs), 0.99, name)
	}
}

func TestItemKNNByHand(t *testing.T) {
	t.Parallel()
	d := recommend.Data{Films: make([]recommend.Film, 3), People: [][]recommend.Liking{{{Film: 0}, {Film: 1}}, {{Film: 0}, {Film: 1}, {Film: 2}}, {{Film: 0}}}}
	assert.Equal(t, []float64{3, 2, 1}, popularity(trainingOf(d))(nil))
	scores := itemKNN(trainingOf(d), 1, 1)([]int32{0})
	assert.InDelta(t, 2/(2.449489742783178+1), scores[1], 1e-9, "2 of 3 and 2 people")
	assert.Zero(t, scores[2], "the nearest of film 2 is film 1 alone")
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ movies, ratings, says string }{
		"no such movie": {"id,title,genres\n1,Heat (1995),Action|Crime\n", "u,m,r,t\n1,2,4,5\n", `rating of movie 2 at "5"`},
		"no time":       {"id,title,genres\n1,Heat (1995),Action|Crime\n", "u,m,r,t\n1,1,4,soon\n", `at "soon"`},
		"no file":       {"", "", "movies.csv"},
	} {
		dir := t.TempDir()
		folder := filepath.Join(dir, "movielens-latest-small")
		require.NoError(t, os.Mkdir(folder, 0o755))
		if test.movies != "" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "movies.csv"), []byte(test.movies), 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "ratings.csv"), []byte(test.ratings), 0o644))
		}
		_, err := Read(dir)
		assert.ErrorContains(t, err, test.says, name)
	}
	dir := t.TempDir()
	folder := filepath.Join(dir, "movielens-latest-small")
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "movies.csv"), []byte("id,title,genres\n7,\"Heat (1995)\",Action|Crime\n8,Odd,(no genres listed)\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ratings.csv"), []byte("u,m,r,t\n1,8,4,20\n1,7,1,10\n"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "films"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "films", "films.jsonl"), []byte(`{"title":"Heat","year":1995,"genres":["Crime"],"cast":["Al Pacino"]}`), 0o644))
	r, err := Read(dir)
	require.NoError(t, err)
	assert.Equal(t, []recommend.Film{{ID: "7", Facts: recommend.Facts{Genres: []string{"Action", "Crime"}, Year: 1995, Cast: []string{"Al Pacino"}}}, {ID: "8"}}, r.Films)
	assert.Equal(t, [][]recommend.Liking{{{Film: 0, At: time.Unix(10, 0).UTC()}, {Film: 1, At: time.Unix(20, 0).UTC()}}}, r.People, "in the order of time")
}
