package judged

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ErrNoRatings says that the ratings are not on this machine.
var ErrNoRatings = errors.New("no ratings: set BOXOFFICE_MOVIELENS to the folder of movies.csv and ratings.csv")

// Ratings is how many people rated each film of the list in MovieLens, joined by
// title and year. Years may differ by one: festival and release. They are read
// from the folder BOXOFFICE_MOVIELENS, or found like the list of films.
func Ratings(list []Film) ([]int, error) {
	folder := find("BOXOFFICE_MOVIELENS", "movielens-latest-small")
	if folder == "" {
		return nil, ErrNoRatings
	}
	rated := map[string]int{}
	if err := EachRow(filepath.Join(folder, "ratings.csv"), func(row []string) error {
		rated[row[1]]++
		return nil
	}); err != nil {
		return nil, err
	}
	counts := make([]int, len(list))
	matches, err := Matches(folder, list)
	for id, films := range matches {
		for _, i := range films {
			counts[i] += rated[id]
		}
	}
	return counts, err
}

// Matches are the films of the list that each movie of MovieLens in the folder is, by its id
// there. Movies that the list does not have are left out.
func Matches(folder string, list []Film) (map[string][]int, error) {
	type release struct {
		title string
		year  int
	}
	films := map[release][]int{}
	for i, f := range list {
		at := release{bare(fold(f.Title)), f.Year}
		films[at] = append(films[at], i)
	}
	matches := map[string][]int{}
	err := EachRow(filepath.Join(folder, "movies.csv"), func(row []string) error {
		names, year := movieLensNames(row[1])
		for _, name := range names {
			for _, off := range []int{0, 1, -1} {
				if there := films[release{bare(fold(name)), year + off}]; len(there) > 0 {
					matches[row[0]] = there
					return nil
				}
			}
		}
		return nil
	})
	return matches, err
}

var (
	movieLensTitle = regexp.MustCompile(`^(.*) \((\d{4})\)\s*$`)
	otherNames     = regexp.MustCompile(`\((?:a\.k\.a\. )?([^()]*)\)`)
	articleBehind  = regexp.MustCompile(`^(.*), (The|A|An|Les|La|Le|Das|Der|Die|El|Il)$`)
)

// movieLensNames reads "Usual Suspects, The (1995)" and
// "Seven (a.k.a. Se7en) (1995)".
func movieLensNames(title string) (names []string, year int) {
	parts := movieLensTitle.FindStringSubmatch(title)
	if parts == nil {
		return nil, 0
	}
	year, _ = strconv.Atoi(parts[2])
	names = []string{strings.TrimSpace(otherNames.ReplaceAllString(parts[1], ""))}
	for _, other := range otherNames.FindAllStringSubmatch(parts[1], -1) {
		names = append(names, other[1])
	}
	for i, name := range names {
		names[i] = articleBehind.ReplaceAllString(name, "$2 $1")
	}
	return names, year
}

// EachRow reads a CSV file behind its header. An error of row ends it.
func EachRow(path string, row func([]string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	for n := 0; ; n++ {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n > 0 {
			err = row(fields)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}
