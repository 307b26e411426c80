package deployment

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/workers"
)

const root = "../.."

func path(elements ...string) string { return filepath.Join(append([]string{root}, elements...)...) }

// project loads docker-compose.yml, every profile of it, as `docker compose`
// would, without what happens to be in this process's environment.
func project(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{path("docker-compose.yml")},
		cli.WithWorkingDirectory(root),
		cli.WithProfiles([]string{"*"}),
		cli.WithEnv(env),
	)
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

// signingKeys are what the head of docker-compose.yml has a person export.
func signingKeys(t *testing.T) []string {
	t.Helper()
	return []string{"JWT_SIGNING_KEY=" + signingKey(t), "TICKET_SIGNING_KEY=" + signingKey(t)}
}

func signingKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func developersProject(t *testing.T) *types.Project {
	t.Helper()
	content, err := os.ReadFile(path("dev", "compose.env"))
	require.NoError(t, err)
	env := signingKeys(t)
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	loaded, err := project(t, env...)
	require.NoError(t, err)
	return loaded
}

// ours are the services that run the boxoffice program, by name.
func ours(loaded *types.Project) map[string]types.ServiceConfig {
	services := maps.Clone(map[string]types.ServiceConfig(loaded.Services))
	maps.DeleteFunc(services, func(_ string, service types.ServiceConfig) bool { return service.Build == nil })
	return services
}

func TestComposeServesEveryServiceAndQueueOnce(t *testing.T) {
	t.Parallel()
	flags := map[string][]string{}
	for name, service := range ours(developersProject(t)) {
		if len(service.Command) == 3 {
			key := service.Command[0] + " " + service.Command[1]
			flags[key] = append(flags[key], strings.Split(service.Command[2], ",")...)
			continue
		}
		assert.Len(t, service.Command, 1, name)
	}
	assert.ElementsMatch(t, api.Services(), flags["api --services"])
	assert.ElementsMatch(t, workers.Queues(), flags["worker --queues"])
}

// Every service starts with the configuration that it is given.
func TestComposeConfiguresTheProgram(t *testing.T) {
	loaded := developersProject(t)
	key := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(key, []byte(signingKey(t)), 0o600))
	known := settings()

	for name, service := range ours(loaded) {
		t.Run(name, func(t *testing.T) {
			for variable := range known {
				t.Setenv(variable, "")
			}
			for variable, value := range service.Environment {
				require.Contains(t, known, variable, "the program does not know it")
				require.NotNil(t, value, variable)
				if strings.HasSuffix(variable, "_KEY_FILE") {
					require.Equal(t, "/run/secrets/"+strings.ToLower(strings.TrimSuffix(variable, "_FILE")), *value)
					*value = key
				}
				t.Setenv(variable, *value)
			}
			_, err := config.Load(config.Process(service.Command[0]))
			assert.NoError(t, err)
		})
	}
}

// Production takes the vendors' own addresses when none are given.
func TestComposeInProduction(t *testing.T) {
	t.Parallel()
	_, err := project(t)
	require.Error(t, err, "secrets have no default")

	loaded, err := project(t, append(signingKeys(t),
		"PUBLIC_URL=https://boxoffice.example", "POSTGRES_PASSWORD=p", "TEMPORAL_CODEC_KEYS=k",
		"STRIPE_SECRET_KEY=s", "STRIPE_PUBLISHABLE_KEY=p", "STRIPE_WEBHOOK_SECRETS=w", "SENDGRID_API_KEY=g",
		"TWILIO_ACCOUNT_SID=a", "TWILIO_AUTH_TOKEN=t", "MAIL_FROM=m", "SMS_FROM=+1")...)
	require.NoError(t, err)
	for name, service := range ours(loaded) {
		assert.Equal(t, "production", *service.Environment["BOXOFFICE_ENV"], name)
		for _, variable := range []string{"STRIPE_API_URL", "SENDGRID_API_URL", "TWILIO_API_URL"} {
			assert.Empty(t, *service.Environment[variable], name)
		}
		assert.True(t, service.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
	}
}

func TestComposePublishesOnlyTheGateway(t *testing.T) {
	t.Parallel()
	for name, service := range developersProject(t).Services {
		for _, port := range service.Ports {
			if name != "nginx" {
				assert.Equal(t, "127.0.0.1", port.HostIP, "%s is for this machine only", name)
			}
		}
	}
}

// settings are the variables in the table that the program prints.
func settings() map[string]bool {
	known := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` ").FindAllStringSubmatch(config.Table(), -1) {
		known[match[1]] = true
	}
	return known
}

// Whatever path a client asks for reaches a group that serves it.
func TestNginxRoutesToTheGroupThatServesThePath(t *testing.T) {
	t.Parallel()
	groups := ours(developersProject(t))
	route := nginxRoutes(t)
	for path, service := range map[string]string{
		"/v1/accounts": api.ServiceAccounts, "/v1/sessions/refresh": api.ServiceAccounts,
		"/v1/me": api.ServiceAccounts, "/v1/oauth/example/start": api.ServiceAccounts,
		"/.well-known/jwks.json": api.ServiceAccounts,
		"/v1/cities":             api.ServiceCatalog, "/v1/movies/1/shows": api.ServiceCatalog,
		"/v1/shows/1/seats/stream": api.ServiceCatalog, "/v1/theaters": api.ServiceCatalog,
		"/v1/search": api.ServiceSearch, "/v1/search/suggest": api.ServiceSearch,
		"/v1/bookings": api.ServiceBookings, "/v1/bookings/1/stream": api.ServiceBookings,
		"/v1/webhooks/stripe": api.ServicePayments, "/checkout/1": api.ServicePayments,
		"/v1/admin/bookings/1/refund": api.ServiceAdmin, "/codec/decode": api.ServiceAdmin,
	} {
		group := route(path)
		require.Contains(t, groups, group, path)
		assert.Contains(t, strings.Split(groups[group].Command[2], ","), service, "%s goes to %s", path, group)
	}
}

// nginxRoutes reads the map of nginx.conf. nginx takes the first expression
// that matches.
func nginxRoutes(t *testing.T) func(path string) (group string) {
	t.Helper()
	content, err := os.ReadFile(path("deploy", "nginx", "nginx.conf"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(content), "map $uri $group {")
	require.True(t, found)
	block, _, _ := strings.Cut(rest, "\n    }")

	type rule struct {
		pattern *regexp.Regexp
		group   string
	}
	var rules []rule
	var fallback string
	for _, match := range regexp.MustCompile(`(?m)^\s*(\S+)\s+(\S+);$`).FindAllStringSubmatch(block, -1) {
		if match[1] == "default" {
			fallback = match[2]
			continue
		}
		rules = append(rules, rule{regexp.MustCompile(strings.TrimPrefix(match[1], "~")), match[2]})
	}
	require.NotEmpty(t, rules)
	require.NotEmpty(t, fallback)
	return func(path string) string {
		i := slices.IndexFunc(rules, func(r rule) bool { return r.pattern.MatchString(path) })
		if i < 0 {
			return fallback
		}
		return rules[i].group
	}
}
