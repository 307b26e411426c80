package deployment

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/keys"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

const root = "../.."

func path(elements ...string) string { return filepath.Join(append([]string{root}, elements...)...) }

const (
	demoFile       = "docker-compose.yml"
	productionFile = "docker-compose.production.yml"
)

// project loads a file as `docker compose` would, without what happens to be in
// this process's environment.
func project(t *testing.T, file string, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{path(file)},
		cli.WithWorkingDirectory(root),
		cli.WithProfiles([]string{"*"}),
		cli.WithEnv(env),
	)
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func demo(t *testing.T) *types.Project {
	t.Helper()
	loaded, err := project(t, demoFile)
	require.NoError(t, err, "the demo needs nothing in the environment")
	return loaded
}

// productionEnv is what an operator has to set, and no more.
func productionEnv() map[string]string {
	return map[string]string{
		"PUBLIC_URL": "https://boxoffice.example", "POSTGRES_PASSWORD": "p",
		"JWT_SIGNING_KEY": keys.New("JWT_SIGNING_KEY"), "TICKET_SIGNING_KEY": keys.New("TICKET_SIGNING_KEY"),
		"TEMPORAL_CODEC_KEYS": keys.New("TEMPORAL_CODEC_KEYS"),
		"FACTOR_KEYS":         keys.New("FACTOR_KEYS"),
		"STRIPE_SECRET_KEY":   "sk_live_x", "STRIPE_PUBLISHABLE_KEY": "pk_live_x", "STRIPE_WEBHOOK_SECRETS": "whsec_x",
		"SENDGRID_API_KEY": "SG.x", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t",
		"MAIL_FROM": "tickets@boxoffice.example", "SMS_FROM": "+15005550006",
	}
}

func lines(env map[string]string) (all []string) {
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}

func production(t *testing.T) *types.Project {
	t.Helper()
	loaded, err := project(t, productionFile, lines(productionEnv())...)
	require.NoError(t, err)
	return loaded
}

// both runs a test over the two files.
func both(t *testing.T, test func(t *testing.T, loaded *types.Project)) {
	t.Helper()
	for file, load := range map[string]func(*testing.T) *types.Project{demoFile: demo, productionFile: production} {
		t.Run(file, func(t *testing.T) { test(t, load(t)) })
	}
}

// ours are the services that run the boxoffice program, by name.
func ours(loaded *types.Project) map[string]types.ServiceConfig {
	services := maps.Clone(map[string]types.ServiceConfig(loaded.Services))
	maps.DeleteFunc(services, func(_ string, service types.ServiceConfig) bool { return service.Build == nil })
	return services
}

func TestComposeNamesEachMissingVariable(t *testing.T) {
	t.Parallel()
	for name := range productionEnv() {
		env := productionEnv()
		delete(env, name)
		_, err := project(t, productionFile, lines(env)...)
		assert.ErrorContains(t, err, name, "no secret and no address has a default")
	}
}

// Keys have several lines, which a file of variables holds between quotes.
func TestComposeTakesKeysFromAFileOfVariables(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	env := productionEnv()
	for name, value := range env {
		fmt.Fprintf(&text, "%s='%s'\n", name, value)
	}
	file := filepath.Join(t.TempDir(), "boxoffice.env")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	options, err := cli.NewProjectOptions([]string{path(productionFile)},
		cli.WithWorkingDirectory(root), cli.WithEnvFiles(file), cli.WithDotEnv)
	require.NoError(t, err)
	loaded, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	for _, variable := range []string{"JWT_SIGNING_KEY", "TICKET_SIGNING_KEY"} {
		assert.Equal(t, env[variable], loaded.Environment[variable])
		assert.Equal(t, variable, loaded.Secrets[strings.ToLower(variable)].Environment)
	}
}

func TestComposeServesEveryServiceAndQueueOnce(t *testing.T) {
	t.Parallel()
	flags := map[string][]string{}
	for _, service := range ours(production(t)) {
		if len(service.Command) == 3 {
			key := service.Command[0] + " " + service.Command[1]
			flags[key] = append(flags[key], strings.Split(service.Command[2], ",")...)
		}
	}
	assert.ElementsMatch(t, api.Services(), flags["api --services"])
	assert.ElementsMatch(t, workers.Queues(), flags["worker --queues"])

	var whole []string
	for _, service := range ours(demo(t)) {
		whole = append(whole, strings.Join(service.Command, " "))
	}
	assert.ElementsMatch(t, []string{"keys --dir /keys", "migrate", "seed", "sandbox", "api", "worker"}, whole)
}

// Every service starts with the configuration that it is given.
func TestComposeConfiguresTheProgram(t *testing.T) {
	dir := t.TempDir()
	_, err := keys.Fill(dir)
	require.NoError(t, err)
	known := settings()
	both(t, func(t *testing.T, loaded *types.Project) {
		for name, service := range ours(loaded) {
			if service.Command[0] == "keys" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				for variable := range known {
					t.Setenv(variable, "")
				}
				for variable, value := range service.Environment {
					require.Contains(t, known, variable, "the program does not know it")
					require.NotNil(t, value, variable)
					t.Setenv(variable, inDirectory(dir, *value))
				}
				_, err := config.Load(config.Process(service.Command[0]))
				assert.NoError(t, err)
			})
		}
	})
}

