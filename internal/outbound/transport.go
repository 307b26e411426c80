package outbound

import (
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// connectWithin bounds how long a connection may take to be made, and its TLS as long again.
const connectWithin = 5 * time.Second

// Networks are those that may be called although they are not on the public internet.
type Networks []netip.Prefix

// Control is for a net.Dialer: it refuses to connect to what is neither on the public internet
// nor in one of the networks, whatever a name resolved to. All ports are allowed. Error:
// *Refused.
func (n Networks) Control() func(network, address string, conn syscall.RawConn) error {
	var four, six []netip.Prefix
	for _, prefix := range n {
		if prefix.Addr().Is4() {
			four = append(four, prefix)
		} else {
			six = append(six, prefix)
		}
	}
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(four...), ssrf.WithAllowedV6Prefixes(six...))
	return func(network, address string, conn syscall.RawConn) error {
		if guard.Safe(network, address, conn) != nil {
			return refusedInside()
		}
		return nil
	}
}

// within is Control for the networks alone.
func (n Networks) within(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused("Has no valid host.")
	}
	for _, prefix := range n {
		if prefix.Contains(target.Addr()) {
			return nil
		}
	}
	return refused("Leads to an address that is not in one of our networks, without TLS.")
}

// NewTransport makes the connections to addresses that people have given, at any port: with TLS
// to the public internet and to the networks, and without TLS to the networks alone, because what we show
// there must not be read on the way. It goes through no proxy, which would connect for us,
// unseen. Errors of its own: *Refused; nothing was sent then.
func NewTransport(networks Networks) http.RoundTripper {
	return &transport{encrypted: connections(networks.Control()), plain: connections(networks.within)}
}

type transport struct{ encrypted, plain http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.encrypted.RoundTrip(r)
	}
	return t.plain.RoundTrip(r)
}

func connections(control func(network, address string, conn syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: connectWithin, KeepAlive: 30 * time.Second, Control: control}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: connectWithin, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
}
