package main

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/retention"
)

func TestDocumentsAreWhereTheSettingsSay(t *testing.T) {
	for name, test := range map[string]struct{ documentsURL, mongoDBURL, want string }{
		"by default": {"", "", "Postgres schema documents"},
		"apart":      {"postgres://u@127.0.0.1:1/other", "", "Postgres schema documents"},
		"MongoDB":    {"", "mongodb://127.0.0.1:1/films", "MongoDB database films"},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t)
			t.Setenv("DOCUMENTS_URL", test.documentsURL)
			t.Setenv("MONGODB_URL", test.mongoDBURL)
			cfg, err := config.Load(config.API)
			require.NoError(t, err)
			p := &platform{config: cfg, log: slog.New(slog.DiscardHandler)}
			defer p.close()
			store, err := p.openDocuments(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, store.Name)
			assert.Error(t, store.Ping(t.Context()), "away, or not migrated")
		})
	}
}

// Two databases: one command migrates both.
func TestMigrateMigratesDocumentsApart(t *testing.T) {
	environment(t)
	apart := databasetest.URL(t)
	t.Setenv("DOCUMENTS_URL", apart)
	require.NoError(t, run(t.Context(), "migrate"))
	cfg, err := config.Load(config.API)
	require.NoError(t, err)
	p := &platform{config: cfg, log: slog.New(slog.DiscardHandler)}
	defer p.close()
	store, err := p.openDocuments(t.Context())
	require.NoError(t, err)
	assert.NoError(t, store.Ping(t.Context()))
}

// Documents that are away cost the documents: everything else is served.
func TestServesWithoutDocuments(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "migrate"))
	address := freeAddress(t)
	t.Setenv("API_ADDR", address)
	t.Setenv("MONGODB_URL", "mongodb://127.0.0.1:1")
	stop := start(t, "api")
	assert.Contains(t, awaitReady(t, address, `"documents":"down"`), `"postgres":"ok"`)
	answer, err := http.Get("http://" + address + "/v1/cities")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	require.NoError(t, stop())
}

// Recommendations can be a process of their own, and the others do without them.
func TestServesRecommendationsAlone(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "migrate"))
	require.NoError(t, run(t.Context(), "seed", "--days", "2"))
	const list = "/v1/me/recommendations?city=mumbai"
	for service, status := range map[string]int{"recommendations": http.StatusOK, "catalog": http.StatusNotFound} {
		address := freeAddress(t)
		t.Setenv("API_ADDR", address)
		stop := start(t, "api", "--services", service)
		awaitAnswer(t, "http://"+address+"/healthz")
		answer, err := http.Get("http://" + address + list)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, status, answer.StatusCode, service)
		require.NoError(t, stop(), service)
	}
}

func TestDocumentsKept(t *testing.T) {
	t.Parallel()
	cfg := config.Config{}
	cfg.ActivityKept, cfg.EventsKept, cfg.CountersKept = 400*time.Hour, 20*time.Hour, 30*time.Hour
	kept := documentsKept(cfg)
	assert.Equal(t, 400*time.Hour, kept.Of(documents.KindBooking))
	assert.Equal(t, 100*time.Hour, kept.Of(documents.KindClick))
	assert.Equal(t, 20*time.Hour, kept.Of(documents.KindImpression))
	assert.Equal(t, 30*time.Hour, kept.Counters)
}

// What the schedule of a worker asks to delete is known to the process that does it.
func TestEveryOldKindIsDeleted(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "migrate"))
	cfg, err := config.Load(config.Worker)
	require.NoError(t, err)
	db, err := database.Open(t.Context(), cfg.DatabaseURL)
	require.NoError(t, err)
	defer db.Close()
	p := &platform{config: cfg, log: slog.New(slog.DiscardHandler)}
	defer p.close()
	store, err := p.openDocuments(t.Context())
	require.NoError(t, err)
	records := retention.New(db.Pool).WithDocuments(store, p.log)
	for kind, kept := range cfg.Kept() {
		_, err := records.DeleteOld(t.Context(), kind, kept, 10)
		assert.NoError(t, err, kind)
	}
}
