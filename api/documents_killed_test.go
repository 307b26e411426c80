package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	documentsdb "github.com/boxoffice/boxoffice/internal/documents/postgres"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

// The server of the store of documents is killed while people ask for lists, report of them and
// book. None of them gets an error, and what is personal comes back with the store.
func TestKillingTheStoreOfDocumentsUnderLoad(t *testing.T) {
	t.Parallel()
	server := databasetest.NewServer(t)
	require.NoError(t, documentsdb.Migrate(t.Context(), server.URL("postgres"), nil))
	c := newCinema(t)
	c.documents = openDocuments(t, server.URL("postgres"))
	c.options.Recommendations = openRecommendations(t, c.db, c.documents)
	c.options.Tastes = tastes.New(c.documents, catalog.New(c.db), c.options.Bookings.Bookings)
	c.serve()
	c.train(c.options.Recommendations)
	c.buys(c.customer, "dune", "A01")
	require.Equal(t, recommendations.FromModel, c.list(c.customer, "").Source)

	var stop atomic.Bool
	var asked atomic.Int64
	var wrong sync.Map
	send := func(token, method, path, body string) {
		request, err := http.NewRequestWithContext(t.Context(), method, c.server.URL+path, strings.NewReader(body))
		if err != nil {
			wrong.Store(err.Error(), true)
			return
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		if body != "" {
			request.Header.Set("Content-Type", "application/json")
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			wrong.Store(err.Error(), true)
			return
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		asked.Add(1)
		if err != nil || response.StatusCode >= 300 {
			wrong.Store(fmt.Sprintf("%s %s: %d %s %v", method, path, response.StatusCode, answer, err), true)
		}
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			token := []string{c.customer, c.other, ""}[worker%3]
			for !stop.Load() {
				send(token, "GET", listPath+"?city=pune", "")
				send(token, "GET", "/v1/movies/amelie/similar?city=pune", "")
				send(token, "POST", impressionsPath, fmt.Sprintf(`{"lists":[{"list_id":"0193a6f2c7d87e1a9b0c4d5e6f708192","seen":[%q]}]}`, c.films["dune"]))
			}
		})
	}
	passes := func(n int64) {
		t.Helper()
		from := asked.Load()
		require.Eventually(t, func() bool { return asked.Load() >= from+n }, 30*time.Second, 10*time.Millisecond, "requests go on")
	}
	passes(100)
	server.Kill()
	<-server.Done()
	passes(100)
	away := c.list(c.other, "")
	c.buys(c.other, "babe", "B01") // a sale goes on
	passes(100)
	databasetest.Restart(t, server)
	require.Eventually(t, func() bool {
		c.options.Recommendations.LookForModel(t.Context())
		got := c.send(t, call{token: c.customer, method: "GET", path: preferencesPath})
		return got.status == http.StatusOK && c.list(c.customer, "").Source == recommendations.FromModel && c.list("", "").Source == recommendations.FromPopularity
	}, 30*time.Second, 100*time.Millisecond, "all is as before")
	passes(50)
	stop.Store(true)
	all.Wait()
	wrong.Range(func(what, _ any) bool { return assert.Fail(t, "an answer was an error", what) })
	assert.NotEmpty(t, away.Items)
	assert.NotContains(t, slugs(c.list(c.other, "")), "babe")
}
