package recommendations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/schema"
)

// Service gives lists of movies. When the store of documents is away, they are what is popular.
type Service struct {
	db        *database.DB
	profiles  *profiles
	popular   *popularity
	programs  *programs
	models    *models
	shown     *shown
	titles    *expirable.LRU[uuid.UUID, named]
	arms      Arms
	lists     *prometheus.CounterVec
	stopLooks context.CancelFunc
	looked    chan struct{}
}

// Options are what a Service needs beside its databases. The zero value is for production.
type Options struct {
	Log *slog.Logger
	// Arms divide the accounts among ways to make lists; the zero value gives everyone the model
	// in use.
	Arms Arms
	// Freshness is DefaultFreshness when zero.
	Freshness Freshness
}

const (
	knownTitles = 20_000
	titlesFor   = 10 * time.Minute
)

// New makes a Service. reading is for the program, which may be a moment late; db has what people
// booked. The caller closes it before the store.
func New(db, reading *database.DB, store *documents.Store, o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Freshness == (Freshness{}) {
		o.Freshness = DefaultFreshness()
	}
	known := newProfiles(store.Preferences)
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{
		db: db, profiles: known, arms: o.Arms,
		popular:  &popularity{counters: store.Counters, store: known, cities: map[uuid.UUID]popular{}},
		programs: &programs{db: reading, ages: o.Freshness, cities: map[uuid.UUID]*program{}},
		models:   &models{store: store.Models, log: o.Log, previous: o.Arms.Previous > 0},
		shown:    newShown(store, known, o.Log),
		titles:   expirable.NewLRU[uuid.UUID, named](knownTitles, nil, titlesFor),
		lists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_recommendations_lists_total",
			Help: "Lists of recommended movies, by list (for_you, similar, mail) and by what they were made from (model, popularity, popularity_without_model, popularity_without_store).",
		}, []string{"list", "source"}),
		stopLooks: stop, looked: make(chan struct{}),
	}
	go func() {
		defer close(s.looked)
		s.models.run(ctx)
	}()
	return s
}

// Close writes what waits for the store, until the context ends.
func (s *Service) Close(ctx context.Context) {
	s.stopLooks()
	<-s.looked
	s.shown.close(ctx)
}

// Metrics are what the service tells.
func (s *Service) Metrics() []prometheus.Collector {
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "boxoffice_recommendations_model_made_timestamp_seconds",
		Help: "When the model that this process uses was trained, in Unix seconds; 0 without one.",
	}, func() float64 {
		if made := s.models.now().madeAt; !made.IsZero() {
			return float64(made.Unix())
		}
		return 0
	})
	return append(s.shown.metrics(), s.lists, age)
}

// city finds a city by id or slug. Code: validation_failed.
func (s *Service) city(ctx context.Context, idOrSlug string) (found uuid.UUID, err error) {
	err = identified(s.programs.db.Bun.NewSelect().Table("cities").Column("id"), idOrSlug).Scan(ctx, &found)
	if errors.Is(err, sql.ErrNoRows) {
		return found, booking.Invalid(booking.FieldError{Field: "city", Message: "There is no such city. GET /v1/cities lists them."})
	}
	if err != nil {
		return found, fmt.Errorf("read a city: %w", err)
	}
	return found, nil
}

// movie finds a movie by id or slug, also one that left the catalog. Code: not_found.
func (s *Service) movie(ctx context.Context, idOrSlug string) (found schema.Movie, err error) {
	err = identified(s.programs.db.Bun.NewSelect().Model(&found), idOrSlug).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return found, booking.E(booking.CodeNotFound, "There is no such movie.")
	}
	if err != nil {
		return found, fmt.Errorf("read a movie: %w", err)
	}
	return found, nil
}

// identified narrows a query of one table to the row with an id or a slug.
func identified(query *bun.SelectQuery, idOrSlug string) *bun.SelectQuery {
	if id, err := uuid.Parse(idOrSlug); err == nil {
		return query.Where("id = ?", id)
	}
	return query.Where("slug = ?", idOrSlug)
}

// person reads who a list is for; a visitor without an account is one of whom nothing is known.
func (s *Service) person(ctx context.Context, id uuid.UUID) (*person, error) {
	p := &person{id: id}
	if id == uuid.Nil {
		return p, nil
	}
	reading, ctx := errgroup.WithContext(ctx)
	reading.Go(func() error { return p.addVisits(ctx, s.db) })
	reading.Go(func() error {
		profile, known, _ := s.profiles.of(ctx, id)
		p.profile, p.unsure = profile, !known
		return nil
	})
	return p, reading.Wait()
}

// because names movies for reasons.
func (s *Service) because(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]named, error) {
	titles, missing := map[uuid.UUID]named{}, []uuid.UUID{}
	for _, id := range ids {
		if title, known := s.titles.Get(id); known {
			titles[id] = title
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return titles, nil
	}
	var rows []struct {
		Because
		Certificate string
	}
	err := s.programs.db.Bun.NewSelect().Table("movies").Column("id", "slug", "title", "certificate").Where("id IN (?)", bun.List(missing)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read titles: %w", err)
	}
	for _, row := range rows {
		titles[row.ID] = named{row.Because, row.Certificate}
		s.titles.Add(row.ID, titles[row.ID])
	}
	return titles, nil
}

// candidates are the films of a program that a person can choose, with the shows that they can go
// to: of a day, if one is named.
func (p *person) candidates(program *program, day string) (list []recommend.Candidate, films map[string]film) {
	films = map[string]film{}
	for _, f := range program.films {
		if !p.sees(f.card.Certificate) {
			continue
		}
		if f = f.of(p, day); len(f.shows) == 0 {
			continue
		}
		c := recommend.Candidate{Film: f.Film, Opens: f.release, Free: f.free, Languages: f.languages}
		if c.Opens.IsZero() {
			c.Opens = f.shows[0].StartsAt
		}
		var rated bool
		c.Age, rated = recommend.AgeOf(f.card.Certificate)
		c.Unrated = !rated
		films[f.ID] = f
		list = append(list, c)
	}
	return list, films
}
