package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// filmIndex knows which film a line is about: the one of its slug, or else the
// one of the same title and year. Two that share title and year but, though both
// name people, not one of them, are two films: there were two of Treasure Island
// in 1972.
type filmIndex struct {
	version int64 // of the catalog, when it was read
	slugs   map[string]uuid.UUID
	titles  map[filmKey][]uuid.UUID // the oldest first
	rows    map[uuid.UUID]schema.Movie

	// claimed are the films that lines of this file are about, with the line.
	claimed map[uuid.UUID]int
	// said are the lines, by what films are known by without a slug.
	said map[filmKey][]said
}

type filmKey struct {
	title string // folded
	year  int
}

type said struct {
	line   int
	people map[string]bool
}

type verdict int

const (
	toWrite verdict = iota
	repeats
	refused
)

func newFilmIndex() filmIndex {
	return filmIndex{version: -1, claimed: map[uuid.UUID]int{}, said: map[filmKey][]said{}}
}

// fold makes text equal that differs only in case, accents and spaces. Marks of
// other scripts than the European ones are letters in their own right.
func fold(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.Join(strings.Fields(strings.ToLower(text)), " ") // most titles, and much faster
	}
	accents := runes.Predicate(func(r rune) bool { return r >= 0x300 && r <= 0x36F })
	folded, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(accents), cases.Fold(), norm.NFC), text)
	if err != nil {
		folded = strings.ToLower(text)
	}
	return strings.Join(strings.Fields(folded), " ")
}

func keyOf(m *movieLine) filmKey { return filmKey{fold(*m.Title), *m.Year} }

// refresh reads the names of all films when they may have changed since, and all
// that is known of those which the lines may be about.
func (x *filmIndex) refresh(ctx context.Context, tx pgx.Tx, lines []movieLine) error {
	version, err := catalogVersion(ctx, tx)
	if err != nil {
		return err
	}
	if version != x.version {
		if err := x.readNames(ctx, tx); err != nil {
			return err
		}
		x.version = version
	}
	wanted := map[uuid.UUID]bool{}
	for i := range lines {
		if lines[i].Slug != nil {
			if id, there := x.slugs[*lines[i].Slug]; there {
				wanted[id] = true
			}
			continue
		}
		for _, id := range x.titles[keyOf(&lines[i])] {
			wanted[id] = true
		}
	}
	films, err := rowsOf[schema.Movie](ctx, tx, `SELECT `+strings.Join(moviesTable.columns, ", ")+` FROM movies WHERE id = ANY ($1)`,
		slices.Collect(maps.Keys(wanted)))
	if err != nil {
		return fmt.Errorf("read films: %w", err)
	}
	x.rows = make(map[uuid.UUID]schema.Movie, len(films))
	for _, film := range films {
		x.rows[film.ID] = film
	}
	return nil
}

func catalogVersion(ctx context.Context, tx pgx.Tx) (version int64, err error) {
	if err := tx.QueryRow(ctx, `SELECT version FROM catalog_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read catalog_version: %w", err)
	}
	return version, nil
}

func (x *filmIndex) readNames(ctx context.Context, tx pgx.Tx) error {
	x.slugs, x.titles = map[string]uuid.UUID{}, map[filmKey][]uuid.UUID{}
	rows, _ := tx.Query(ctx, `SELECT id, slug, title, year FROM movies ORDER BY created_at, id`) // its error is that of the rows
	var (
		id          uuid.UUID
		slug, title string
		year        int
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &slug, &title, &year}, func() error {
		x.slugs[slug] = id
		key := filmKey{fold(title), year}
		x.titles[key] = append(x.titles[key], id)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the names of films: %w", err)
	}
	return nil
}

// find gives the film of a line as it is now, a new one if it does not exist.
func (x *filmIndex) find(m *movieLine, f *findings) (schema.Movie, verdict) {
	if m.Slug != nil {
		return x.findBySlug(m, f)
	}
	key, people := keyOf(m), m.people()
	for _, earlier := range x.said[key] {
		if mayBeSame(people, earlier.people) {
			f.note("Is the film of line %d again, and was left out.", earlier.line)
			return schema.Movie{}, repeats
		}
	}

	best, shared := uuid.Nil, -1
	for _, id := range x.titles[key] {
		row, there := x.rows[id]
		if _, taken := x.claimed[id]; taken || !there {
			continue
		}
		theirs := peopleOf(row)
		if n := common(people, theirs); mayBeSame(people, theirs) && n > shared {
			best, shared = id, n
		}
	}
	if best == uuid.Nil {
		title := rules.SlugOf(*m.Title)
		return x.claim(m, schema.Movie{ID: uuid.New(), Slug: x.freeSlug(title, *m.Year)}), toWrite
	}
	return x.claim(m, x.rows[best]), toWrite
}

func (x *filmIndex) findBySlug(m *movieLine, f *findings) (schema.Movie, verdict) {
	id, there := x.slugs[*m.Slug]
	if !there {
		return x.claim(m, schema.Movie{ID: uuid.New(), Slug: *m.Slug}), toWrite
	}
	if line, taken := x.claimed[id]; taken {
		f.add("slug", "Line %d is about this film already.", line)
		return schema.Movie{}, refused
	}
	return x.claim(m, x.rows[id]), toWrite
}

// claim notes that a line is about a film.
func (x *filmIndex) claim(m *movieLine, row schema.Movie) schema.Movie {
	key := keyOf(m)
	x.said[key] = append(x.said[key], said{m.line, m.people()})
	x.claimed[row.ID] = m.line
	x.slugs[row.Slug] = row.ID
	return row
}

// freeSlug is the title, then with the year, and then with a number behind it. A
// number right behind the title would read like that of a sequel.
func (x *filmIndex) freeSlug(title string, year int) string {
	if title == "" {
		title = "movie"
	} else if _, taken := x.slugs[title]; !taken {
		return title
	}
	dated := title + "-" + strconv.Itoa(year)
	for n, candidate := 2, dated; ; n++ {
		if _, taken := x.slugs[candidate]; !taken {
			return candidate
		}
		candidate = dated + "-" + strconv.Itoa(n)
	}
}

func peopleOf(m schema.Movie) map[string]bool {
	people := map[string]bool{}
	for _, c := range m.Credits {
		people[fold(c.Name)] = true
	}
	return people
}

func common(a, b map[string]bool) int {
	n := 0
	for name := range a {
		if b[name] {
			n++
		}
	}
	return n
}

func mayBeSame(a, b map[string]bool) bool { return len(a) == 0 || len(b) == 0 || common(a, b) > 0 }
