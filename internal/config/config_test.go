package config

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestDevNeedsNothing(t *testing.T) {
	t.Parallel()
	config, err := load(map[string]string{"BOXOFFICE_ENV": "dev"}, nil)
	require.NoError(t, err)
	assert.True(t, config.Dev())
	assert.False(t, bool(config.StaffSecondFactor))
	assert.Equal(t, booking.DefaultPolicy(), config.Policy(), "the defaults are the default policy")
	assert.Equal(t, "http://127.0.0.1:8090", config.StripeAPIURL)
	assert.Len(t, config.JWTKeys, 1)
	assert.Len(t, config.TicketKeys, 1)
	assert.NotEqual(t, config.JWTKeys, config.TicketKeys)
	assert.Len(t, config.Warnings, 2)
}

func TestOnlyWhoSignsIsWarnedOfThrowawayKeys(t *testing.T) {
	t.Parallel()
	config, err := load(map[string]string{"BOXOFFICE_ENV": "dev"}, []Process{Import})
	require.NoError(t, err)
	assert.Empty(t, config.Warnings)
	config, err = load(map[string]string{"BOXOFFICE_ENV": "dev"}, []Process{Worker})
	require.NoError(t, err)
	assert.Len(t, config.Warnings, 1, "of tickets")
}

func TestProductionNamesEverythingMissingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(nil, nil)
	require.Error(t, err)
	for _, f := range fields() {
		if len(f.need) > 0 {
			assert.ErrorContains(t, err, f.name+": is not set")
		}
	}
}

func TestProductionStarts(t *testing.T) {
	t.Parallel()
	config, err := load(production(t), nil)
	require.NoError(t, err)
	assert.Equal(t, "https://api.stripe.com", config.StripeAPIURL)
	assert.Equal(t, []string{"whsec_old", "whsec_new"}, config.StripeWebhookSecrets)
	assert.Len(t, config.TemporalCodecKeys, 2)
	assert.Len(t, config.FactorKeys, 2)
	assert.True(t, bool(config.StaffSecondFactor), "staff need a second factor")
	assert.Len(t, config.JWTKeys, 2, "a key file may hold the next key too")
	assert.Empty(t, config.Warnings)
}

func TestProcessIsAskedOnlyForWhatItNeeds(t *testing.T) {
	t.Parallel()
	_, err := load(map[string]string{"DATABASE_URL": "postgres://db/boxoffice"}, []Process{Migrate})
	require.NoError(t, err)

	_, err = load(map[string]string{"DATABASE_URL": "postgres://db/boxoffice"}, []Process{Worker})
	require.ErrorContains(t, err, "SENDGRID_API_KEY")
	assert.NotContains(t, err.Error(), "JWT_SIGNING_KEY_FILE")
}

// Real keys in dev must reach the real vendor, and not be mixed with the
// sandbox's secrets.
func TestRealKeysInDevTurnTheSandboxOff(t *testing.T) {
	t.Parallel()
	_, err := load(map[string]string{"BOXOFFICE_ENV": "dev", "STRIPE_SECRET_KEY": "sk_test_real"}, nil)
	require.ErrorContains(t, err, "STRIPE_WEBHOOK_SECRETS")

	config, err := load(map[string]string{
		"BOXOFFICE_ENV": "dev", "STRIPE_SECRET_KEY": "sk_test_real",
		"STRIPE_PUBLISHABLE_KEY": "pk_test_real", "STRIPE_WEBHOOK_SECRETS": "whsec_real",
	}, nil)
	require.NoError(t, err)
	assert.Equal(t, "https://api.stripe.com", config.StripeAPIURL)
	assert.Empty(t, config.StripeCheckoutURL)
	assert.Equal(t, "http://127.0.0.1:8090", config.SendGridAPIURL, "another vendor stays in the sandbox")
}

func TestDocumentsAreInOnePlace(t *testing.T) {
	t.Parallel()
	_, err := load(map[string]string{"BOXOFFICE_ENV": "dev", "MONGODB_URL": "mongodb://db/x", "DOCUMENTS_URL": "postgres://db/x"}, nil)
	assert.ErrorContains(t, err, "MONGODB_URL: is set, and so is DOCUMENTS_URL")
}

