package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/outbound"
)

// names is a resolver that knows a few hosts, each with its final dot.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "slow.example." {
		return nil, &net.DNSError{Err: "timeout", Name: host, IsTimeout: true}
	}
	texts, known := n[host]
	if !known {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var addresses []netip.Addr
	for _, text := range texts {
		addresses = append(addresses, netip.MustParseAddr(text))
	}
	return addresses, nil
}

var someNames = names{
	"images.example.":          {"93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"},
	"mapped.example.":          {"::ffff:93.184.215.14"},
	"xn--bcher-kva.example.":   {"93.184.215.14"},
	"inside.example.":          {"10.1.2.3"},
	"half-inside.example.":     {"93.184.215.14", "192.168.1.1"},
	"inside-mapped.example.":   {"::ffff:127.0.0.1"},
	"inside-v6.example.":       {"fd00::1"},
	"nat64.example.":           {"64:ff9b::7f00:1"},
	"empty.example.":           {},
	"metadata.cloud.internal.": {"169.254.169.254"},
	"localhost.localdomain.":   {"127.0.0.1"},
	"intranet.":                {"93.184.215.14"},
}

func TestFault61_PublicAddressesAreKept(t *testing.T) {
	t.Parallel()
	guard := outbound.New(someNames)
	for given, kept := range map[string]string{
		"https://images.example/posters/a.jpg?size=2&q=%20": "https://images.example/posters/a.jpg?size=2&q=%20",
		"https://images.example":                            "https://images.example",
		"HTTPS://images.example./a":                         "https://images.example/a",
		"https://images.example:443/a":                      "https://images.example/a",
		"https://mapped.example/a":                          "https://mapped.example/a",
		"https://bücher.example/a":                          "https://xn--bcher-kva.example/a",
		"https://93.184.215.14/a":                           "https://93.184.215.14/a",
		"https://[2606:2800:21f::1]/a":                      "https://[2606:2800:21f::1]/a",
	} {
		clean, err := guard.Check(t.Context(), given)
		require.NoError(t, err, given)
		assert.Equal(t, kept, clean)
		again, err := guard.Check(t.Context(), clean)
		require.NoError(t, err, clean)
		assert.Equal(t, clean, again, "what is stored passes again")
	}
}

func TestFault61_AddressesThatPointInsideAreRefused(t *testing.T) {
	t.Parallel()
	guard := outbound.New(someNames)
	for _, address := range []string{
		// literal addresses of the special-purpose registries
		"https://127.0.0.1/", "https://10.0.0.1/", "https://172.16.9.9/", "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data/",
		"https://100.64.0.1/", "https://0.0.0.0/", "https://255.255.255.255/", "https://224.0.0.1/", "https://198.18.0.1/", "https://192.0.2.1/",
		"https://[::1]/", "https://[::]/", "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
		"https://[::ffff:127.0.0.1]/", "https://[::ffff:169.254.169.254]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
		"https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001::1]/", "https://[2001:db8::1]/", "https://[ff02::1]/",
		// the same in notations that only some programs read as addresses
		"https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.01/",
		"https://127.0.0.1./", "https://１２７.０.０.１/", "https://①②⑦.0.0.1/", "https://127。0。0。1/", "https://0x/", "https://1.2.3.4.5/",
		// names
		"https://localhost/", "https://localhost./", "https://localhost.localdomain/", "https://redis/", "https://intranet/", "https://inside.example/",
		"https://INSIDE.example/", "https://half-inside.example/", "https://inside-mapped.example/", "https://inside-v6.example/",
		"https://nat64.example/", "https://metadata.cloud.internal/", "https://empty.example/", "https://nobody.example/",
		// what hides the host from one reader or the other
		"https://images.example@127.0.0.1/", "https://user:secret@images.example/", "https://127.0.0.1#@images.example/",
		"https://images.example\\@127.0.0.1/", "https:\\\\127.0.0.1/", "https://images.example/a\\b", "https://127.0.\t0.1/", "https://127.0.0.1\r\n.images.example/",
		" https://images.example/", "https://images.example/#x", "https://%31%32%37.0.0.1/", "https://images.example%2f@127.0.0.1/",
		"https://images.example:8443/", "https://images.example:22/", "https://[::1", "https://", "https:///a", "https:images.example",
		// other schemes
		"http://images.example/", "ftp://images.example/", "file:///etc/passwd", "gopher://images.example/", "javascript:alert(1)",
		"data:text/html,x", "//images.example/", "/etc/passwd", "images.example", "",
		"https://images.example/" + strings.Repeat("a", 2000),
	} {
		clean, err := guard.Check(t.Context(), address)
		var refused *outbound.Refused
		if assert.True(t, errors.As(err, &refused), "%q was kept as %q, error %v", address, clean, err) {
			assert.NotEmpty(t, refused.Reason)
		}
	}
}

func TestFault61_AResolverThatIsAwayIsNoVerdict(t *testing.T) {
	t.Parallel()
	_, err := outbound.New(someNames).Check(t.Context(), "https://slow.example/a")
	require.Error(t, err)
	var refused *outbound.Refused
	assert.False(t, errors.As(err, &refused))
	var network net.Error
	assert.True(t, errors.As(err, &network), "the API answers 503")
}
