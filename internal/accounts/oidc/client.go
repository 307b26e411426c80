package oidc

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/internal/outbound"
)

const (
	// answerWithin is how long an issuer may take for one answer.
	answerWithin = 8 * time.Second
	// mostAnswer is in bytes. Key sets are the largest answers; those of large issuers have
	// some 10 kB.
	mostAnswer = 256 << 10
)

// newClient makes the client for one issuer. The addresses that it calls stand in the
// issuer's own document: unless the issuer is private, they must lead to the public internet.
func newClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 4 * time.Second}
	if !private {
		dialer.Control = outbound.Control
	}
	transport := &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 4 * time.Second,
		MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
	return &http.Client{
		Transport: bounded{transport}, Timeout: answerWithin,
		// A redirect would carry codes and secrets to where the issuer's document does not say.
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the issuer redirects") },
	}
}

// bounded ends answers that are too long with an error.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, mostAnswer)
	}
	return response, err
}
