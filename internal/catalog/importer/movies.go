package importer

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	maxTitle    = 500
	maxName     = 200
	maxWord     = 60
	maxSynopsis = 5_000
	maxCredits  = 300
	maxAliases  = 50
	maxTags     = 40
	longestFilm = 60 * 24 // minutes; beyond it somebody wrote seconds
)

// jobActor is the job of those whom a file names in cast.
const jobActor = "actor"

// movieLine is what a file says of a film.
type movieLine struct {
	Slug           *string          `json:"slug"`
	Title          *string          `json:"title"`
	OriginalTitle  *string          `json:"original_title"`
	Aliases        *[]string        `json:"aliases"`
	Year           *int             `json:"year"`
	ReleaseDate    *string          `json:"release_date"`
	RuntimeMinutes *int             `json:"runtime_minutes"`
	Genres         *[]string        `json:"genres"`
	Languages      *[]string        `json:"languages"`
	Certificate    *string          `json:"certificate"`
	Cast           *[]string        `json:"cast"`
	Credits        *[]schema.Credit `json:"credits"`
	Synopsis       *string          `json:"synopsis"`
	Popularity     *float64         `json:"popularity"`
	TrailerURL     *string          `json:"trailer_url"`
	PosterURL      *string          `json:"poster_url"`

	releaseDay *time.Time
	line       int
	columns    map[string]int // of a CSV
}

func (m *movieLine) check(f *findings) {
	m.line, m.columns = f.line, f.columns
	f.check().Slug("slug", m.Slug)
	m.releaseDay = f.check().Day("release_date", m.ReleaseDate)
	if m.Year == nil && m.releaseDay != nil {
		year := m.releaseDay.Year()
		m.Year = &year
	}
	required(f, "title", m.Title)
	required(f, "year", m.Year)
	m.Title = f.name("title", m.Title, maxTitle)
	m.OriginalTitle = f.text("original_title", m.OriginalTitle, maxTitle)
	m.Aliases = f.check().Lines("aliases", m.Aliases, maxAliases, maxTitle)
	rules.Between(f.add, "year", m.Year, rules.FirstYear, rules.LastYear)
	rules.Between(f.add, "runtime_minutes", m.RuntimeMinutes, 0, longestFilm)
	m.Genres = f.check().Lines("genres", m.Genres, maxTags, maxWord)
	m.Languages = f.check().Languages("languages", m.Languages, maxTags)
	m.Certificate = f.text("certificate", m.Certificate, maxWord)
	if m.Cast != nil && m.Credits != nil {
		f.add("cast", "Give either cast or credits.")
	}
	m.Cast = f.check().Lines("cast", m.Cast, maxCredits, maxName)
	m.Credits = f.credits("credits", m.Credits)
	m.Synopsis = f.check().Paragraphs("synopsis", m.Synopsis, maxSynopsis)
	rules.Between(f.add, "popularity", m.Popularity, 0, 100)
	m.TrailerURL = f.webAddress("trailer_url", m.TrailerURL)
	m.PosterURL = f.webAddress("poster_url", m.PosterURL)
}

func (f *findings) credits(field string, list *[]schema.Credit) *[]schema.Credit {
	if list == nil {
		return nil
	}
	if len(*list) > maxCredits {
		f.add(field, "Has at most %d entries.", maxCredits)
		return list
	}
	clean := make([]schema.Credit, len(*list))
	for i, c := range *list {
		at := fmt.Sprintf("%s[%d].", field, i)
		job := strings.ToLower(cmp.Or(c.Job, jobActor))
		clean[i] = schema.Credit{
			Name: *f.name(at+"name", &c.Name, maxName),
			Role: *f.text(at+"role", &c.Role, maxName),
			Job:  *f.name(at+"job", &job, maxWord),
		}
	}
	return &clean
}

// people are those whom the line names, folded.
func (m *movieLine) people() map[string]bool {
	people := map[string]bool{}
	if m.Cast != nil {
		for _, name := range *m.Cast {
			people[fold(name)] = true
		}
	}
	if m.Credits != nil {
		for _, c := range *m.Credits {
			people[fold(c.Name)] = true
		}
	}
	return people
}

// over writes what the line says over what there is.
func (m *movieLine) over(row schema.Movie) schema.Movie {
	set(&row.Title, m.Title)
	set(&row.OriginalTitle, m.OriginalTitle)
	set(&row.Aliases, m.Aliases)
	set(&row.Year, m.Year)
	if m.ReleaseDate != nil {
		row.ReleaseDate = m.releaseDay
	}
	set(&row.RuntimeMinutes, m.RuntimeMinutes)
	set(&row.Genres, m.Genres)
	set(&row.Languages, m.Languages)
	set(&row.Certificate, m.Certificate)
	set(&row.Credits, m.Credits)
	if m.Cast != nil {
		row.Credits = castOver(row.Credits, *m.Cast)
	}
	set(&row.Synopsis, m.Synopsis)
	set(&row.Popularity, m.Popularity)
	set(&row.TrailerURL, m.TrailerURL)
	set(&row.PosterURL, m.PosterURL)
	row.Aliases, row.Genres, row.Languages = listed(row.Aliases), listed(row.Genres), listed(row.Languages)
	row.Credits = listed(row.Credits)
	return row
}

