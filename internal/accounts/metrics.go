package accounts

import "github.com/prometheus/client_golang/prometheus"

var (
	// codesTyped shows guessing over many accounts: most are wrong then.
	codesTyped = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "boxoffice_codes_typed_total", Help: "Codes of messages that were typed, by purpose and whether they were right.",
	}, []string{"purpose", "result"})
	codesRefused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "boxoffice_codes_refused_total", Help: "Codes by SMS that were not sent, by the limit that was reached.",
	}, []string{"limit"})
	identityLogIns = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "boxoffice_identity_logins_total", Help: "Log-ins by identity providers, by how they ended.",
	}, []string{"outcome"})
)