func TestProblemsNameVariableAndFix(t *testing.T) {
	t.Parallel()
	for variable, test := range map[string]struct{ value, problem string }{
		"BOXOFFICE_ENV":          {"staging", "neither dev nor production"},
		"LOG_LEVEL":              {"LOUD", "DEBUG, INFO"},
		"DATABASE_URL":           {"mysql://secret@db", "postgres://"},
		"DATABASE_READ_URL":      {"secret:5432", "postgres://"},
		"REDIS_URL":              {"secret:6379", "redis://"},
		"DOCUMENTS_URL":          {"mysql://secret@db", "postgres://"},
		"MONGODB_URL":            {"secret:27017", "mongodb://"},
		"EVENTS_KEPT":            {"1h", "between 24h"},
		"TEMPORAL_ADDRESS":       {"temporal", "host:port"},
		"TEMPORAL_CODEC_KEYS":    {"a:c2VjcmV0", "openssl rand"},
		"FACTOR_KEYS":            {"c2VjcmV0", "openssl rand"},
		"STAFF_SECOND_FACTOR":    {"maybe", "neither on nor off"},
		"WORKER_DEPLOYMENT":      {"box.office", "letters, digits"},
		"BUILD_ID":               {"a build", "2026-12-09.1"},
		"MIGRATE_LOCK_TIMEOUT":   {"0s", "between 10ms and 1m"},
		"PUBLIC_URL":             {"https://boxoffice.example/", "slash"},
		"CORS_ORIGINS":           {"https://a.example/app", "without a path"},
		"TRUSTED_PROXIES":        {"10.0.0.0/8,everybody", "10.0.0.0/8"},
		"THEATER_NETWORKS":       {"10.8.0.0/16,0.0.0.0/0", "allows every address"},
		"STREAMS_PER_ADDRESS":    {"0", "between 1 and"},
		"STREAMS_PER_ACCOUNT":    {"-1", "between 1 and"},
		"SPREAD_OVER":            {"2h", "between 0s and 1h"},
		"PAYMENTS_PER_SECOND":    {"NaN", "0 is no limit"},
		"MESSAGES_PER_SECOND":    {"-1", "0 is no limit"},
		"STRIPE_API_URL":         {"http://stripe.example", "https://"},
		"STRIPE_SECRET_KEY":      {"pk_live_secret", "publishable"},
		"STRIPE_PUBLISHABLE_KEY": {"sk_live_secret", "pk_"},
		"STRIPE_WEBHOOK_SECRETS": {"whsec_secret,", "empty entry"},
		"MAIL_FROM":              {"nobody", "mail address"},
		"SMS_FROM":               {"0301234", "E.164"},
		"HOLD_FOR":               {"8 minutes", "90s, 8m or 2h"},
		"FETCH_WITHIN":           {"-1s", "between 0s and 1h"},
		"MAX_HOLDS":              {"four", "whole number"},
		"HOLD_EXTENSIONS":        {"51", "between 1 and 50"},
		"LOGIN_TRIES":            {"-1", "between 1 and"},
		"FAST_PATH":              {"-1s", "between 0s and 30s"},
		"OPEN_WITHIN":            {"2h", "between 1s and 1m"},
		"LATE_PAYMENTS":          {"keep", "rebook nor refund"},
		"DISPUTES":               {"refund", "void nor keep"},
		"JWT_SIGNING_KEY_FILE":   {"/nowhere/key.pem", "openssl genpkey"},
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			environment := production(t)
			environment[variable] = test.value
			_, err := load(environment, nil)
			require.Error(t, err)
			assert.ErrorContains(t, err, variable+": ")
			assert.ErrorContains(t, err, test.problem)
			assert.NotContains(t, err.Error(), "secret@")
			assert.NotContains(t, err.Error(), "_secret")
			assert.NotContains(t, err.Error(), "c2VjcmV0")
			assert.Len(t, err, 1)
		})
	}
}

