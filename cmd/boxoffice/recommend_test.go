package main

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/workflows"
)

func TestRecommendBackUsesTheVersionBefore(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "migrate"))
	require.ErrorContains(t, run(t.Context(), "recommend", "back"), "boxoffice recommend train")

	cfg, err := config.Load(config.Worker)
	require.NoError(t, err)
	p := &platform{config: cfg, log: slog.New(slog.DiscardHandler)}
	defer p.close()
	store, err := p.openDocuments(t.Context())
	require.NoError(t, err)
	before := ""
	for _, version := range []string{"v1", "v2"} {
		require.NoError(t, store.Models.Put(t.Context(), documents.Model{Name: recommendations.ModelName, Version: version, MadeAt: time.Now()}))
		require.NoError(t, store.Models.Swap(t.Context(), recommendations.ModelName, before, version))
		before = version
	}
	require.NoError(t, run(t.Context(), "recommend", "back"))
	used, err := store.Models.InUse(t.Context(), recommendations.ModelName)
	require.NoError(t, err)
	assert.Equal(t, "v1", used.Current)
	assert.Equal(t, "v2", used.Previous)
}

func TestWhatATrainingPrints(t *testing.T) {
	t.Parallel()
	measured := booking.MeasuredModel{Likings: 7, People: 3, Films: 2, Cases: 30, NDCG: 0.25, NDCGInUse: 0.5, Note: "it is good"}
	for name, c := range map[string]struct {
		result workflows.TrainResult
		want   string
	}{
		"in use": {workflows.TrainResult{Version: "v2", MeasuredModel: measured}, "7 likings of 3 people, 2 films.\n" +
			"On 30 bookings since the last training: NDCG@10 0.2500, of the one in use 0.5000.\nVersion v2 is in use: it is good.\n"},
		"refused, not measured": {workflows.TrainResult{Refused: "too few", MeasuredModel: booking.MeasuredModel{Likings: 1, People: 1, Films: 1}},
			"1 likings of 1 people, 1 films.\nNot used: too few\n"},
	} {
		var out bytes.Buffer
		require.NoError(t, printTrained(&out, c.result))
		assert.Equal(t, c.want, out.String(), name)
	}
}
