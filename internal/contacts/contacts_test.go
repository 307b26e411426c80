package contacts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneMailboxIsOneAddress(t *testing.T) {
	t.Parallel()
	for want, spellings := range map[string][]string{
		"asha@example.com": {
			"asha@example.com", " asha@example.com\u00a0", "as\u200bha@exam\u00adple.com", "\ufeffasha\u2060@example\u034f.com",
			"ａｓｈａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "asha@EXAMPLE.com", "asha@example。com", "\u202aasha@example.com\u202c",
		},
		"asha@xn--bcher-kva.example":             {"asha@bücher.example", "asha@bu\u0308cher.example", "asha@xn--bcher-kva.example", "asha@BÜCHER.example"},
		"asha+film@example.co.in":                {"asha+film@example.co.in"},
		strings.Repeat("a", 64) + "@example.com": {strings.Repeat("a", 64) + "@example.com"},
	} {
		for _, written := range spellings {
			got, wrong := Mailbox(written)
			assert.Empty(t, wrong, "%q", written)
			assert.Equal(t, want, got, "%q", written)
		}
	}
	assert.Equal(t, "asha@bücher.example", Shown("asha@xn--bcher-kva.example"))
	assert.Equal(t, "nobody", Shown("nobody"))
	assert.Equal(t, "Asha@Example.com", Shown("Asha@Example.com"))
	assert.Equal(t, []string{"asha@xn--bcher-kva.example", "asha@bücher.example"}, Stored("asha@BÜCHER.example\u200b"))
	assert.Equal(t, []string{"asha@example.com"}, Stored(" asha@example.com"))
	assert.Equal(t, []string{"nobody"}, Stored(" nobody "))
}

func TestAddressesThatNoMailReaches(t *testing.T) {
	t.Parallel()
	for _, written := range []string{
		"", "@", "asha", "asha@", "@example.com", "asha@localhost", "asha@example.com.", "asha@.com", "asha@example..com",
		"asha@-example.com", "asha@example-.com", "asha@exa_mple.com", "asha@exa mple.com", "asha@[192.0.2.1]",
		"a b@example.com", ".asha@example.com", "asha.@example.com", "as..ha@example.com", `"asha"@example.com`,
		"Asha <asha@example.com>", "asha@example.com,b@example.com", "ashé@example.com", "アシャ@example.com",
		strings.Repeat("a", 65) + "@example.com", "asha@" + strings.Repeat("a", 64) + ".com",
		"asha@" + strings.Repeat("abcdefgh.", 30) + "com", strings.Repeat("\u200b", 5000) + "asha@example.com", "asha@exa\x00mple.com", "asha@example.com\r\nBcc: x@example.com",
		"asha@xn--a.example",
	} {
		_, wrong := Mailbox(written)
		assert.NotEmpty(t, wrong, "%q", written)
	}
}

func TestNumbersFromAddressBooks(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"":                            "",
		" \u202c":                     "",
		"+919820012345":               "+919820012345",
		"+91 98200-12345":             "+919820012345",
		"+91\u00a098200\u201112345":   "+919820012345",
		"+91 98200\u201312345":        "+919820012345",
		"\u202a+91 98200 12345\u202c": "+919820012345",
		"+44 (0)20 7946 0958":         "+442079460958",
		"+44 020 7946 0958":           "+442079460958",
		"+447700900123":               "+447700900123",
		"＋９１ ９８２００ １２３４５":  "+919820012345",
		"+39 06 1234 5678": "+390612345678",
		"+15005550006":     "+15005550006",
	} {
		got, wrong := Number(written)
		assert.Empty(t, wrong, "%q", written)
		assert.Equal(t, want, got, "%q", written)
	}
	for _, written := range []string{"1", "098200 12345", "+", "+1", "+91 98200 12345 ext. 7", "+91 98200", "+999 1234567", "call me", "+91 98200 1234567890123", strings.Repeat("+91", 500), "+1-800-FLOWERS", "+1 555-0123", "+49 123"} {
		_, wrong := Number(written)
		assert.NotEmpty(t, wrong, "%q", written)
	}
}
