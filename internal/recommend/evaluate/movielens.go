package evaluate

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/internal/search/judged"
)

// Ratings are what people have rated, and what is known of the films.
type Ratings struct {
	Films  []recommend.Film
	People [][]recommend.Liking // of each person, the oldest first
}

// Read reads MovieLens and, where it is there, the list of films with their casts from a folder
// like shared/data: movielens-latest-small, and films/films.jsonl. Tags are not read: people wrote
// them after they had seen the film, so they tell more than a new film has.
func Read(dir string) (*Ratings, error) {
	folder := filepath.Join(dir, "movielens-latest-small")
	r := &Ratings{}
	places := map[string]int32{}
	if err := judged.EachRow(filepath.Join(folder, "movies.csv"), func(row []string) error {
		places[row[0]] = int32(len(r.Films))
		r.Films = append(r.Films, recommend.Film{ID: row[0], Facts: factsOf(row[1], row[2])})
		return nil
	}); err != nil {
		return nil, err
	}
	people := map[string]int{}
	if err := judged.EachRow(filepath.Join(folder, "ratings.csv"), func(row []string) error {
		seconds, err := strconv.ParseInt(row[3], 10, 64)
		film, known := places[row[1]]
		if err != nil || !known {
			return fmt.Errorf("rating of movie %s at %q: no such movie, or no time", row[1], row[3])
		}
		person, known := people[row[0]]
		if !known {
			person = len(r.People)
			people[row[0]] = person
			r.People = append(r.People, nil)
		}
		r.People[person] = append(r.People[person], recommend.Liking{Film: film, At: time.Unix(seconds, 0).UTC()})
		return nil
	}); err != nil {
		return nil, err
	}
	for _, row := range r.People {
		slices.SortStableFunc(row, func(a, b recommend.Liking) int { return a.At.Compare(b.At) })
	}
	return r, r.addCasts(dir, places)
}

// addCasts joins the list of films by title and year.
func (r *Ratings) addCasts(dir string, places map[string]int32) error {
	list, err := judged.ReadFilms(filepath.Join(dir, "films", "films.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	matches, err := judged.Matches(filepath.Join(dir, "movielens-latest-small"), list)
	for id, films := range matches {
		r.Films[places[id]].Facts.Cast = list[films[0]].Cast
	}
	return err
}

// factsOf reads "Toy Story (1995)" and "Adventure|Children".
func factsOf(title, genres string) recommend.Facts {
	var facts recommend.Facts
	if genres != "(no genres listed)" {
		facts.Genres = strings.Split(genres, "|")
	}
	if at := strings.LastIndex(title, "("); at >= 0 {
		facts.Year, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(title[at+1:]), ")"))
	}
	return facts
}
