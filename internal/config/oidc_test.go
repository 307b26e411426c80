package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOIDCProviders(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("of a file\n"), 0o600))
	var p OIDCProviders
	require.NoError(t, p.UnmarshalText([]byte(`[
		{"id":"google","name":"Google","issuer":"https://accounts.google.com","client_id":"x","client_secret":"s"},
		{"id":"house","name":"House","issuer":"https://id.example/realms/house","client_id":"y","client_secret_file":"`+secret+`","scopes":["openid"],"private":true}]`)))
	require.Len(t, p, 2)
	assert.Equal(t, "s", p[0].ClientSecret)
	assert.Equal(t, "of a file", p[1].ClientSecret)
	assert.True(t, p[1].Private)

	for text, wrong := range map[string]string{
		`{}`:                      "not a list",
		`[{"idd":"x"}]`:           "not known",
		`[] []`:                   "not a list",
		`[{"id":"../x"}]`:         "no id",
		`[{"id":"x"}]`:            "no name",
		`[{"id":"x","name":"X"}]`: "no issuer",
		`[{"id":"x","name":"X","issuer":"accounts.google.com"}]`:                                                            "no issuer",
		`[{"id":"x","name":"X","issuer":"https://a.example"}]`:                                                              "no client_id",
		`[{"id":"x","name":"X","issuer":"https://a.example","client_id":"c"}]`:                                              "no client_secret",
		`[{"id":"x","name":"X","issuer":"https://a.example","client_id":"c","client_secret":"s","client_secret_file":"f"}]`: "too",
		`[{"id":"x","name":"X","issuer":"https://a.example","client_id":"c","client_secret_file":"/not/there"}]`:            "cannot be read",
		`[{"id":"x","name":"X","issuer":"https://a.example","client_id":"c","client_secret":"hunter2"},{"id":"y","name":"Y","issuer":"https://A.example/","client_id":"c","client_secret":"hunter2"}]`: "of another",
	} {
		err := new(OIDCProviders).UnmarshalText([]byte(text))
		require.ErrorContains(t, err, wrong, text)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestAnIssuerIsEncrypted(t *testing.T) {
	t.Parallel()
	open := []OIDCProvider{{Issuer: "http://id.example", Private: true}}
	for environment, most := range map[string]int{envProduction: 1, envDev: 0} {
		c := Config{basics: basics{Environment: environment}, accounts: accounts{OIDCProviders: open}}
		var wrong settingErrors
		c.checkProviders(&wrong)
		assert.Len(t, wrong, most, environment)
	}
}
