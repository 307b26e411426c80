package notify

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var lettersSent = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "boxoffice_letters_total", Help: "Letters about accounts that were handed to a vendor, by kind and result: sent, waiting for another try, or dropped.",
}, []string{"kind", "result"})