func TestAVariableFromAFile(t *testing.T) {
	t.Parallel()
	environment := production(t)
	delete(environment, "STRIPE_SECRET_KEY")
	environment["STRIPE_SECRET_KEY_FILE"] = write(t, []byte("sk_live_of_a_file\n"))
	config, err := load(environment, nil)
	require.NoError(t, err)
	assert.Equal(t, "sk_live_of_a_file", config.StripeSecretKey)
	assert.Equal(t, "https://api.stripe.com", config.StripeAPIURL)

	inDev := map[string]string{"BOXOFFICE_ENV": "dev", "STRIPE_SECRET_KEY_FILE": environment["STRIPE_SECRET_KEY_FILE"], "STRIPE_WEBHOOK_SECRETS": "whsec_x", "STRIPE_PUBLISHABLE_KEY": "pk_live_x"}
	config, err = load(inDev, nil)
	require.NoError(t, err)
	assert.Equal(t, "https://api.stripe.com", config.StripeAPIURL, "a real key turns the sandbox off, also when it is in a file")

	for problem, change := range map[string]map[string]string{
		"so is STRIPE_SECRET_KEY": {"STRIPE_SECRET_KEY": "sk_live_secret"},
		"cannot be read":          {"STRIPE_SECRET_KEY_FILE": "/nowhere"},
		"is an empty file":        {"STRIPE_SECRET_KEY_FILE": write(t, []byte(" \n"))},
	} {
		changed := maps.Clone(environment)
		maps.Copy(changed, change)
		_, err := load(changed, nil)
		require.ErrorContains(t, err, "STRIPE_SECRET_KEY_FILE: ")
		assert.ErrorContains(t, err, problem)
		assert.NotContains(t, err.Error(), "_secret")
		assert.Len(t, err, 1)
	}
}

func TestSeveralProblemsComeTogether(t *testing.T) {
	t.Parallel()
	environment := production(t)
	maps.Copy(environment, map[string]string{"HOLD_FOR": "soon", "LOG_LEVEL": "LOUD", "MAIL_FROM": " ", "TICKET_SIGNING_KEY_FILE": "/nowhere"})
	_, err := load(environment, nil)
	require.ErrorContains(t, err, "the configuration has 4 problems")
}

func TestKeyFilesThatDoNotServe(t *testing.T) {
	t.Parallel()
	elliptic256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"not Ed25519":        pemOf(t, elliptic256),
		"holds no PEM block": []byte("hello"),
		"not PKCS #8":        pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
	} {
		_, err := readSigningKeys(write(t, content))
		assert.ErrorContains(t, err, name)
	}
}

func TestSecretsHaveNoDefaultInProduction(t *testing.T) {
	t.Parallel()
	for _, f := range fields() {
		assert.NotEmpty(t, f.doc, f.name)
		for _, word := range []string{"SECRET", "TOKEN", "KEY", "DATABASE_URL"} {
			if strings.Contains(f.name, word) && !strings.HasSuffix(f.name, "_KEPT") { // which says how long
				assert.Empty(t, f.fallback, f.name)
			}
		}
	}
}

// A part that is missing in parts would never be read from the environment.
func TestEveryPartIsRead(t *testing.T) {
	t.Parallel()
	read := 0
	for _, part := range new(Config).parts() {
		read += reflect.TypeOf(part).Elem().NumField()
	}
	assert.Len(t, fields(), read)
}

func TestTableHasEverySetting(t *testing.T) {
	t.Parallel()
	table := Table()
	for _, f := range fields() {
		assert.Contains(t, table, "| `"+f.name+"` |")
	}
	assert.Equal(t, len(fields())+2, strings.Count(table, "\n"))
}

func TestREADMEHasThisTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if os.IsNotExist(err) {
		t.Skip("there is no README.md")
	}
	require.NoError(t, err)
	assert.Contains(t, string(readme), Table(), "put the output of `boxoffice config` into README.md")
}

func production(t *testing.T) map[string]string {
	t.Helper()
	keys := write(t, append(pemOf(t, newKey(t)), pemOf(t, newKey(t))...))
	return map[string]string{
		"DATABASE_URL":            "postgres://boxoffice:x@db/boxoffice",
		"FACTOR_KEYS":             "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=, MjIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
		"TEMPORAL_CODEC_KEYS":     "b:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=, a:MjIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
		"PUBLIC_URL":              "https://boxoffice.example",
		"JWT_SIGNING_KEY_FILE":    keys,
		"TICKET_SIGNING_KEY_FILE": keys,
		"STRIPE_SECRET_KEY":       "sk_live_x",
		"STRIPE_PUBLISHABLE_KEY":  "pk_live_x",
		"STRIPE_WEBHOOK_SECRETS":  "whsec_old, whsec_new",
		"SENDGRID_API_KEY":        "SG.x",
		"TWILIO_ACCOUNT_SID":      "AC1",
		"TWILIO_AUTH_TOKEN":       "x",
		"MAIL_FROM":               "tickets@boxoffice.example",
		"SMS_FROM":                "+15005550006",
	}
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func pemOf(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}
