// Package networks says which networks an address is in, for limits by client.
//
// What does not live here: which address a request comes from, and what is limited.
package networks

import "net/netip"

// Network is a network that an address is in.
type Network struct {
	netip.Prefix
	// Share is how many times as much it may have as one client. More clients are behind a
	// larger network; one client that has all of it gets no more than this.
	Share int
}

// Of gives the networks of an address, the smallest first. One client has an address of
// IPv4. Of IPv6 it has a network of 64 bits at least, a home line often one of 56, and a
// rented machine or a company one of 48 (RFC 6177). Without an address it is one client,
// the unknown.
func Of(address netip.Addr) []Network {
	if !address.Is6() || address.Is4In6() {
		address = address.Unmap()
		prefix, _ := address.Prefix(address.BitLen())
		return []Network{{prefix, 1}}
	}
	var all []Network
	for _, size := range []struct{ bits, share int }{{64, 1}, {56, 2}, {48, 10}} {
		prefix, _ := address.Prefix(size.bits)
		all = append(all, Network{prefix, size.share})
	}
	return all
}
