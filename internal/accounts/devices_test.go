package accounts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDeviceOf(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][2]string{
		"Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0":                                                                    {"Firefox", "Android"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15":                   {"Safari", "macOS"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1": {"Safari", "iOS"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":           {"Edge", "Windows"},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36":                           {"Chrome", "Linux"},
		"Boxoffice/2.1 (Asha's phone; +912012345678)":                                                                                             {},
		"<script>alert(1)</script>": {},
		"\x00\xff":                  {},
		"":                          {},
		"Firefox/143.0 " + strings.Repeat("(", 100_000): {},
	} {
		device := deviceOf(header)
		assert.Equal(t, want, [2]string{device.Browser, device.System}, "%.80q", header)
	}
}
