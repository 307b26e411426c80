// Package wire is the HTTP below the messaging vendors' own clients. It knows
// what those clients do not say: whether a request that got no answer may have
// arrived. What a vendor's answers mean in particular lives with the vendor.
package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/notify"
)

const (
	connectWithin = 3 * time.Second
	// idleFor is shorter than the vendors keep idle connections open: a request
	// written to a connection that is just being closed has an unknown outcome.
	idleFor = 30 * time.Second
	// maxAnswer is more than any answer that we read.
	maxAnswer = 1 << 20
)

// NewTransport is one vendor's pool of connections. How long a call may take is
// its context's matter.
func NewTransport() *http.Transport {
	return newTransport(&net.Dialer{Timeout: connectWithin, KeepAlive: idleFor})
}

// NewGuardedTransport is one for addresses that people give: control sees each address
// before it is connected to. It goes through no proxy, which would connect for us, unseen.
func NewGuardedTransport(control func(network, address string, conn syscall.RawConn) error) *http.Transport {
	guarded := newTransport(&net.Dialer{Timeout: connectWithin, KeepAlive: idleFor, Control: control})
	guarded.Proxy = nil
	return guarded
}

func newTransport(dialer *net.Dialer) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: connectWithin,
		IdleConnTimeout:     idleFor,
		MaxIdleConnsPerHost: 32,
		ForceAttemptHTTP2:   true,
	}
}

// Call is the http.RoundTripper of one call to a vendor. It passes the context
// where a vendor's client has no room for one, and watches what happens.
type Call struct {
	vendor  string
	context context.Context
	base    *url.URL // where to send it instead; nil leaves the address alone
	next    http.RoundTripper
	written atomic.Bool
	status  atomic.Int64
}

// NewCall prepares one call. base replaces scheme and host of the URL that the vendor's
// client has built in.
func NewCall(ctx context.Context, vendor string, base *url.URL, next http.RoundTripper) *Call {
	return &Call{vendor: vendor, context: ctx, base: base, next: next}
}

// Client is an http.Client for this call alone. It follows no redirect: no
// vendor's API sends one, and the request must not go out twice.
func (c *Call) Client() *http.Client {
	return &http.Client{
		Transport:     c,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements http.RoundTripper.
func (c *Call) RoundTrip(req *http.Request) (*http.Response, error) {
	// A connection means that bytes may be on their way; an error while writing
	// means that the request is not complete there, so it cannot be worked on.
	req = req.Clone(httptrace.WithClientTrace(c.context, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { c.written.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) { c.written.Store(info.Err == nil) },
	}))
	if c.base != nil {
		req.URL.Scheme, req.URL.Host, req.Host = c.base.Scheme, c.base.Host, ""
	}
	res, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	c.status.Store(int64(res.StatusCode))
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxAnswer), res.Body}
	return res, nil
}

// Accepted tells whether the vendor answered with success. It stays true even if reading
// the rest of the answer fails.
func (c *Call) Accepted() bool {
	status := c.status.Load()
	return status >= 200 && status < 300
}

// Failed describes a call that sends a message and was not accepted. reason is
// the vendor's code for it, cause the error of its client.
func (c *Call) Failed(reason string, cause error) *notify.VendorError {
	status := int(c.status.Load())
	return c.failure(status, outcomeOfSending(status, c.written.Load()), reason, cause)
}

// FailedAsking describes a call that asks for a message and got no list. Asking
// changes nothing, so its outcome is never unknown: it is asked again, unless
// the vendor does not tell us.
func (c *Call) FailedAsking(reason string, cause error) *notify.VendorError {
	status := int(c.status.Load())
	outcome := notify.OutcomeNotAccepted
	switch {
	case status == http.StatusUnauthorized:
		outcome = notify.OutcomeDenied
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
	case status >= 300 && status < 500, status == http.StatusNotImplemented:
		outcome = notify.OutcomeUnaskable
	}
	return c.failure(status, outcome, reason, cause)
}

func (c *Call) failure(status int, outcome notify.Outcome, reason string, cause error) *notify.VendorError {
	if reason == "" && status == 0 {
		reason = withoutAddress(cause)
	}
	return &notify.VendorError{Vendor: c.vendor, Outcome: outcome, Status: status, Reason: reason}
}

// outcomeOfSending reads an HTTP status. 502 and 504 come from something in
// front of the vendor that does not know what the vendor did.
func outcomeOfSending(status int, written bool) notify.Outcome {
	switch {
	case status == 0 && !written:
		return notify.OutcomeNotAccepted
	case status == 0:
		return notify.OutcomeUnknown
	case status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusNotFound, status == http.StatusMethodNotAllowed,
		status >= 300 && status < 400:
		return notify.OutcomeDenied
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests,
		status == http.StatusInternalServerError, status == http.StatusServiceUnavailable:
		return notify.OutcomeNotAccepted
	case status >= 400 && status < 500:
		return notify.OutcomeRefused
	default:
		return notify.OutcomeUnknown
	}
}

// withoutAddress drops the URL that net/http puts into its errors: some vendors
// want a phone number in the query.
func withoutAddress(err error) string {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "canceled by us"
	default:
		return err.Error()
	}
}