// inDirectory leads from a container's files to those that keys.Fill has made.
func inDirectory(dir, value string) string {
	return strings.NewReplacer("/keys/", dir+"/", "/run/secrets/", dir+"/", "/data/", dir+"/").Replace(value)
}

// Each mount is declared, and is at the path that a variable names.
func TestComposeMountsWhatItNames(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, loaded *types.Project) {
		for name, service := range loaded.Services {
			mounted := map[string]bool{}
			for _, volume := range service.Volumes {
				mounted[volume.Target] = true
				if volume.Type == types.VolumeTypeBind {
					assert.FileExists(t, volume.Source, name)
				} else {
					assert.Contains(t, loaded.Volumes, volume.Source, name)
				}
			}
			for _, secret := range service.Secrets {
				assert.Contains(t, loaded.Secrets, secret.Source, name)
				mounted["/run/secrets/"+secret.Source] = true
			}
			for variable, value := range service.Environment {
				if strings.HasSuffix(variable, "_FILE") || strings.HasSuffix(variable, "_FILE_PATH") {
					assert.True(t, mounted[*value] || mounted[filepath.Dir(*value)], "%s: %s=%s is not mounted", name, variable, *value)
				}
			}
			if service.Build != nil {
				assert.FileExists(t, filepath.Join(service.Build.Context, cmp.Or(service.Build.Dockerfile, "Dockerfile")), name)
			}
		}
	})
}

// Temporal takes turns by theater on the queue that has a key for each step, and on no other.
func TestComposeTurnsOnFairness(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, loaded *types.Project) {
		temporal := loaded.Services["temporal"]
		named := *temporal.Environment["DYNAMIC_CONFIG_FILE_PATH"]
		mount := slices.IndexFunc(temporal.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == named })
		require.NotEqual(t, -1, mount, "%s is not mounted", named)
		written, err := os.ReadFile(temporal.Volumes[mount].Source)
		require.NoError(t, err)
		var settings map[string][]struct {
			Value       any
			Constraints map[string]string
		}
		require.NoError(t, yaml.Unmarshal(written, &settings))
		fairness := settings["matching.enableFairness"]
		require.Len(t, fairness, 1)
		assert.Equal(t, true, fairness[0].Value)
		assert.Equal(t, map[string]string{"taskQueueName": workflows.QueueHouses}, fairness[0].Constraints)
	})
}

// The image has one program, which has to know every command and flag.
func TestComposeRunsCommandsThatTheProgramKnows(t *testing.T) {
	t.Parallel()
	help := func(args ...string) error {
		run := exec.CommandContext(t.Context(), program(t), append(args, "--help")...)
		run.Env = []string{}
		if output, err := run.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, output)
		}
		return nil
	}
	require.Error(t, help("api", "--popcorn"), "this test would notice a flag that is not there")
	require.Error(t, help("popcorn"))

	dockerfile, err := os.ReadFile(path("Dockerfile"))
	require.NoError(t, err)
	require.Contains(t, string(dockerfile), "/out/boxoffice /boxoffice\n")
	require.Contains(t, string(dockerfile), `ENTRYPOINT ["/boxoffice"]`)
	require.Contains(t, string(dockerfile), "\nUSER nonroot\n")

	both(t, func(t *testing.T, loaded *types.Project) {
		for name, service := range ours(loaded) {
			assert.NoError(t, help(service.Command...), name)
			if service.Restart == "no" {
				continue
			}
			require.NotNil(t, service.HealthCheck, name)
			require.Equal(t, []string{"CMD", "/boxoffice"}, []string(service.HealthCheck.Test[:2]), "%s: the image has no other program", name)
			assert.NoError(t, help(service.HealthCheck.Test[2:]...), name)
			if service.Command[0] == "worker" {
				assert.Equal(t, service.Command[1:], types.ShellCommand(service.HealthCheck.Test[4:]), "%s asks for the queues that it serves", name)
			}
		}
	})
}

func TestComposeHardensAndLimits(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, loaded *types.Project) {
		for name, service := range loaded.Services {
			require.NotNil(t, service.Deploy, name)
			assert.NotZero(t, service.Deploy.Resources.Limits.MemoryBytes, name)
			assert.Contains(t, []string{"unless-stopped", "no"}, service.Restart, name)
			if service.Build == nil {
				assert.Regexp(t, `:\d+(\.\d+)*(-alpine)?$`, service.Image, "%s: a tag that does not move far", name)
			}
			if service.Build != nil || name == "nginx" {
				assert.True(t, service.ReadOnly, name)
				assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
				assert.Contains(t, service.SecurityOpt, "no-new-privileges:true", name)
				assert.NotContains(t, []string{"root", "0", "0:0"}, service.User, name)
			}
		}
		assert.NotEmpty(t, loaded.Services["nginx"].User, "its image would start as root")
	})
}

