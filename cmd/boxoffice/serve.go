package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/keyring"
	"github.com/boxoffice/boxoffice/internal/limits"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/retention"
)

const (
	// shutdownWithin stays below Kubernetes' 30 s until it kills.
	shutdownWithin = 25 * time.Second
	// A client has this long to send its headers, and this long for a whole
	// request: slow ones must not pile up.
	headersWithin = 5 * time.Second
	requestWithin = 30 * time.Second
	idleFor       = 2 * time.Minute
	// A client has this long, from the end of its headers on, to send its body and to
	// take the answer: one that never reads must not keep its connection. Event streams
	// have a deadline for each write instead.
	answerWithin = 90 * time.Second
)

// serveMetrics serves what this process tells of itself, until the platform is
// closed. Without an address it does nothing.
func (p *platform) serveMetrics() error {
	if p.config.MetricsAddr == "" {
		return nil
	}
	handler, err := metrics.Handler(slices.Concat(alerts.Metrics(p.db.Pool), retention.Metrics(), keyring.Metrics(), accounts.Metrics(), limits.Metrics(), bookings.Metrics(), notify.Metrics(), p.collectors)...)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	listener, err := net.Listen("tcp", p.config.MetricsAddr)
	if err != nil {
		return fmt.Errorf("METRICS_ADDR: listen: %w", err)
	}
	server := newServer(handler, p.log)
	p.log.Info("serving metrics", "address", listener.Addr().String())
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.log.Error("metrics are no longer served", "error", err)
		}
	}()
	p.closers = append(p.closers, func() { _ = server.Close() })
	return nil
}

// serve answers requests until the context ends, then lets those under way
// finish.
func serve(ctx context.Context, address string, handler http.Handler, log *slog.Logger) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := newServer(handler, log)
	log.Info("listening", "address", listener.Addr().String())

	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop serving: %w", errors.Join(err, server.Close()))
	}
	return nil
}

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headersWithin,
		ReadTimeout:       requestWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
