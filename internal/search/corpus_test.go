package search

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// film is a line of the open list of films that the judged queries are made
// from. It has no popularity.
type film struct {
	Title  string   `json:"title"`
	Year   int      `json:"year"`
	Genres []string `json:"genres"`
	Cast   []string `json:"cast"`
}

// filmsPath looks for the list in BOXOFFICE_FILMS or FILMS, then beside the
// module's parents.
func filmsPath() string {
	for _, variable := range []string{"BOXOFFICE_FILMS", "FILMS"} {
		if path := os.Getenv(variable); path != "" {
			return path
		}
	}
	for up := "../.."; len(up) < 30; up += "/.." {
		path := filepath.Join(up, "shared", "data", "films", "films.jsonl")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

var loadFilms = sync.OnceValues(func() ([]film, error) {
	file, err := os.Open(filmsPath())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var list []film
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f film
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(list)+1, err)
		}
		list = append(list, f)
	}
	return list, lines.Err()
})

// films are the real titles. Without the file the test is skipped, and says so.
func films(t testing.TB) []film {
	t.Helper()
	if filmsPath() == "" {
		t.Skip("NOT JUDGED: no list of films; set BOXOFFICE_FILMS to films.jsonl")
	}
	list, err := loadFilms()
	require.NoError(t, err)
	return list
}

// moviesOf makes catalog movies of films.
func moviesOf(list []film) []Movie {
	out := make([]Movie, len(list))
	for i, f := range list {
		out[i] = Movie{
			ID: uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "film %d", i)), Title: f.Title,
			Slug: fmt.Sprintf("film-%d", i), Year: f.Year, Genres: f.Genres, Languages: []string{"en"},
		}
		for _, c := range f.Cast {
			out[i].Credits = append(out[i].Credits, Credit{Name: c, Job: "actor"})
		}
	}
	return out
}

// permuted makes n films: the real ones, then titles whose words are drawn from
// the real ones in the lengths of the real ones, with a fixed seed.
func permuted(list []film, n int) []film {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	var words []string
	for _, f := range list {
		words = append(words, strings.Fields(f.Title)...)
	}
	out := append([]film(nil), list...)
	for len(out) < n {
		model := list[random.IntN(len(list))]
		title := make([]string, max(2, len(strings.Fields(model.Title))))
		for i := range title {
			title[i] = words[random.IntN(len(words))]
		}
		out = append(out, film{Title: strings.Join(title, " "), Year: model.Year, Genres: model.Genres, Cast: model.Cast})
	}
	return out[:n]
}
