package config

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pair of keys (RFC 8291, section 5), and the public key of another.
const (
	vapidPrivate = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
	vapidPublic  = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
	anotherVAPID = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)

func pushing(t *testing.T, change map[string]string) map[string]string {
	t.Helper()
	environment := production(t)
	maps.Copy(environment, map[string]string{"VAPID_PRIVATE_KEY": vapidPrivate, "VAPID_SUBJECT": "mailto:push@boxoffice.com"})
	maps.Copy(environment, change)
	return environment
}

func TestPushIsOffWithoutKeys(t *testing.T) {
	t.Parallel()
	config, err := load(production(t), nil)
	require.NoError(t, err)
	assert.False(t, config.Push())
	config, err = load(map[string]string{"BOXOFFICE_ENV": "dev"}, nil)
	require.NoError(t, err)
	assert.False(t, config.Push(), "API and workers would each make another key")
}

func TestPushIsOnWithKeys(t *testing.T) {
	t.Parallel()
	config, err := load(pushing(t, nil), nil)
	require.NoError(t, err)
	assert.True(t, config.Push())
	assert.Equal(t, vapidPublic, config.VAPIDPublicKey, "the public key follows from the private one")

	config, err = load(pushing(t, map[string]string{"VAPID_PUBLIC_KEY": vapidPublic + "=", "VAPID_PRIVATE_KEY": vapidPrivate + "="}), nil)
	require.NoError(t, err)
	assert.Equal(t, vapidPublic, config.VAPIDPublicKey)
	assert.Equal(t, vapidPrivate, config.VAPIDPrivateKey)

	withoutPrivate := map[string]string{"VAPID_PRIVATE_KEY": "", "VAPID_SUBJECT": "", "VAPID_PUBLIC_KEY": vapidPublic}
	config, err = load(pushing(t, withoutPrivate), []Process{API})
	require.NoError(t, err, "the API signs nothing")
	assert.True(t, config.Push())
	_, err = load(pushing(t, withoutPrivate), []Process{Worker})
	require.ErrorContains(t, err, "VAPID_PRIVATE_KEY: is not set and worker needs it")
	assert.ErrorContains(t, err, "VAPID_SUBJECT: is not set and worker needs it")
}

func TestPushKeysThatDoNotServe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change   map[string]string
		variable string
		problem  string
	}{
		"two pairs":          {map[string]string{"VAPID_PUBLIC_KEY": anotherVAPID}, "VAPID_PUBLIC_KEY", "does not belong to VAPID_PRIVATE_KEY"},
		"public is no point": {map[string]string{"VAPID_PUBLIC_KEY": vapidPrivate}, "VAPID_PUBLIC_KEY", "65 bytes"},
		"private too short":  {map[string]string{"VAPID_PRIVATE_KEY": vapidPrivate[:20]}, "VAPID_PRIVATE_KEY", "32 bytes"},
		"private is no text": {map[string]string{"VAPID_PRIVATE_KEY": "secret key"}, "VAPID_PRIVATE_KEY", "base64url"},
		"the sandbox":        {map[string]string{"PUSH_SANDBOX_URL": "https://sandbox.example"}, "PUSH_SANDBOX_URL", "Leave it out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(pushing(t, test.change), nil)
			require.ErrorContains(t, err, test.variable+": ")
			assert.ErrorContains(t, err, test.problem)
			assert.NotContains(t, err.Error(), vapidPrivate[:20])
			assert.Len(t, err, 1)
		})
	}
}

// Apple answers 403 to every message with such a subject, and nothing else tells.
func TestSubjectsThatPushServicesRefuse(t *testing.T) {
	t.Parallel()
	for subject, problem := range map[string]string{
		"":                               "is not set",
		"push@boxoffice.com":             "neither mailto: nor https:",
		"http://boxoffice.com":           "neither mailto: nor https:",
		"tel:+15005550006":               "neither mailto: nor https:",
		"mailto:":                        "not one mail address",
		"mailto:push":                    "not one mail address",
		"mailto: push@boxoffice.com":     "not one mail address",
		"mailto:<push@boxoffice.com>":    "not one mail address",
		"mailto:push@boxoffice.com?cc=x": "not one mail address",
		"https://":                       "names no host",
		"https://localhost":              ".localhost",
		"mailto:push@localhost":          ".localhost",
		"mailto:push@box.localhost":      ".localhost",
		"https://box.local":              ".local,",
		"https://box.local.:8443/x":      ".local,",
		"mailto:push@box.invalid":        ".invalid",
		"mailto:push@BOX.TEST":           ".test",
		"mailto:tickets@box.example":     ".example",
		"https://intranet":               "in full",
		"https://192.0.2.1/":             "IP address",
		"https://[2001:db8::1]/":         "IP address",
		"mailto:push@[192.0.2.1]":        "IP address",
	} {
		t.Run(subject, func(t *testing.T) {
			t.Parallel()
			_, err := load(pushing(t, map[string]string{"VAPID_SUBJECT": subject}), nil)
			require.ErrorContains(t, err, "VAPID_SUBJECT: ")
			assert.ErrorContains(t, err, problem)
			assert.Len(t, err, 1)
		})
	}
	for _, subject := range []string{"mailto:push@boxoffice.com", "https://boxoffice.com", "https://www.boxoffice.com/contact", "mailto:push@example.com"} {
		_, err := load(pushing(t, map[string]string{"VAPID_SUBJECT": subject}), nil)
		assert.NoError(t, err, subject)
	}
}
