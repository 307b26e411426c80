package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/outbound"
)

func TestFault61_OnlyNamedNetworksAreCalledBesideThePublicInternet(t *testing.T) {
	t.Parallel()
	vpn := outbound.Networks{netip.MustParsePrefix("10.8.0.0/16"), netip.MustParsePrefix("fd00:8::/32")}
	for address, fine := range map[string]bool{
		"93.184.215.14:443": true, "93.184.215.14:2235": true, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443": true,
		"10.8.3.4:2235": true, "[fd00:8::1]:2235": true,
		"10.9.0.1:443": false, "127.0.0.1:443": false, "169.254.169.254:80": false, "192.168.0.1:443": false, "100.64.0.1:443": false,
		"[::1]:443": false, "[fd00:9::1]:443": false, "[fe80::1]:443": false, "[::ffff:10.9.0.1]:443": false, "[::ffff:169.254.169.254]:80": false,
		"[64:ff9b::7f00:1]:443": false, "0.0.0.0:443": false,
	} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		err := vpn.Control()(network, address, nil)
		var refused *outbound.Refused
		assert.Equal(t, fine, err == nil, "%s: %v", address, err)
		assert.True(t, fine || errors.As(err, &refused), address)
	}
}

func TestFault61_ACallIsRefusedBeforeItIsMade(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	t.Cleanup(server.Close)
	call := func(address string, networks ...netip.Prefix) error {
		client := &http.Client{Transport: outbound.NewTransport(networks), Timeout: 5 * time.Second}
		defer client.CloseIdleConnections()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		answer, err := client.Do(request)
		if err == nil {
			require.NoError(t, answer.Body.Close())
		}
		return err
	}
	refused := func(err error) bool { var refused *outbound.Refused; return errors.As(err, &refused) }
	loopback := netip.MustParsePrefix("127.0.0.0/8")

	assert.True(t, refused(call(server.URL)), "this machine")
	assert.True(t, refused(call("https://127.0.0.1:1/")), "this machine, with TLS")
	assert.True(t, refused(call("http://169.254.169.254/latest/meta-data/", loopback)), "metadata")
	assert.True(t, refused(call("http://93.184.215.14:2235/", loopback)), "the public internet without TLS")
	assert.Zero(t, calls)
	require.NoError(t, call(server.URL, loopback), "a network that is named, at any port")
	assert.Equal(t, 1, calls)
}
