package recommend

import (
	"errors"
	"fmt"
	"time"
)

// Data is what a model is trained on.
type Data struct {
	Films  []Film
	People [][]Liking // of each person, the oldest first
}

// Liking is that a person chose a film, however many seats it took. Film is a place in the list of
// films.
type Liking struct {
	Film int32
	At   time.Time // UTC
}

// check refuses data that no training would find the fault of.
func (d Data) check() error {
	if len(d.Films) == 0 {
		return errors.New("films: there are none; train when the catalog has some")
	}
	ids := make(map[string]bool, len(d.Films))
	for i, film := range d.Films {
		if film.ID == "" || ids[film.ID] {
			return fmt.Errorf("films: place %d has the id %q, which is empty or another film's; give each its own", i, film.ID)
		}
		ids[film.ID] = true
	}
	for person, row := range d.People {
		for _, liking := range row {
			if liking.Film < 0 || int(liking.Film) >= len(d.Films) {
				return fmt.Errorf("people: row %d names the film %d of %d; give its place in films", person, liking.Film, len(d.Films))
			}
		}
	}
	return nil
}

// rows are the films of each person, each once: a film that was seen twice counts as one, where it
// was seen last.
func (d Data) rows() [][]int32 {
	rows := make([][]int32, len(d.People))
	for person, likings := range d.People {
		last := make(map[int32]int, len(likings))
		for i, liking := range likings {
			last[liking.Film] = i
		}
		row := make([]int32, 0, len(last))
		for i, liking := range likings {
			if last[liking.Film] == i {
				row = append(row, liking.Film)
			}
		}
		rows[person] = row
	}
	return rows
}

// countsOf is how many people have seen each film.
func countsOf(rows [][]int32, films int) []int32 {
	counts := make([]int32, films)
	for _, row := range rows {
		for _, film := range row {
			counts[film]++
		}
	}
	return counts
}

// columnsOf are the people of each film.
func columnsOf(rows [][]int32, films int) [][]int32 {
	columns := make([][]int32, films)
	for film, n := range countsOf(rows, films) {
		columns[film] = make([]int32, 0, n)
	}
	for person, row := range rows {
		for _, film := range row {
			columns[film] = append(columns[film], int32(person))
		}
	}
	return columns
}
