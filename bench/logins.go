package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/workers"
)

// The method. Holds come at a steady rate, as in bench reminders: without other load, and
// while many clients guess a password at a steady rate, from one network or from many.
// These parts take turns, so that a machine that slows down in between slows all of them. A
// crowd that sends as fast as it can would measure itself, because it shares the machine,
// too. The API that compares passwords, the workers and the databases share the machine, as
// on a small one in production. Meanwhile the owner of the account logs in, from where she
// did before.
func loginsBenchmark(ctx context.Context, args []string) error {
	var b loginsBench
	flags := flag.NewFlagSet("logins", flag.ExitOnError)
	flags.IntVar(&b.holds.perSecond, "holds", 20, "holds a second")
	flags.IntVar(&b.guessers, "guessers", 400, "guesses at a time")
	flags.IntVar(&b.rate, "rate", 200, "guesses a second")
	flags.IntVar(&b.networks, "networks", 2000, "networks that they come from in the last part")
	flags.DurationVar(&b.each, "each", 10*time.Second, "how long each part takes")
	flags.IntVar(&b.rounds, "rounds", 4, "how often the parts take turns")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return b.run(ctx)
}

const (
	ownersAddress  = "192.0.2.7"
	ownersPassword = "correct horse battery"
	ownersEmail    = "owner@example.com"
)

type loginsBench struct {
	holds              remindersBench
	guessers, networks int
	rate               int
	each               time.Duration
	rounds             int

	url string
}

// loginsPart is one kind of traffic and what was measured during it.
type loginsPart struct {
	name               string
	guessers, networks int

	mu              sync.Mutex
	answers         map[int]int // to guesses, by status
	holds, owner    []time.Duration
	refused         int // log-ins of the owner
	processor, took time.Duration
}

func (b *loginsBench) run(ctx context.Context) error {
	house := &readHouse{}
	defer house.close()
	if err := b.open(ctx, house); err != nil {
		return err
	}
	c, err := benchClient(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	b.holds.client, b.holds.policy = c, booking.DefaultPolicy()
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- workers.Run(serving, workers.Options{
			Client: c, Activities: instantActivities(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	}()
	defer func() { stop(); <-ended }()

	if err := b.measure(ctx, &loginsPart{}); err != nil { // warm
		return err
	}
	quiet := &loginsPart{name: "quiet"}
	parts := []*loginsPart{quiet}
	for _, networks := range []int{1, b.networks} {
		parts = append(parts, &loginsPart{
			name:     fmt.Sprintf("%d guesses a second, %d at a time, from %d networks", b.rate, b.guessers, networks),
			guessers: b.guessers, networks: networks,
		})
	}
	for range b.rounds {
		for _, part := range parts {
			if err := b.measure(ctx, part); err != nil {
				return err
			}
		}
	}
	for _, part := range parts {
		part.report(quiet)
	}
	return nil
}

func (b *loginsBench) open(ctx context.Context, house *readHouse) error {
	db, err := house.openDatabase(ctx)
	if err != nil {
		return err
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	tokens, err := accounts.NewTokens([]ed25519.PrivateKey{key}, "http://127.0.0.1")
	if err != nil {
		return err
	}
	handler, err := api.New(api.Options{
		Services: []string{"accounts"}, Accounts: accounts.New(db, tokens, accounts.Limits{PerNetwork: 20}), PublicURL: "http://127.0.0.1",
		HTTP: rest.Options{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	if err != nil {
		return err
	}
	server := httptest.NewServer(handler)
	house.closers = append(house.closers, server.Close)
	b.url = server.URL
	if status, err := b.post(ctx, "/v1/accounts", ownersAddress, ownersPassword, `,"name":"Owner"`); err != nil || status != http.StatusCreated {
		return errors.Join(fmt.Errorf("register: HTTP %d", status), err)
	}
	return nil
}

// measure adds one turn of a part to what it has measured.
func (b *loginsBench) measure(ctx context.Context, part *loginsPart) error {
	until := time.Now().Add(b.each)
	during, stop := context.WithDeadline(ctx, until)
	defer stop()
	var crowd sync.WaitGroup
	pace := rate.NewLimiter(rate.Limit(b.rate), 1)
	before := processorTime()
	for range part.guessers {
		crowd.Go(func() { b.guess(during, part, pace) })
	}
	crowd.Go(func() { b.logIn(during, part) })
	took, err := b.holds.hold(ctx, func() bool { return time.Now().Before(until) })
	crowd.Wait()
	part.holds = append(part.holds, took...)
	part.processor += processorTime() - before
	part.took += b.each
	return err
}

func (b *loginsBench) guess(ctx context.Context, part *loginsPart, pace *rate.Limiter) {
	for pace.Wait(ctx) == nil {
		from := rand.IntN(part.networks)
		status, _ := b.post(ctx, "/v1/sessions", fmt.Sprintf("198.51.%d.%d", 100+from/250, from%250), fmt.Sprintf("a wrong guess %d", rand.Int()), "")
		part.mu.Lock()
		if part.answers == nil {
			part.answers = map[int]int{}
		}
		part.answers[status]++
		part.mu.Unlock()
	}
}

func (b *loginsBench) logIn(ctx context.Context, part *loginsPart) {
	for ctx.Err() == nil {
		began := time.Now()
		status, err := b.post(ctx, "/v1/sessions", ownersAddress, ownersPassword, "")
		if ctx.Err() != nil {
			return
		}
		part.mu.Lock()
		if err == nil && status == http.StatusCreated {
			part.owner = append(part.owner, time.Since(began))
		} else {
			part.refused++
		}
		part.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (b *loginsBench) post(ctx context.Context, path, from, password, more string) (status int, err error) {
	body := fmt.Sprintf(`{"email":%q,"password":%q%s}`, ownersEmail, password, more)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", from)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}

func (p *loginsPart) report(quiet *loginsPart) {
	fmt.Printf("%s\n  %d holds, p50 %s, p99 %s; against quiet p50 %.2f×, p99 %.2f× (budget ≤ 2); API, workers and guessers took %.2f processors\n",
		p.name, len(p.holds), percentile(p.holds, 50), percentile(p.holds, 99),
		percentile(p.holds, 50).Seconds()/percentile(quiet.holds, 50).Seconds(),
		percentile(p.holds, 99).Seconds()/percentile(quiet.holds, 99).Seconds(), p.processor.Seconds()/p.took.Seconds())
	fmt.Printf("  the owner's log-ins: %d, p50 %s, p99 %s, %d refused; guesses by status %v\n",
		len(p.owner), percentile(p.owner, 50), percentile(p.owner, 99), p.refused, p.answers)
}
