package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/boxoffice/boxoffice/api"
	catalogapi "github.com/boxoffice/boxoffice/api/catalog"
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/pglocal"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// The method. Three contenders take turns on the same machine, in this process,
// each behind a net/http server of its own on the loopback:
//
//	cached    the API as it runs in production, access log and middleware included
//	static    a handler that writes the same bytes with the same headers, and
//	          nothing else: what net/http alone costs
//	uncached  the API without its cache: every read asks Postgres
//
// The catalog is the demo world of a week, on a throwaway Postgres.
func readsBenchmark(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("reads", flag.ExitOnError)
	rounds := flags.Int("rounds", 25, "interleaved rounds: many short ones, so that the machine's moods hit all contenders")
	each := flags.Duration("each", 200*time.Millisecond, "time per contender and round")
	readers := flags.Int("readers", 8, "connections at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	house, err := openReadHouse(ctx)
	if err != nil {
		return err
	}
	defer house.close()
	paths, err := house.paths(ctx)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := house.race(ctx, path, *rounds, *each, *readers); err != nil {
			return err
		}
	}
	return nil
}

// readHouse is a catalog with the API over it, once with a cache and once
// without.
type readHouse struct {
	cached, uncached http.Handler
	audienceHouse
	closers []func()
}

func (h *readHouse) close() {
	for i := len(h.closers) - 1; i >= 0; i-- {
		h.closers[i]()
	}
}

func openReadHouse(ctx context.Context) (h *readHouse, err error) {
	h = &readHouse{}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	db, err := h.openDatabase(ctx)
	if err != nil {
		return h, err
	}
	// Logging is part of what the API does; where its lines go is not.
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return h, err
	}
	h.closers = append(h.closers, func() { _ = nowhere.Close() })
	log := slog.New(slog.NewJSONHandler(nowhere, nil))

	bus := cache.NewLocalBus()
	known := shows.New(db.Pool, bus.Publish)
	maps := seatmap.New(known)
	feed := seatmap.NewFeed(maps, bus)
	h.closers = append(h.closers, feed.Close)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return h, err
	}
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{key}, "http://127.0.0.1")
	if err != nil {
		return h, err
	}
	options := api.Options{
		Services: []string{"catalog"}, Accounts: accounts.New(db, tokens, accounts.Limits{}), HTTP: rest.Options{Logger: log},
		Catalog: catalogapi.Options{Catalog: catalog.New(db), Reviews: catalog.NewReviews(db), Feed: feed, Shows: known},
	}
	if h.uncached, err = api.New(options); err != nil {
		return h, err
	}
	h.uncached = seatMapsUncached(maps, h.uncached)
	if err := h.openStreams(db, bookings.New(known), feed, options); err != nil {
		return h, err
	}
	watch := catalog.NewWatch(db, nil, log)
	watch.Changed(ctx)
	documents := cache.NewDocuments(cache.MostBytes, nil)
	h.closers = append(h.closers, documents.Close)
	options.Catalog.Documents, options.Catalog.Versions = documents, watch
	h.cached, err = api.New(options)
	return h, err
}

func (h *readHouse) openDatabase(ctx context.Context) (*database.DB, error) {
	dir, err := os.MkdirTemp("", "boxoffice-bench-")
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, func() { _ = os.RemoveAll(dir) })
	server, err := pglocal.Start(ctx, pglocal.Options{DataDir: dir + "/postgres"})
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, func() {
		if err := server.Stop(context.WithoutCancel(ctx)); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	})
	db, err := database.Open(ctx, server.URL("postgres"))
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, db.Close)
	if err := database.Migrate(ctx, db, nil); err != nil {
		return nil, err
	}
	return db, catalog.SeedFor(ctx, db, time.Now(), 7, nil)
}

// readPath is one address to read, with the headers that a browser sends.
type readPath struct {
	name, path string
	gzip       bool
}

func (h *readHouse) paths(ctx context.Context) ([]readPath, error) {
	list := "/v1/movies?city=mumbai"
	var movies struct {
		Items []struct{ Slug string } `json:"items"`
	}
	if err := h.read(ctx, list, &movies); err != nil {
		return nil, err
	}
	if len(movies.Items) == 0 {
		return nil, errors.New("the demo world shows no movie")
	}
	page := "/v1/movies/" + movies.Items[0].Slug
	ofDay := page + "/shows?city=mumbai"
	var shows struct {
		Items []struct {
			Shows []struct{ ID string } `json:"shows"`
		} `json:"items"`
	}
	if err := h.read(ctx, ofDay, &shows); err != nil {
		return nil, err
	}
	if len(shows.Items) == 0 {
		return nil, errors.New("the demo world has no show")
	}
	seatMap := "/v1/shows/" + shows.Items[0].Shows[0].ID + "/seats"
	return []readPath{
		{"movie list", list, false}, {"movie list, gzip", list, true}, {"movie page", page, true},
		{"shows of a movie", ofDay, true}, {"seat map", seatMap, false}, {"seat map, gzip", seatMap, true},
	}, nil
}

func (h *readHouse) read(ctx context.Context, path string, into any) error {
	answer := httptest.NewRecorder()
	h.uncached.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	if answer.Code != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, answer.Code, answer.Body)
	}
	return json.Unmarshal(answer.Body.Bytes(), into)
}

// static answers as the API did once.
func (h *readHouse) static(ctx context.Context, p readPath) http.Handler {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, p.path, nil)
	if p.gzip {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	once := httptest.NewRecorder()
	h.cached.ServeHTTP(once, request)
	header, body := once.Result().Header, once.Body.Bytes()
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		to := w.Header()
		for name, values := range header {
			to[name] = values
		}
		_, _ = w.Write(body)
	})
}

func (h *readHouse) race(ctx context.Context, p readPath, rounds int, each time.Duration, readers int) error {
	contenders := []*reading{
		{name: "static", handler: h.static(ctx, p)}, {name: "cached", handler: h.cached}, {name: "uncached", handler: h.uncached},
	}
	for _, c := range contenders {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		server := &http.Server{Handler: c.handler, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		defer server.Close()
		c.address = listener.Addr().String()
		if err := c.heat(ctx, p, each, readers); err != nil { // warm up
			return fmt.Errorf("%s, %s: %w", p.name, c.name, err)
		}
		c.rates = nil
	}
	for range rounds {
		for _, c := range contenders {
			if err := c.heat(ctx, p, each, readers); err != nil {
				return fmt.Errorf("%s, %s: %w", p.name, c.name, err)
			}
		}
	}
	static, cached, uncached := contenders[0], contenders[1], contenders[2]
	fmt.Printf("%-18s %6d bytes   static %7.0f/s   cached %7.0f/s   uncached %6.0f/s   cached to static %.2f× (budget ≥ 0.8), to uncached %.0f×\n",
		p.name, cached.bytes, middle(static.rates), middle(cached.rates), middle(uncached.rates),
		middleRatio(cached.rates, static.rates), middleRatio(cached.rates, uncached.rates))
	return nil
}
