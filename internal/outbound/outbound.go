// Package outbound decides which web addresses given by people may be kept and
// handed on: those that lead to the public internet. It follows what a browser
// would make of an address, not only what Go reads.
//
// What does not live here: fetching. Code that calls an address later gives Control to its
// dialer, or takes NewTransport, because names can change what they resolve to.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/idna"
)

const (
	longest    = 2000 // characters; longer ones get lost on their way through other programs
	lookupTime = 3 * time.Second
)

// Resolver looks up names. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Refused says why an address may not be kept, in words for the person who gave it.
type Refused struct{ Reason string }

// Error implements error.
func (r *Refused) Error() string { return r.Reason }

func refused(format string, args ...any) error {
	return &Refused{Reason: fmt.Sprintf(format, args...)}
}

// Guard checks addresses.
type Guard struct{ resolver Resolver }

// public knows the addresses of the public internet, by IANA's registries.
var public = ssrf.New()

// New makes a Guard; nil stands for this machine's resolver.
func New(resolver Resolver) *Guard {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Guard{resolver}
}

// Check gives an address as it may be stored, or *Refused. Any other error means
// that its name could not be looked up now.
func (g *Guard) Check(ctx context.Context, address string) (string, error) {
	clean, name, err := Form(address)
	if err != nil || name == "" {
		return clean, err
	}
	if err := g.checkName(ctx, name); err != nil {
		return "", err
	}
	return clean, nil
}

// Form is Check without looking up the host's name, which it gives: empty when the
// host is written as an address. It is for thousands of addresses at once from a trusted
// source. Error: *Refused.
func Form(address string) (clean, name string, err error) {
	parsed, err := parse(address)
	if err != nil {
		return "", "", err
	}
	name, literal, err := hostOf(parsed)
	if err != nil {
		return "", "", err
	}
	if !literal.IsValid() {
		parsed.Host = name
		return parsed.String(), name, nil
	}
	if public.SafeAddr(literal) != nil {
		return "", "", refusedInside()
	}
	return parsed.String(), "", nil
}

// Control is for a net.Dialer: it refuses to connect to what is not on the public
// internet, whatever a name resolved to, and to ports other than those of the web. Error:
// *Refused.
func Control(network, address string, conn syscall.RawConn) error {
	if public.Safe(network, address, conn) != nil {
		return refusedInside()
	}
	return nil
}

func refusedInside() error {
	return refused("Leads to an address that is not on the public internet.")
}

func parse(address string) (*url.URL, error) {
	switch {
	case len(address) > longest:
		return nil, refused("Has at most %d characters.", longest)
	// Browsers drop tabs and line breaks and read \ as /, so that they would see
	// another host than Go does (WHATWG URL, sections 4.3 and 4.4).
	case strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }):
		return nil, refused("Must not contain spaces, line breaks or backslashes.")
	case strings.Contains(address, "#"):
		return nil, refused("Must not contain a fragment: leave out # and what follows.")
	}
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Opaque != "":
		return nil, refused("Is not a web address, for example https://images.example/poster.jpg.")
	case parsed.Scheme != "https":
		return nil, refused("Must begin with https://.")
	case parsed.User != nil:
		return nil, refused("Must not contain a user name or password.")
	case parsed.Port() != "" && parsed.Port() != "443":
		return nil, refused("Must not name a port.")
	}
	return parsed, nil
}

// For a browser, a host that ends in a number is an IPv4 address, in any of the notations
// of inet_aton (WHATWG URL, section 3.5): 2130706433, 0177.1 and 0x7f.1 are all 127.0.0.1.
var endsInNumber = regexp.MustCompile(`(?i)(^|\.)([0-9]+|0x[0-9a-f]*)$`)

// hostOf gives the host as a name in ASCII, or as the literal address that it is.
func hostOf(parsed *url.URL) (name string, literal netip.Addr, err error) {
	host := parsed.Hostname()
	if strings.HasPrefix(parsed.Host, "[") {
		literal, err := netip.ParseAddr(host)
		if err != nil || literal.Zone() != "" {
			return "", netip.Addr{}, refused("Has no valid host.")
		}
		return "", literal, nil
	}
	// Maps what only looks different, such as full-width digits, before anything is
	// decided about it.
	name, err = idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || name == "" {
		return "", netip.Addr{}, refused("Has no valid host.")
	}
	if endsInNumber.MatchString(name) {
		literal, err := netip.ParseAddr(name)
		if err != nil {
			return "", netip.Addr{}, refused("Write the host as a name.")
		}
		return "", literal, nil
	}
	if !strings.Contains(name, ".") {
		return "", netip.Addr{}, refused("Write the host's full name.")
	}
	return name, netip.Addr{}, nil
}

func (g *Guard) checkName(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	// With the dot at its end no search domain of this machine is tried.
	addresses, err := g.resolver.LookupNetIP(ctx, "ip", name+".")
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup) && lookup.IsNotFound, err == nil && len(addresses) == 0:
		return refused("There is no such host.")
	case err != nil:
		return fmt.Errorf("look up the host of an address: %w", err)
	}
	for _, address := range addresses {
		// The resolver may give IPv4 in its IPv6 form.
		if public.SafeAddr(address.Unmap()) != nil {
			return refusedInside()
		}
	}
	return nil
}
