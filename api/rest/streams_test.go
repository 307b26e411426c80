package rest

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestFault59_ClientAddress(t *testing.T) {
	t.Parallel()
	s := New(Options{Logger: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48"),
	}})
	for name, test := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"no proxy between":            {"203.0.113.7:1", nil, "203.0.113.7"},
		"forged without a proxy":      {"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"one proxy":                   {"10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"two proxies":                 {"10.0.0.1:1", []string{"203.0.113.7, 10.9.9.9"}, "203.0.113.7"},
		"forged before the proxies":   {"10.0.0.1:1", []string{"198.51.100.1, 203.0.113.7, 10.9.9.9"}, "203.0.113.7"},
		"a header for each hop":       {"10.0.0.1:1", []string{"198.51.100.1", "203.0.113.7", "10.9.9.9"}, "203.0.113.7"},
		"our own address as a client": {"10.0.0.1:1", []string{"10.1.2.3"}, "10.1.2.3"},
		"a proxy that says nothing":   {"10.0.0.1:1", nil, "10.0.0.1"},
		"one that says nonsense":      {"10.0.0.1:1", []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		"nonsense behind a proxy":     {"10.0.0.1:1", []string{"unknown, 10.9.9.9"}, "10.9.9.9"},
		"with a port":                 {"10.0.0.1:1", []string{"203.0.113.7:4711"}, "203.0.113.7"},
		"IPv6":                        {"[2001:db8:ffff::1]:1", []string{"2001:db8:1:2::7"}, "2001:db8:1:2::7"},
		"IPv6 with a port":            {"[2001:db8:ffff::1]:1", []string{"[2001:db8:1:2::7]:4711"}, "2001:db8:1:2::7"},
		"IPv4 as IPv6":                {"[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"IPv6 in brackets":            {"[2001:db8:ffff::1]:1", []string{"[2001:db8:1:2::7]"}, "2001:db8:1:2::7"},
		"forged in another line":      {"10.0.0.1:1", []string{"203.0.113.7", "", "203.0.113.9"}, "203.0.113.9"},
		"an empty last hop":           {"10.0.0.1:1", []string{"203.0.113.7, "}, "10.0.0.1"},
		"a hop with a zone":           {"10.0.0.1:1", []string{"fe80::1%eth0"}, "fe80::1"},
		"forged around the proxy":     {"198.51.100.9:1", []string{"10.0.0.1, 203.0.113.7"}, "198.51.100.9"},
		"with a zone":                 {"[fe80::1%eth0]:1", nil, "fe80::1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			assert.Equal(t, netip.MustParseAddr(test.want), s.ClientAddress(r))
		})
	}
	assert.Equal(t, netip.Addr{}, s.ClientAddress(&http.Request{RemoteAddr: "@"}), "a socket has no address")
}

func TestPlacesOfStreams(t *testing.T) {
	t.Parallel()
	places := newStreamPlaces(StreamLimits{Most: 5, PerAddress: 2, PerAccount: 1})
	take := func(address, account string) (func(), booking.Code) {
		leave, err := places.take(http.Header{}, netip.MustParseAddr(address), account)
		if err != nil {
			return nil, booking.CodeOf(err)
		}
		return leave, ""
	}
	for _, step := range []struct {
		address, account string
		want             booking.Code
	}{
		{"2001:db8::1", "", ""}, {"2001:db8::2", "", ""}, {"2001:db8::3", "", codeTooManyStreams}, // one network of 64 bits
		{"2001:db8:0:1::1", "", ""}, {"203.0.113.1", "a", ""}, {"203.0.113.2", "a", codeTooManyStreams}, {"203.0.113.1", "", ""},
		{"203.0.113.1", "", codeTooManyStreams}, {"203.0.113.3", "", booking.CodeUnavailable}, // all five are taken
	} {
		_, got := take(step.address, step.account)
		require.Equal(t, step.want, got, "%+v", step)
	}
	places = newStreamPlaces(StreamLimits{Most: 5, PerAddress: 2, PerAccount: 1})
	var leaves []func()
	for range 2 {
		leave, _ := take("203.0.113.1", "")
		leaves = append(leaves, leave)
	}
	leaves[0]()
	leaves[0]() // counts once
	_, got := take("203.0.113.1", "")
	require.Empty(t, got)
	_, got = take("203.0.113.1", "")
	require.Equal(t, codeTooManyStreams, got)
	leaves[1]()
	assert.Len(t, places.by, 1)
	assert.Equal(t, 1, places.open)
}

// One client has all of a large network of IPv6: it gets a share of the places.
func TestALargeNetworkDoesNotTakeAllStreams(t *testing.T) {
	t.Parallel()
	places := newStreamPlaces(StreamLimits{Most: 1000, PerAddress: 2, PerAccount: 1})
	taken := func(network string, most int) (n int) {
		for i := range most {
			_, err := places.take(http.Header{}, netip.MustParseAddr(fmt.Sprintf(network, i)), "")
			if err == nil {
				n++
			} else {
				require.Equal(t, codeTooManyStreams, booking.CodeOf(err))
			}
		}
		return n
	}
	assert.Equal(t, 4, taken("2001:db8:1:23%02x::1", 256), "a line at home")
	assert.Equal(t, 20, taken("2001:db8:2:%x::1", 4000), "a rented machine")
}
