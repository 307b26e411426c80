package config

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// loadPush reads the keys and the subject of messages by push, if there are any. The API
// needs the public key only; what signs also needs the rest.
func (c *Config) loadPush(wrong *settingErrors, processes []Process) {
	if c.VAPIDPublicKey == "" && c.VAPIDPrivateKey == "" {
		return
	}
	if c.VAPIDPublicKey != "" {
		if _, err := ecdh.P256().NewPublicKey(vapidBytes(c.VAPIDPublicKey)); err != nil {
			wrong.add("VAPID_PUBLIC_KEY", "is not a public key: 65 bytes in base64url, a point of P-256.")
			return
		}
	}
	if c.VAPIDPrivateKey != "" {
		c.loadVAPIDKey(wrong)
	} else if slices.Contains(processes, Worker) {
		wrong.add("VAPID_PRIVATE_KEY", "is not set and worker needs it, because VAPID_PUBLIC_KEY is set.")
	}
	if slices.Contains(processes, Worker) {
		if reason := wrongSubject(c.VAPIDSubject); reason != "" {
			wrong.add("VAPID_SUBJECT", "%s", reason)
		}
	}
}

// loadVAPIDKey derives the public key, which must be the one that is given.
func (c *Config) loadVAPIDKey(wrong *settingErrors) {
	key, err := ecdh.P256().NewPrivateKey(vapidBytes(c.VAPIDPrivateKey))
	if err != nil {
		wrong.add("VAPID_PRIVATE_KEY", "is not a private key of P-256: 32 bytes in base64url.")
		return
	}
	public := key.PublicKey().Bytes()
	if c.VAPIDPublicKey != "" && !bytes.Equal(vapidBytes(c.VAPIDPublicKey), public) {
		wrong.add("VAPID_PUBLIC_KEY", "does not belong to VAPID_PRIVATE_KEY. Leave it out, or give the two of one pair.")
	}
	// In the form that browsers and the library take, without padding.
	c.VAPIDPublicKey = base64.RawURLEncoding.EncodeToString(public)
	c.VAPIDPrivateKey = base64.RawURLEncoding.EncodeToString(key.Bytes())
}

// vapidBytes are nil when the text is no base64url, which no key is.
func vapidBytes(text string) []byte {
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil
	}
	return key
}

// nowhere are names that lead to no one on the public internet (RFC 2606, 6761, 6762).
var nowhere = []string{"localhost", "local", "invalid", "test", "example"}

// wrongSubject says why push services would refuse the subject, Apple's for one: it
// answers 403 to every message. Empty is well.
func wrongSubject(subject string) string {
	const fix = " Write for example mailto:push@your-domain.com."
	if subject == "" {
		return "is not set and worker needs it, because push is on." + fix
	}
	parsed, err := url.Parse(subject)
	if err != nil {
		return "is neither mailto: nor https:." + fix
	}
	var host string
	switch parsed.Scheme {
	case "https":
		host = parsed.Hostname()
	case "mailto":
		// Apple takes no space and no <> around the address, which a mail program would.
		address, err := mail.ParseAddress(parsed.Opaque)
		if err != nil || address.Address != parsed.Opaque || parsed.RawQuery != "" {
			return "is not one mail address behind mailto:." + fix
		}
		host = parsed.Opaque[strings.LastIndex(parsed.Opaque, "@")+1:]
	default:
		return "is neither mailto: nor https:." + fix
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	last := host[strings.LastIndex(host, ".")+1:]
	switch _, err := netip.ParseAddr(strings.Trim(host, "[]")); {
	case host == "":
		return "names no host." + fix
	case err == nil:
		return "names an IP address; push services want a host's name." + fix
	case slices.Contains(nowhere, last):
		return "is at ." + last + ", which is not on the public internet: push services refuse it." + fix
	case !strings.Contains(host, "."):
		return "does not name a host in full." + fix
	}
	return ""
}
