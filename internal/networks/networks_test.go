package networks

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][]string{
		"192.0.2.7":          {"192.0.2.7/32"},
		"::ffff:192.0.2.7":   {"192.0.2.7/32"},
		"2001:db8:1:2345::7": {"2001:db8:1:2345::/64", "2001:db8:1:2300::/56", "2001:db8:1::/48"},
	} {
		var got []string
		share := 0
		for _, n := range Of(netip.MustParseAddr(address)) {
			got = append(got, n.String())
			assert.Greater(t, n.Share, share)
			share = n.Share
		}
		assert.Equal(t, want, got)
	}
	assert.Equal(t, []Network{{netip.Prefix{}, 1}}, Of(netip.Addr{}))
}