// castOver makes the names the actors. A list of names knows nothing of the crew
// nor of roles, so those stay.
func castOver(credits []schema.Credit, names []string) []schema.Credit {
	var all []schema.Credit
	known := map[string]schema.Credit{}
	for _, c := range credits {
		if c.Job == jobActor {
			known[c.Name] = c
		} else {
			all = append(all, c)
		}
	}
	for _, name := range names {
		if c, there := known[name]; there {
			all = append(all, c)
		} else {
			all = append(all, schema.Credit{Name: name, Job: jobActor})
		}
	}
	return all
}

func set[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

// listed stores an empty list rather than null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

var moviesTable = table{name: "movies", stamped: true, columns: []string{
	"id", "slug", "title", "original_title", "aliases", "year", "release_date", "runtime_minutes", "genres", "languages",
	"certificate", "credits", "synopsis", "popularity", "trailer_url", "poster_url"}}

func movieValues(m schema.Movie) []any {
	return []any{m.ID, m.Slug, m.Title, m.OriginalTitle, m.Aliases, m.Year, m.ReleaseDate, m.RuntimeMinutes, m.Genres, m.Languages,
		m.Certificate, m.Credits, m.Synopsis, m.Popularity, m.TrailerURL, m.PosterURL}
}

// movies imports films.
type movies struct {
	pending []movieLine
	films   filmIndex
}

func newMovies() *movies { return &movies{films: newFilmIndex()} }

func (*movies) fields() spec { return specOf[movieLine]() }

func (*movies) prepare(ctx context.Context, conn *pgx.Conn) error {
	return moviesTable.prepare(ctx, conn)
}

func (m *movies) take(rec record, f *findings) {
	line := decode[movieLine](rec, f)
	line.check(f)
	if !f.refused() {
		m.pending = append(m.pending, line)
	}
}

func (m *movies) recall(ctx context.Context, tx pgx.Tx) error {
	_, _, err := m.resolve(ctx, tx, &findings{})
	return err
}

// movieWrite is a film as a line wants it.
type movieWrite struct {
	line int
	row  schema.Movie
}

// resolve finds out which film each line is about.
func (m *movies) resolve(ctx context.Context, tx pgx.Tx, f *findings) (writes []movieWrite, sum Summary, err error) {
	lines := m.pending
	m.pending = nil
	if err := m.films.refresh(ctx, tx, lines); err != nil {
		return nil, sum, err
	}
	for i := range lines {
		f.line, f.columns = lines[i].line, lines[i].columns
		row, verdict := m.films.find(&lines[i], f)
		switch verdict {
		case repeats:
			sum.Repeated++
		case refused:
			sum.Refused++
		default:
			writes = append(writes, movieWrite{lines[i].line, lines[i].over(row)})
		}
	}
	return writes, sum, nil
}

func (m *movies) write(ctx context.Context, tx pgx.Tx) (Summary, []Problem, error) {
	var f findings
	writes, sum, err := m.resolve(ctx, tx, &f)
	if err != nil {
		return sum, nil, err
	}
	added, changed, turnedDown := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}, int64(0)
	err = isolate(ctx, tx, 0, len(writes), func(tx pgx.Tx, from, to int) error {
		rows := make([][]any, 0, to-from)
		for _, w := range writes[from:to] {
			rows = append(rows, movieValues(w.row))
		}
		done, err := moviesTable.write(ctx, tx, rows)
		if err == nil {
			merge(added, done.added)
			merge(changed, done.changed)
		}
		return err
	}, func(at int, why *pgconn.PgError) {
		f.line = writes[at].line
		f.add(why.ColumnName, "The database refuses it: %s.", why.Message)
		turnedDown++
	})
	sum.Added, sum.Changed = int64(len(added)), int64(len(changed))
	sum.Refused += turnedDown
	sum.Unchanged = int64(len(writes)) - sum.Added - sum.Changed - turnedDown
	if err == nil {
		// What we wrote ourselves is in the index already.
		m.films.version, err = catalogVersion(ctx, tx)
	}
	return sum, f.all, err
}

func merge(into, more map[uuid.UUID]bool) {
	for id := range more {
		into[id] = true
	}
}
