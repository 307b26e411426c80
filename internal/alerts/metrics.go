package alerts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/booking"
)

var raised = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "boxoffice_alerts_raised_total",
	Help: "Alerts that this process raised, or opened again, by kind.",
}, []string{"kind"})

// Metrics are what a process tells about alerts.
func Metrics(pool *pgxpool.Pool) []prometheus.Collector {
	for _, kind := range booking.AlertKinds() {
		raised.WithLabelValues(string(kind)) // 0 from the start, so that the first one is an increase
	}
	return []prometheus.Collector{raised, open{pool}}
}

// open counts the unresolved alerts when Prometheus asks.
type open struct{ pool *pgxpool.Pool }

// countWithin bounds the question to the database: a reader of metrics gives up
// after 10 s by default.
const countWithin = 3 * time.Second

var openDesc = prometheus.NewDesc("boxoffice_alerts_open",
	"Open alerts in the database, by kind. The same in every process.", []string{"kind"}, nil)

// Describe implements prometheus.Collector.
func (open) Describe(to chan<- *prometheus.Desc) { to <- openDesc }

// Collect implements prometheus.Collector.
func (o open) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countWithin)
	defer cancel()
	counts, err := o.count(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(openDesc, err)
		return
	}
	for kind, n := range counts {
		to <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, n, kind)
	}
}

func (o open) count(ctx context.Context) (map[string]float64, error) {
	counts := map[string]float64{}
	for _, kind := range booking.AlertKinds() {
		counts[string(kind)] = 0
	}
	rows, err := o.pool.Query(ctx, `SELECT kind, count(*) FROM alerts WHERE resolved_at IS NULL GROUP BY kind`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var n float64
		if err := rows.Scan(&kind, &n); err != nil {
			return nil, err
		}
		counts[kind] = n
	}
	return counts, rows.Err()
}
