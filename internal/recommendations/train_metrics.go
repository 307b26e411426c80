package recommendations

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/internal/documents"
)

// readAgeWithin bounds the question to the store: a reader of metrics gives up after 10 s by
// default.
const readAgeWithin = 3 * time.Second

var modelAge = prometheus.NewDesc("boxoffice_recommendations_model_age_seconds",
	"How long ago the model of recommendations in use was put in use. The same in every process; missing without a model.", nil, nil)

// ModelMetrics are what a process tells about the model in use.
func ModelMetrics(store *documents.Store) []prometheus.Collector {
	return []prometheus.Collector{age{store}}
}

// age reads which model is in use when Prometheus asks.
type age struct{ store *documents.Store }

// Describe implements prometheus.Collector.
func (age) Describe(to chan<- *prometheus.Desc) { to <- modelAge }

// Collect implements prometheus.Collector. While the store is away it tells nothing: its absence is
// told elsewhere, and must not take the other metrics along.
func (a age) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readAgeWithin)
	defer cancel()
	used, err := a.store.Models.InUse(ctx, ModelName)
	if err != nil || used.Current == "" {
		return
	}
	to <- prometheus.MustNewConstMetric(modelAge, prometheus.GaugeValue, time.Since(used.Since).Seconds())
}