// No service waits forever: a service that others need healthy has a health check, and a
// service that others need completed ends.
func TestComposeStartsInOrder(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, loaded *types.Project) {
		for name, service := range loaded.Services {
			for other, dependency := range service.DependsOn {
				waitedFor, known := loaded.Services[other]
				require.True(t, known, "%s waits for %s", name, other)
				switch dependency.Condition {
				case types.ServiceConditionHealthy:
					assert.NotNil(t, waitedFor.HealthCheck, other)
				case types.ServiceConditionCompletedSuccessfully:
					assert.Equal(t, "no", waitedFor.Restart, other)
				default:
					t.Errorf("%s waits for %s to be %q", name, other, dependency.Condition)
				}
			}
		}
	})
}

func TestComposePublishesOnlyTheGateway(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, loaded *types.Project) {
		taken := map[string]string{}
		for name, service := range loaded.Services {
			for _, port := range service.Ports {
				assert.Empty(t, taken[port.Published], "%s and another service want port %s", name, port.Published)
				taken[port.Published] = name
				if name != "nginx" || loaded.Name == "boxoffice-demo" {
					assert.Equal(t, "127.0.0.1", port.HostIP, "%s is for this machine only", name)
				}
			}
		}
	})
	assert.NotEqual(t, demo(t).Name, production(t).Name, "the demo never gets production's volumes")
}

func TestComposeKeepsNoSecretInTheRepository(t *testing.T) {
	t.Parallel()
	for name, service := range demo(t).Services {
		for variable, value := range service.Environment {
			if slices.Contains(keys.Variables(), variable) {
				t.Errorf("%s: %s=%s is readable by everyone", name, variable, *value)
			}
		}
	}
}

// Production takes the vendors' own addresses, and everything else is unset.
func TestComposeInProduction(t *testing.T) {
	t.Parallel()
	for name, service := range ours(production(t)) {
		assert.Equal(t, "production", *service.Environment["BOXOFFICE_ENV"], name)
		assert.NotContains(t, []string{"sandbox", "seed", "keys"}, service.Command[0], name)
		for variable, value := range service.Environment {
			assert.NotContains(t, variable, "_API_URL", name)
			assert.NotContains(t, *value, "sandbox", "%s: %s", name, variable)
		}
	}
}

// settings are the variables in the table that the program prints, each of which
// may be given as a file.
func settings() map[string]bool {
	known := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` ").FindAllStringSubmatch(config.Table(), -1) {
		known[match[1]] = true
		known[match[1]+"_FILE"] = true
	}
	return known
}

// Every path that a client may ask for reaches a group that serves it.
func TestNginxRoutesToTheGroupThatServesThePath(t *testing.T) {
	t.Parallel()
	groups := ours(production(t))
	for group := range groups {
		if strings.HasPrefix(group, "api-") {
			assert.Contains(t, demo(t).Services["api"].Networks["default"].Aliases, group, "in the demo one process is all groups")
		}
	}
	route := nginxRoutes(t)
	for path, service := range map[string]string{
		"/v1/accounts": "accounts", "/v1/sessions/refresh": "accounts",
		"/v1/browser-sessions": "accounts", "/v1/browser-sessions/refresh": "accounts",
		"/v1/me": "accounts", "/v1/oauth/example/start": "accounts",
		"/.well-known/jwks.json": "accounts",
		"/v1/home":               "catalog",
		"/v1/cities":             "catalog", "/v1/movies/1/shows": "catalog",
		"/v1/shows/1/seats/stream": "catalog", "/v1/theaters": "catalog",
		"/v1/search": "search", "/v1/search/suggest": "search",
		"/v1/bookings": "bookings", "/v1/bookings/1/stream": "bookings",
		"/v1/webhooks/stripe": "payments", "/pay/1": "payments",
		"/v1/admin/bookings/1/refund": "admin", "/codec/decode": "admin",
		"/": "web", "/movies/dune": "web", "/checkout/1": "web", "/assets/index.js": "web", "/robots.txt": "web",
	} {
		group := route(path)
		require.Contains(t, groups, group, path)
		assert.Contains(t, strings.Split(groups[group].Command[2], ","), service, "%s goes to %s", path, group)
	}
}

// A browser's session compares the host that was asked with the origin of the page that
// asks. A location with headers of its own would not inherit the others.
func TestNginxKeepsTheHost(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(path("deploy", "nginx", "nginx.conf"))
	require.NoError(t, err)
	forAll, servers, found := strings.Cut(string(content), "\n    server {")
	require.True(t, found)
	assert.Contains(t, forAll, "\n    proxy_set_header Host $http_host;\n")
	assert.NotContains(t, servers, "proxy_set_header")
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
