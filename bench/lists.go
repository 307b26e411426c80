package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/documents"
	documentsdb "github.com/boxoffice/boxoffice/internal/documents/postgres"
	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

// listsBenchmark asks the API for lists at a steady rate: the personal ones, with the store of
// documents, against a visitor's. The world is the demo's; each person has booked twenty movies and
// has said what they like.
func listsBenchmark(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("lists", flag.ExitOnError)
	people := flags.Int("people", 500, "people who ask in turn")
	films := flags.Int("films", 3_000, "films of the model")
	rate := flags.Int("rate", 100, "requests a second")
	each := flags.Duration("each", 20*time.Second, "how long each kind is asked for")
	if err := flags.Parse(args); err != nil {
		return err
	}
	h := &listHouse{}
	defer h.house.close()
	if err := h.open(ctx, *people, *films); err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "lists over HTTP, %d a second, %d films on\tp50\tp99\tworst\terrors\tratio p50\t\n", *rate, h.on)
	var first time.Duration
	for _, kind := range []struct {
		name, path string
		person     bool
	}{
		{"a visitor's", "/v1/me/recommendations?city=mumbai", false},
		{"a person's", "/v1/me/recommendations?city=mumbai", true},
		{"similar, a person's", "/v1/movies/" + h.film + "/similar?city=mumbai", true},
	} {
		h.ask(ctx, kind.path, kind.person, *rate, 2*time.Second) // to warm up
		took, wrong := h.ask(ctx, kind.path, kind.person, *rate, *each)
		slices.Sort(took)
		at := func(percent int) time.Duration { return took[len(took)*percent/100] }
		if first == 0 {
			first = at(50)
		}
		fmt.Fprintf(out, "%s\t%v\t%v\t%v\t%d\t%.1f×\t\n", kind.name, micros(at(50)), micros(at(99)), micros(took[len(took)-1]), wrong, float64(at(50))/float64(first))
	}
	return out.Flush()
}

// listHouse is the API with recommendations over the demo world.
type listHouse struct {
	house  readHouse
	db     *database.DB
	server *httptest.Server
	tokens []string
	film   string
	on     int
}

func (h *listHouse) open(ctx context.Context, people, films int) error {
	db, err := h.house.openDatabase(ctx)
	if err != nil {
		return err
	}
	h.db = db
	url := db.Pool.Config().ConnString()
	if err := documentsdb.Migrate(ctx, url, nil); err != nil {
		return err
	}
	store, err := documentsdb.Open(ctx, url, documents.Options{})
	if err != nil {
		return err
	}
	h.house.closers = append(h.house.closers, store.Close)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{key}, "http://127.0.0.1")
	if err != nil {
		return err
	}
	ids, err := h.ids(ctx)
	if err != nil {
		return err
	}
	if err := h.settle(ctx, store, tokens, ids, people); err != nil {
		return err
	}
	if err := h.train(ctx, store, ids, films); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	lists := recommendations.New(db, db, store, recommendations.Options{Log: log})
	h.house.closers = append(h.house.closers, func() { lists.Close(context.WithoutCancel(ctx)) })
	lists.LookForModel(ctx)
	handler, err := api.New(api.Options{
		Services: []string{"recommendations"}, Accounts: accounts.New(db, tokens, accounts.Limits{}), HTTP: rest.Options{Logger: log},
		Tastes: tastes.New(store, catalog.New(db), bookings.New(shows.New(db.Pool, nil))), Recommendations: lists,
	})
	if err != nil {
		return err
	}
	h.server = httptest.NewServer(handler)
	h.house.closers = append(h.house.closers, h.server.Close)
	return nil
}

// ids are the movies of the demo world, those that are on in the city first.
func (h *listHouse) ids(ctx context.Context) (ids []uuid.UUID, err error) {
	rows, err := h.db.Pool.Query(ctx, `SELECT m.id, m.slug, EXISTS (SELECT FROM shows s JOIN theaters t ON t.id = s.theater_id JOIN cities c ON c.id = t.city_id
		WHERE s.movie_id = m.id AND c.slug = 'mumbai' AND s.starts_at > now()) AS here FROM movies m ORDER BY here DESC, m.id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id uuid.UUID
		var slug string
		var here bool
		if err := rows.Scan(&id, &slug, &here); err != nil {
			return nil, err
		}
		if ids = append(ids, id); here {
			h.film, h.on = slug, h.on+1
		}
	}
	return ids, rows.Err()
}

// settle makes people with twenty bookings each, and with stated tastes.
func (h *listHouse) settle(ctx context.Context, store *documents.Store, tokens *accounts.Tokens, ids []uuid.UUID, people int) error {
	const bookingsOf = `INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash, created_at)
		SELECT gen_random_uuid(), $1, id, 'confirmed', '{C5,C6}', '{}', 90000, currency, now(), '', now() - random() * interval '300 days'
		FROM shows ORDER BY random() LIMIT 20`
	for n := range people {
		id := uuid.New()
		if _, err := h.db.Pool.Exec(ctx, `INSERT INTO accounts (id, email, password_hash, name, role) VALUES ($1, $2, '', 'Person', 'customer')`, id, fmt.Sprintf("person-%d@example.com", n)); err != nil {
			return err
		}
		if _, err := h.db.Pool.Exec(ctx, bookingsOf, id); err != nil {
			return err
		}
		profile := documents.Profile{Genres: []string{"Drama"}, Films: ids[n%len(ids) : n%len(ids)+1], NotForMe: ids[(n+1)%len(ids) : (n+1)%len(ids)+1]}
		if _, err := store.Preferences.Put(ctx, id, profile); err != nil {
			return err
		}
		token, err := tokens.Issue(accounts.Account{ID: id.String(), Role: booking.RoleCustomer}, uuid.NewString())
		if err != nil {
			return err
		}
		h.tokens = append(h.tokens, token)
	}
	return nil
}

// train makes a model of made-up people, in which the demo world's movies are the first ones.
func (h *listHouse) train(ctx context.Context, store *documents.Store, ids []uuid.UUID, films int) error {
	data := madeUpCity(2_000, max(films, len(ids)))
	for i, id := range ids {
		data.Films[i].ID = id.String()
	}
	model, err := recommend.Train(ctx, data, recommend.DefaultOptions())
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := model.Write(&file); err != nil {
		return err
	}
	if err := store.Models.Put(ctx, documents.Model{Name: recommendations.ModelName, Version: "bench", MadeAt: time.Now(), Content: file.Bytes()}); err != nil {
		return err
	}
	return store.Models.Swap(ctx, recommendations.ModelName, "", "bench")
}

// ask sends requests at a steady rate, whether or not the ones before are answered, and counts
// from when each was due.
func (h *listHouse) ask(ctx context.Context, path string, person bool, rate int, each time.Duration) (took []time.Duration, wrong int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for n := range int(each.Seconds() * float64(rate)) {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		all.Go(func() {
			good := h.get(ctx, client, path, person)
			late := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if took = append(took, late); !good {
				wrong++
			}
		})
	}
	all.Wait()
	return took, wrong
}

func (h *listHouse) get(ctx context.Context, client *http.Client, path string, person bool) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.server.URL+path, nil)
	if err != nil {
		return false
	}
	if person {
		request.Header.Set("Authorization", "Bearer "+h.tokens[rand.IntN(len(h.tokens))])
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}
