package rest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddress is where a request comes from. X-Forwarded-For counts only as far as a
// proxy of ours has written it: each proxy adds the address that it was called from at the
// end, so the list is read from there, and the first address that is no proxy of ours is
// the client's. The client may have forged what stands before it.
func (s *Server) ClientAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := plain(peer.Addr())
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if !s.ourProxy(address) {
		if hops[0] != "" {
			s.foreignProxy.Do(func() {
				s.Logger.Warn("X-Forwarded-For does not count: TRUSTED_PROXIES does not name who sent it. " +
					"If that is a proxy of yours, all its clients share the limits of one")
			})
		}
		return address
	}
	for _, hop := range slices.Backward(hops) {
		next, ok := parseHop(hop)
		if !ok {
			break // that proxy of ours did not say
		}
		if address = next; !s.ourProxy(address) {
			break
		}
	}
	return address
}

// parseHop reads an address as proxies write it, some with a port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if inner, bracketed := strings.CutPrefix(text, "["); bracketed && strings.HasSuffix(inner, "]") {
		text = strings.TrimSuffix(inner, "]")
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return plain(address), true
	}
	address, err := netip.ParseAddrPort(text)
	return plain(address.Addr()), err == nil
}

func (s *Server) ourProxy(address netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// plain makes an address equal to itself in other spellings.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }
