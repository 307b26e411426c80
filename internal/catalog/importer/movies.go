package importer

import (
	"cmp"
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// jobActor is the job of those whom a file names in cast.
const jobActor = "actor"

// movieLine is what a file says of a film.
type movieLine struct {
	Slug *string `json:"slug"`
	rules.Movie
	Cast *[]string `json:"cast"`

	line    int
	columns map[string]int // of a CSV
}

func (m *movieLine) check(f *findings) {
	m.line, m.columns = f.line, f.columns
	f.check().Slug("slug", m.Slug)
	m.Movie.Check(f.add, f.missing)
	if m.Cast != nil && m.Credits != nil {
		f.add("cast", "Give either cast or credits.")
	}
	m.Cast = f.check().Lines("cast", m.Cast, rules.MaxCredits, rules.MaxName)
	for i, c := range valueOf(m.Credits) {
		(*m.Credits)[i].Job = cmp.Or(c.Job, jobActor)
	}
	m.CheckCredits(f.add)
	m.TrailerURL = f.webAddress("trailer_url", m.TrailerURL)
	m.PosterURL = f.webAddress("poster_url", m.PosterURL)
}

// valueOf gives nothing for nil.
func valueOf[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}

// people are those whom the line names, folded.
func (m *movieLine) people() map[string]bool {
	people := map[string]bool{}
	for _, name := range valueOf(m.Cast) {
		people[fold(name)] = true
	}
	for _, c := range valueOf(m.Credits) {
		people[fold(c.Name)] = true
	}
	return people
}

// over writes what the line says over what there is.
func (m *movieLine) over(row schema.Movie) schema.Movie {
	m.Movie.Over(&row)
	if m.Cast != nil {
		row.Credits = castOver(row.Credits, *m.Cast)
	}
	rules.StoreLists(&row)
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
	did, turnedDown := newOutcome(), int64(0)
	err = isolate(ctx, tx, 0, len(writes), func(tx pgx.Tx, from, to int) error {
		rows := make([][]any, 0, to-from)
		for _, w := range writes[from:to] {
			rows = append(rows, movieValues(w.row))
		}
		done, err := moviesTable.write(ctx, tx, rows)
		if err == nil {
			did.include(done)
		}
		return err
	}, func(at int, why *pgconn.PgError) {
		f.line = writes[at].line
		f.add(why.ColumnName, "The database refuses it: %s.", why.Message)
		turnedDown++
	})
	sum.Added, sum.Changed = int64(len(did.added)), int64(len(did.changed))
	sum.Refused += turnedDown
	sum.Unchanged = int64(len(writes)) - sum.Added - sum.Changed - turnedDown
	if err == nil {
		// What we wrote ourselves is in the index already.
		m.films.version, err = catalogVersion(ctx, tx)
	}
	return sum, f.all, err
}
