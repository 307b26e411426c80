package limits

import "github.com/prometheus/client_golang/prometheus"

var refused = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "boxoffice_requests_refused_total",
	Help: "Requests that this process refused because a client had used up a budget, by group (docs/limits.md).",
}, []string{"group"})

// Metrics are what a process tells about refusals.
func Metrics() []prometheus.Collector { return []prometheus.Collector{refused} }
