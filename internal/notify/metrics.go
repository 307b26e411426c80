package notify

import "github.com/prometheus/client_golang/prometheus"

var lettersSent = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "boxoffice_letters_total", Help: "Letters about accounts that were handed to a vendor, by kind and result: sent, waiting for another try, or dropped.",
}, []string{"kind", "result"})

// Metrics are what this package counts.
func Metrics() []prometheus.Collector { return []prometheus.Collector{lettersSent} }
