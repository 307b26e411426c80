package keyring

import "github.com/prometheus/client_golang/prometheus"

var (
	unreadable = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "boxoffice_unreadable_payloads_total",
		Help: "Payloads of Temporal that this process could not read with its keys, every try counted.",
	})
	fits = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "boxoffice_payload_keys_fit",
		Help: "1 when this process has every payload key that is in use, 0 when it lacks one.",
	})
)

// Metrics are what a process tells about its payload keys.
func Metrics() []prometheus.Collector {
	fits.Set(1) // a process that starts has been checked
	return []prometheus.Collector{unreadable, fits}
}
