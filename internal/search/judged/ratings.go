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
	if err := eachRow(filepath.Join(folder, "ratings.csv"), func(row []string) { rated[row[1]]++ }); err != nil {
		return nil, err
	}
	type release struct {
		title string
		year  int
	}
	films := map[release][]int{}
	for i, f := range list {
		at := release{bare(fold(f.Title)), f.Year}
		films[at] = append(films[at], i)
	}
	counts := make([]int, len(list))
	err := eachRow(filepath.Join(folder, "movies.csv"), func(row []string) {
		names, year := movieLensNames(row[1])
		for _, name := range names {
			for _, off := range []int{0, 1, -1} {
				if there := films[release{bare(fold(name)), year + off}]; len(there) > 0 {
					for _, i := range there {
						counts[i] += rated[row[0]]
					}
					return
				}
			}
		}
	})
	return counts, err
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

// eachRow reads a CSV file behind its header.
func eachRow(path string, row func([]string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	for n := 0; ; n++ {
		fields, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case n > 0:
			row(fields)
		}
	}
}
