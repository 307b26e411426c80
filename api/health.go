package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
)

const checkWithin = 2 * time.Second

// Health is what an operator asks for.
type Health struct {
	// Version of the program, for /healthz.
	Version string
	// Ready are the dependencies that /readyz asks, by name.
	Ready map[string]func(context.Context) error
	// Helpful are dependencies without which everything works, only slower: /readyz reports
	// them and does not fail.
	Helpful map[string]func(context.Context) error
}

// health says that the process runs. It looks at nothing else: restarting us
// does not bring a database back.
func (h Health) health(w http.ResponseWriter, _ *http.Request) error {
	return rest.Answer(w, http.StatusOK, map[string]string{"status": "ok", "version": h.Version})
}

// readiness tells, by name, which dependency is down. The cause stays in the log.
type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

func (h Health) ready(w http.ResponseWriter, r *http.Request, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkWithin)
	defer cancel()
	result := readiness{Status: "ready", Checks: map[string]string{}}
	var (
		mu   sync.Mutex
		wait sync.WaitGroup
	)
	ask := func(name string, check func(context.Context) error, needed bool) {
		wait.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			result.Checks[name] = "ok"
			if err == nil {
				return
			}
			result.Checks[name] = "down"
			if needed {
				result.Status = "not_ready"
			}
			log.WarnContext(ctx, "dependency is down", "dependency", name, "needed", needed, "error", err)
		})
	}
	for name, check := range h.Ready {
		ask(name, check, true)
	}
	for name, check := range h.Helpful {
		ask(name, check, false)
	}
	wait.Wait()
	status := http.StatusOK
	if result.Status != "ready" {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "2")
	}
	return rest.Answer(w, status, result)
}
