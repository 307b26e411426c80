package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/documents/mongo"
	"github.com/boxoffice/boxoffice/internal/documents/postgres"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/recommendations"
)

// openDocuments opens the store of documents, which may be away: everything that is not
// about recommendations works without it.
func (p *platform) openDocuments(ctx context.Context) (*documents.Store, error) {
	options := documents.Options{Kept: documentsKept(p.config)}
	var (
		store *documents.Store
		err   error
	)
	if p.config.MongoDBURL != "" {
		store, err = mongo.Open(p.config.MongoDBURL, options)
	} else {
		store, err = postgres.Open(ctx, documentsURL(p.config), options)
	}
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, store.Close)
	p.collectors = append(p.collectors, recommendations.ModelMetrics(store)...)
	p.log.Info("documents", "in", store.Name)
	return store, nil
}

// openRecommendations gives lists of movies. What waits for the store is written when the
// process stops.
func (p *platform) openRecommendations(reading *database.DB, store *documents.Store) *recommendations.Service {
	service := recommendations.New(p.db, reading, store, recommendations.Options{
		Log: p.log, Arms: recommendations.Arms{Popularity: p.config.RecommendationsPopular, Previous: p.config.RecommendationsPrevious},
	})
	p.collectors = append(p.collectors, service.Metrics()...)
	p.closers = append(p.closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
		defer cancel()
		service.Close(ctx)
	})
	return service
}

// moreMovies names movies for mails. They are what the person would see in the app.
func moreMovies(lists *recommendations.Service, log *slog.Logger) notify.More {
	return func(ctx context.Context, customerID, cityID string) (more []notify.MoreMovie) {
		person, err := uuid.Parse(customerID)
		if err != nil {
			return nil
		}
		list, err := lists.ForMail(ctx, person, cityID)
		if err != nil {
			log.WarnContext(ctx, "a mail names no other movies", "error", err)
			return nil
		}
		for _, item := range list.Items {
			show := item.Shows[0]
			more = append(more, notify.MoreMovie{Title: item.Movie.Title, Slug: item.Movie.Slug, Theater: show.Theater.Name, StartsAt: show.StartsAt, TimeZone: show.TimeZone})
		}
		return more
	}
}

// writeWithin is how long a process that stops writes what waits for the store of documents.
const writeWithin = 3 * time.Second

// migrateDocuments brings the store of documents up to date.
func migrateDocuments(ctx context.Context, cfg config.Config, opts ...database.MigrateOption) error {
	if cfg.MongoDBURL != "" {
		return mongo.Migrate(ctx, cfg.MongoDBURL, printStep)
	}
	return postgres.Migrate(ctx, documentsURL(cfg), printStep, opts...)
}

func documentsURL(cfg config.Config) string {
	if cfg.DocumentsURL != "" {
		return cfg.DocumentsURL
	}
	return cfg.DatabaseURL
}

// documentsKept is how long documents are kept, by kind.
func documentsKept(cfg config.Config) documents.Retention {
	kept := documents.Retention{Events: cfg.EventsKept, Counters: cfg.CountersKept, Kinds: documents.DefaultRetention().Kinds}
	for kind := range kept.Kinds {
		kept.Kinds[kind] = cfg.ActivityKept
	}
	kept.Kinds[documents.KindClick] = cfg.ActivityKept / 4
	return kept
}
