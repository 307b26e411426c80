package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	catalogapi "github.com/boxoffice/boxoffice/api/catalog"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/links"
	"github.com/boxoffice/boxoffice/web"
)

// webHandler serves the app, with heads from the catalog.
func (p *platform) webHandler(o catalogapi.Options, opening *links.Links) (http.Handler, error) {
	return web.New(web.Options{Pages: pages{o.Catalog, o.Documents, o.Versions}, Links: opening, PublicURL: p.config.PublicURL, Logger: p.log})
}

// pages are the catalog as the app's server reads it. Facts are kept like the API's answers:
// a link that is shared is opened by many.
type pages struct {
	catalog   *catalog.Store
	documents *cache.Documents
	versions  interface {
		Version() (version int64, known bool)
	}
}

const (
	factsKept = 15 * time.Second // shows go on and off sale by the clock
	slugsKept = 15 * time.Minute
	// factsWithin bounds a read that goes on when its request has left.
	factsWithin = 10 * time.Second
	// mostSlugs is what fits into one sitemap.
	mostSlugs = 50_000
	// mostShows of a theater are told to search engines.
	mostShows = 20
)

// Movie implements [web.Pages].
func (p pages) Movie(ctx context.Context, slug string) (web.Movie, bool, error) {
	return found(keep(ctx, p, "web movie\x00"+slug, factsKept, func(ctx context.Context) (web.Movie, error) {
		m, err := p.catalog.Movie(ctx, slug)
		facts := web.Movie{
			Slug: m.Slug, Title: m.Title, Synopsis: m.Synopsis, ReleaseDate: m.ReleaseDate, RuntimeMinutes: m.RuntimeMinutes,
			Genres: m.Genres, Languages: m.Languages, Certificate: m.Certificate, PosterURL: m.PosterURL,
		}
		if m.Rating != nil {
			facts.Rating, facts.Ratings = m.Rating.Average, m.Rating.Count
		}
		return facts, err
	}))
}

// Theater implements [web.Pages].
func (p pages) Theater(ctx context.Context, slug string) (web.Theater, bool, error) {
	return found(keep(ctx, p, "web theater\x00"+slug, factsKept, func(ctx context.Context) (web.Theater, error) {
		t, err := p.catalog.Theater(ctx, slug)
		if err != nil {
			return web.Theater{}, err
		}
		on, err := p.catalog.TheaterShows(ctx, slug, "")
		if err != nil {
			return web.Theater{}, err
		}
		facts := web.Theater{Slug: t.Slug, Name: t.Name, Address: t.Address, City: t.CityName, TimeZone: t.TimeZone, Lat: t.Lat, Lon: t.Lon}
		for _, group := range on.Items {
			for _, show := range group.Shows {
				facts.Shows = append(facts.Shows, web.Show{
					ID: show.ID.String(), MovieSlug: group.Movie.Slug, Movie: group.Movie.Title, StartsAt: show.StartsAt, EndsAt: show.EndsAt,
					Format: show.Format, Language: show.Language, Prices: show.Prices,
				})
			}
		}
		slices.SortStableFunc(facts.Shows, func(a, b web.Show) int { return a.StartsAt.Compare(b.StartsAt) })
		facts.Shows = facts.Shows[:min(len(facts.Shows), mostShows)]
		return facts, nil
	}))
}

// Slugs implements [web.Pages].
func (p pages) Slugs(ctx context.Context) (web.Slugs, error) {
	return keep(ctx, p, "web slugs", slugsKept, func(ctx context.Context) (s web.Slugs, err error) {
		s.Movies, s.Theaters, err = p.catalog.Slugs(ctx, mostSlugs)
		return s, err
	})
}

func found[T any](facts T, err error) (T, bool, error) {
	if booking.CodeOf(err) == booking.CodeNotFound {
		return facts, false, nil
	}
	return facts, err == nil, err
}

// keep reads facts once for all who ask while the catalog stays as it is.
func keep[T any](ctx context.Context, p pages, name string, kept time.Duration, read func(context.Context) (T, error)) (facts T, err error) {
	version, known := p.versions.Version()
	if !known {
		return read(ctx)
	}
	document, err := p.documents.Get(ctx, fmt.Sprintf("%d %s", version, name), kept, func(ctx context.Context) (*cache.Document, bool, error) {
		ctx, cancel := context.WithTimeout(ctx, factsWithin)
		defer cancel()
		facts, err := read(ctx)
		if err != nil {
			return nil, false, err
		}
		body, err := json.Marshal(facts)
		// The version goes back when a primary is lost. Then it is unknown which version
		// was read.
		now, stillKnown := p.versions.Version()
		return cache.PlainDocument("application/json", body), stillKnown && now >= version, err
	})
	if err != nil {
		return facts, err
	}
	return facts, json.Unmarshal(document.Body, &facts)
}
