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
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/workers"
)

// The method. Holds come at a steady rate, as in bench reminders: first in the quiet,
// then while many guess a password at a steady rate, from one network or from many: a
// crowd that sends as fast as it can would measure itself, because it shares the machine,
// too. The API that compares passwords, the workers and the databases share the machine,
// as on a small one in production. Meanwhile the owner of the account logs in, from where she did before.
func loginsBenchmark(ctx context.Context, args []string) error {
	var b loginsBench
	flags := flag.NewFlagSet("logins", flag.ExitOnError)
	flags.IntVar(&b.holds.perSecond, "holds", 20, "holds a second")
	flags.IntVar(&b.guessers, "guessers", 50, "guesses at a time")
	flags.IntVar(&b.rate, "rate", 200, "guesses a second")
	flags.IntVar(&b.networks, "networks", 2000, "networks that they come from in the last part")
	flags.DurationVar(&b.each, "each", 20*time.Second, "how long each part takes")
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

	url string
	mu  sync.Mutex
	// answers to guesses by status, of the part that is measured.
	answers map[int]int
	owner   []time.Duration
	refused int // log-ins of the owner
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

	if _, err := b.part(ctx, 0, 0); err != nil { // warm
		return err
	}
	quiet, err := b.part(ctx, 0, 0)
	if err != nil {
		return err
	}
	b.report("quiet", quiet, quiet)
	for _, networks := range []int{1, b.networks} {
		flood, err := b.part(ctx, b.guessers, networks)
		if err != nil {
			return err
		}
		b.report(fmt.Sprintf("%d guesses a second, %d at a time, from %d networks", b.rate, b.guessers, networks), flood, quiet)
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
		Services: []string{api.ServiceAccounts}, Accounts: accounts.New(db, tokens, accounts.Limits{PerNetwork: 20}),
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
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

// part measures holds and the owner's log-ins for a while.
func (b *loginsBench) part(ctx context.Context, guessers, networks int) ([]time.Duration, error) {
	b.answers, b.owner, b.refused = map[int]int{}, nil, 0
	until := time.Now().Add(b.each)
	during, stop := context.WithDeadline(ctx, until)
	defer stop()
	var crowd sync.WaitGroup
	pace := rate.NewLimiter(rate.Limit(b.rate), 1)
	for range guessers {
		crowd.Go(func() { b.guess(during, networks, pace) })
	}
	crowd.Go(func() { b.logIn(during) })
	took, err := b.holds.hold(ctx, func() bool { return time.Now().Before(until) })
	crowd.Wait()
	return took, err
}

func (b *loginsBench) guess(ctx context.Context, networks int, pace *rate.Limiter) {
	for pace.Wait(ctx) == nil {
		from := rand.IntN(networks)
		status, _ := b.post(ctx, "/v1/sessions", fmt.Sprintf("198.51.%d.%d", 100+from/250, from%250), fmt.Sprintf("a wrong guess %d", rand.Int()), "")
		b.mu.Lock()
		b.answers[status]++
		b.mu.Unlock()
	}
}

func (b *loginsBench) logIn(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		status, err := b.post(ctx, "/v1/sessions", ownersAddress, ownersPassword, "")
		if ctx.Err() != nil {
			return
		}
		b.mu.Lock()
		if err == nil && status == http.StatusCreated {
			b.owner = append(b.owner, time.Since(began))
		} else {
			b.refused++
		}
		b.mu.Unlock()
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

func (b *loginsBench) report(name string, took, quiet []time.Duration) {
	fmt.Printf("%s\n  %d holds, p50 %s, p99 %s; against quiet %.2f×  (budget ≤ 2)\n", name, len(took), percentile(took, 50), percentile(took, 99),
		percentile(took, 99).Seconds()/percentile(quiet, 99).Seconds())
	fmt.Printf("  the owner's log-ins: %d, p50 %s, p99 %s, %d refused; guesses by status %v\n",
		len(b.owner), percentile(b.owner, 50), percentile(b.owner, 99), b.refused, b.answers)
}
