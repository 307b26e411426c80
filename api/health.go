package api

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const checkWithin = 2 * time.Second

// health says that the process runs. It looks at nothing else: restarting us
// does not bring a database back.
func (a *api) health(w http.ResponseWriter, r *http.Request) {
	a.answer(w, r, http.StatusOK, map[string]string{"status": "ok", "version": a.Version})
}

// readiness tells, by name, which dependency is away. What exactly is wrong with
// it stays in the log.
type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

func (a *api) ready(w http.ResponseWriter, r *http.Request) {
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
			a.Logger.WarnContext(ctx, "dependency is down", "dependency", name, "needed", needed, "error", err)
		})
	}
	for name, check := range a.Ready {
		ask(name, check, true)
	}
	for name, check := range a.Helpful {
		ask(name, check, false)
	}
	wait.Wait()
	status := http.StatusOK
	if result.Status != "ready" {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "2")
	}
	a.answer(w, r, status, result)
}
