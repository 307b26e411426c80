package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// environment is dev on a database of its own, with every vendor on a port where no process
// listens. It forbids t.Parallel, as t.Setenv does.
func environment(t *testing.T) (databaseURL string) {
	t.Helper()
	databaseURL = databasetest.URL(t)
	for name, value := range map[string]string{
		"BOXOFFICE_ENV": "dev", "DATABASE_URL": databaseURL, "REDIS_URL": "", "DOCUMENTS_URL": "", "MONGODB_URL": "", "LOG_LEVEL": "ERROR",
		"TEMPORAL_ADDRESS": "127.0.0.1:1", "STRIPE_SECRET_KEY": "", "SENDGRID_API_KEY": "", "TWILIO_AUTH_TOKEN": "",
		"JWT_SIGNING_KEY_FILE": "", "TICKET_SIGNING_KEY_FILE": "",
		"API_ADDR": freeAddress(t), "SANDBOX_ADDR": freeAddress(t),
		"SANDBOX_DATA_FILE": filepath.Join(t.TempDir(), "new", "sandbox.db"), "SANDBOX_STRIPE_WEBHOOK_URL": "http://127.0.0.1:1/",
	} {
		t.Setenv(name, value)
	}
	return databaseURL
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func run(ctx context.Context, args ...string) error {
	parser, err := kong.New(&commands{}, kong.Name("boxoffice"), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return chosen.Run()
}

// printed runs a command and gives what it prints. It forbids t.Parallel.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	stdout := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = stdout }()
	require.NoError(t, run(t.Context(), args...))
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return string(text)
}

// start runs a command until the returned function stops it, gracefully.
func start(t *testing.T, args ...string) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args...) }()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(20 * time.Second):
			return fmt.Errorf("%v did not stop", args)
		}
	}
}

func awaitAnswer(t *testing.T, url string) string {
	t.Helper()
	var body []byte
	require.Eventually(t, func() bool {
		response, err := http.Get(url)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err = io.ReadAll(response.Body)
		return err == nil && response.StatusCode == http.StatusOK
	}, 20*time.Second, 20*time.Millisecond, url)
	return string(body)
}

func TestMigrateSeedAndServe(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "migrate"))
	require.NoError(t, run(t.Context(), "seed", "--days", "1"))

	address := freeAddress(t)
	t.Setenv("API_ADDR", address)
	stop := start(t, "api")
	awaitAnswer(t, "http://"+address+"/healthz")
	var cities struct{ Items []any }
	require.NoError(t, json.Unmarshal([]byte(awaitAnswer(t, "http://"+address+"/v1/cities")), &cities))
	assert.NotEmpty(t, cities.Items)

	assert.Equal(t, awaitAnswer(t, "http://"+address+"/openapi.json")+"\n", printed(t, "openapi"), "the document that is served")

	assert.Contains(t, awaitAnswer(t, "http://"+address+"/v1/search?q=openhiemer"), `"did_you_mean":"Oppenheimer"`)

	ready, err := http.Get("http://" + address + "/readyz")
	require.NoError(t, err)
	defer ready.Body.Close()
	body, err := io.ReadAll(ready.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, ready.StatusCode)
	assert.Contains(t, string(body), `"temporal":"down"`)
	assert.Contains(t, string(body), `"postgres":"ok"`)
	assert.Contains(t, string(body), `"search":"ok"`)
	assert.Contains(t, string(body), `"documents":"ok"`)

	require.NoError(t, stop())
	_, err = http.Get("http://" + address + "/healthz")
	assert.Error(t, err, "it has stopped")
}

// A stream ends at shutdown; otherwise it would keep the process alive.
func TestStopEndsStreams(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "seed", "--days", "1"))
	address := freeAddress(t)
	t.Setenv("API_ADDR", address)
	stop := start(t, "api", "--services", "catalog")
	var movies struct{ Items []struct{ Slug string } }
	require.NoError(t, json.Unmarshal([]byte(awaitAnswer(t, "http://"+address+"/v1/movies")), &movies))
	var shows struct {
		Items []struct{ Shows []struct{ ID string } }
	}
	for _, movie := range movies.Items {
		require.NoError(t, json.Unmarshal([]byte(awaitAnswer(t, "http://"+address+"/v1/movies/"+movie.Slug+"/shows")), &shows))
		if len(shows.Items) > 0 {
			break
		}
	}
	require.NotEmpty(t, shows.Items)
	stream, err := http.Get("http://" + address + "/v1/shows/" + shows.Items[0].Shows[0].ID + "/seats/stream")
	require.NoError(t, err)
	defer stream.Body.Close()
	require.Equal(t, http.StatusOK, stream.StatusCode)

	begun := time.Now()
	require.NoError(t, stop())
	assert.Less(t, time.Since(begun), shutdownWithin/2)
}

func TestSandboxStartsAndStops(t *testing.T) {
	environment(t)
	address := freeAddress(t)
	t.Setenv("SANDBOX_ADDR", address)
	stop := start(t, "sandbox")
	awaitAnswer(t, "http://"+address+"/healthz")
	assert.NoError(t, stop())
}

// As at Stripe, a key of another account is refused.
func TestSandboxTakesOnlyItsOwnStripeKey(t *testing.T) {
	for configured, own := range map[string]string{"sk_test_mine": "sk_test_mine", "": "sk_test_sandbox"} {
		environment(t)
		address := freeAddress(t)
		t.Setenv("SANDBOX_ADDR", address)
		t.Setenv("STRIPE_SECRET_KEY", configured)
		t.Setenv("STRIPE_WEBHOOK_SECRETS", "whsec_mine")
		stop := start(t, "sandbox")
		awaitAnswer(t, "http://"+address+"/healthz")
		for key, want := range map[string]int{own: http.StatusOK, "sk_test_other": http.StatusUnauthorized} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/v1/payment_intents", nil)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+key)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, want, response.StatusCode, "%s, configured %q", key, configured)
		}
		require.NoError(t, stop())
	}
}

// A client is generated on machines without a platform.
func TestOpenAPINeedsNoSettings(t *testing.T) {
	for _, name := range []string{"BOXOFFICE_ENV", "DATABASE_URL", "TEMPORAL_ADDRESS"} {
		t.Setenv(name, "")
	}
	document, err := openapi3.NewLoader().LoadFromData([]byte(printed(t, "openapi")))
	require.NoError(t, err)
	require.NoError(t, document.Validate(t.Context()))
	assert.NotNil(t, document.Paths.Find("/v1/home"))
	assert.Contains(t, document.Components.Schemas, "SeatEvent")
}

func TestKeysOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, run(t.Context(), "keys", "--dir", dir))
	before, err := os.ReadFile(filepath.Join(dir, "stripe_secret_key"))
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), "keys", "--dir", dir))
	after, err := os.ReadFile(filepath.Join(dir, "stripe_secret_key"))
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.ErrorContains(t, run(t.Context(), "keys"), "--dir")
}

func TestRecommendEvaluateNamesItsFolder(t *testing.T) {
	err := run(t.Context(), "recommend", "evaluate", "--data", "/nowhere")
	assert.ErrorContains(t, err, "--data /nowhere: open /nowhere/movielens-latest-small/movies.csv")
	assert.ErrorContains(t, run(t.Context(), "recommend", "evaluate"), "--data=DIR")
}

func TestHealthcheck(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/well" {
			http.Error(w, "postgres is down", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	assert.NoError(t, run(t.Context(), "healthcheck", "http", server.URL+"/well"))
	assert.ErrorContains(t, run(t.Context(), "healthcheck", "http", server.URL+"/ill"), "postgres is down")
	server.Close()
	assert.Error(t, run(t.Context(), "healthcheck", "http", server.URL+"/well"))

	environment(t)
	assert.ErrorContains(t, run(t.Context(), "healthcheck", "worker", "--queues", "bookings"), "127.0.0.1:1")
}

func TestCommandsRefuseWrongSettings(t *testing.T) {
	environment(t)
	assert.ErrorContains(t, run(t.Context(), "api", "--services", "popcorn"), "popcorn")
	assert.ErrorContains(t, run(t.Context(), "seed", "--days", "0"), "--days")

	t.Setenv("BOXOFFICE_ENV", "production")
	assert.ErrorContains(t, run(t.Context(), "seed"), "--force", "no known passwords in production by accident")
	assert.ErrorContains(t, run(t.Context(), "api"), "STRIPE_SECRET_KEY: is not set")
	t.Setenv("BOXOFFICE_ENV", "dev")

	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/x")
	assert.ErrorContains(t, run(t.Context(), "api"), "database does not answer")
}

func TestAPIWantsAMigratedDatabase(t *testing.T) {
	url := environment(t)
	dropSchema(t, url)
	assert.ErrorContains(t, run(t.Context(), "api"), "boxoffice migrate")
}

func TestBrowserURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:8090": "http://127.0.0.1:8090", ":8090": "http://127.0.0.1:8090",
		"0.0.0.0:8090": "http://127.0.0.1:8090", "[::]:8090": "http://127.0.0.1:8090", "sandbox:8090": "http://sandbox:8090",
	} {
		assert.Equal(t, want, browserURL(address))
	}
}

func dropSchema(t *testing.T, url string) {
	t.Helper()
	db, err := database.Open(t.Context(), url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	require.NoError(t, err)
}

func TestBuildOfADeployment(t *testing.T) {
	of := func(deployment, build string) (cfg config.Config) {
		cfg.WorkerDeployment, cfg.BuildID = deployment, build
		return cfg
	}
	for name, test := range map[string]struct {
		cfg    config.Config
		commit string
		want   workers.Deployment
		err    string
	}{
		"off":              {of("", "7"), "abc", workers.Deployment{}, ""},
		"named":            {of("boxoffice", "7"), "abc", workers.Deployment{Name: "boxoffice", BuildID: "7"}, ""},
		"by commit":        {of("boxoffice", ""), "abc", workers.Deployment{Name: "boxoffice", BuildID: "abc"}, ""},
		"an unknown build": {of("boxoffice", ""), "", workers.Deployment{}, "BUILD_ID: is not set"},
	} {
		got, err := deploymentOf(test.cfg, test.commit)
		assert.Equal(t, test.want, got, name)
		if test.err != "" {
			require.ErrorContains(t, err, test.err, name)
		} else {
			require.NoError(t, err, name)
		}
	}
}

// A process that lacks a payload key would take work that it cannot read.
func TestProcessWithoutAPayloadKeyInUse(t *testing.T) {
	environment(t)
	const (
		ours   = "ours:b25seS1mb3ItZGV2ZWxvcG1lbnQtMzItYnl0ZXMtISE="
		theirs = "theirs:YW5vdGhlci1kZXZlbG9wbWVudC1rZXktMzItYnl0ZXM="
	)
	t.Setenv("TEMPORAL_CODEC_KEYS", ours)
	require.NoError(t, run(t.Context(), "migrate"))
	address := freeAddress(t)
	t.Setenv("API_ADDR", address)
	stop := start(t, "api")
	assert.Contains(t, awaitReady(t, address, `"payload_keys":"ok"`), `"temporal":"down"`)

	t.Setenv("TEMPORAL_CODEC_KEYS", theirs)
	for _, process := range []string{"api", "worker"} {
		require.ErrorContains(t, run(t.Context(), process), `TEMPORAL_CODEC_KEYS: key "ours" is in use since`, process)
	}
	t.Setenv("TEMPORAL_CODEC_KEYS", theirs+","+ours)
	require.ErrorContains(t, run(t.Context(), "worker"), `key "theirs" is in front, but api `)

	// The test breaks the rule by hand: the running API logs it and continues with what it
	// can read.
	proof, err := temporal.Key{ID: "theirs", Secret: []byte("another-development-key-32-bytes")}.Proof()
	require.NoError(t, err)
	db, err := database.Open(t.Context(), os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Pool.Exec(t.Context(), `INSERT INTO codec_keys (id, proof) VALUES ('theirs', $1)`, proof)
	require.NoError(t, err)
	awaitReady(t, address, `"payload_keys":"down"`)
	require.NoError(t, stop())

	var left int
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM codec_key_holders`).Scan(&left))
	assert.Zero(t, left, "who ends says so")
}

// TestWorkerStopsWhenItLacksAKey breaks the rule by hand, under a worker that runs.
func TestWorkerStopsWhenItLacksAKey(t *testing.T) {
	server := os.Getenv("TEMPORAL_ADDRESS")
	if server == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server (make test starts one)")
	}
	environment(t)
	t.Setenv("TEMPORAL_ADDRESS", server)
	t.Setenv("TEMPORAL_NAMESPACE", "worker-keys")
	require.NoError(t, run(t.Context(), "migrate"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "worker") }()

	db, err := database.Open(ctx, os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	defer db.Close()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		var running int
		require.NoError(t, db.Pool.QueryRow(ctx, `SELECT count(*) FROM codec_key_holders`).Scan(&running))
		require.Equal(t, 1, running)
	}, 30*time.Second, 100*time.Millisecond)
	proof, err := temporal.Key{ID: "theirs", Secret: []byte("another-development-key-32-bytes")}.Proof()
	require.NoError(t, err)
	_, err = db.Pool.Exec(ctx, `INSERT INTO codec_keys (id, proof) VALUES ('theirs', $1)`, proof)
	require.NoError(t, err)
	require.ErrorContains(t, <-ended, `TEMPORAL_CODEC_KEYS: key "theirs" is in use`)
}

// awaitReady asks /readyz until it says something.
func awaitReady(t *testing.T, address, want string) (body string) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		answer, err := http.Get("http://" + address + "/readyz")
		require.NoError(t, err)
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		body = string(content)
		require.Contains(t, body, want)
	}, 40*time.Second, 100*time.Millisecond)
	return body
}

// The app and the API are one process: pages, files and data come from one address.
func TestServesTheApp(t *testing.T) {
	environment(t)
	require.NoError(t, run(t.Context(), "seed", "--days", "2"))
	address := freeAddress(t)
	t.Setenv("API_ADDR", address)
	t.Setenv("PUBLIC_URL", "https://tickets.example")
	stop := start(t, "api")
	at := "http://" + address
	assert.Contains(t, awaitAnswer(t, at+"/"), `<link rel="canonical" href="https://tickets.example/">`)

	var movies struct {
		Items []struct{ Slug, Title string }
	}
	require.NoError(t, json.Unmarshal([]byte(awaitAnswer(t, at+"/v1/movies")), &movies))
	page := awaitAnswer(t, at+"/movies/"+movies.Items[0].Slug)
	assert.Contains(t, page, "<title>"+html.EscapeString(movies.Items[0].Title)+" · Boxoffice</title>")
	assert.Contains(t, page, `"@type":"Movie"`)

	var theaters struct{ Items []struct{ Slug string } }
	require.NoError(t, json.Unmarshal([]byte(awaitAnswer(t, at+"/v1/theaters")), &theaters))
	page = awaitAnswer(t, at+"/theaters/"+theaters.Items[0].Slug)
	assert.Contains(t, page, `"@type":"ScreeningEvent"`)
	assert.Contains(t, page, `"priceCurrency":"`)

	sitemap := awaitAnswer(t, at+"/sitemap.xml")
	assert.Contains(t, sitemap, "<loc>https://tickets.example/movies/"+movies.Items[0].Slug+"</loc>")
	assert.Contains(t, sitemap, "<loc>https://tickets.example/theaters/"+theaters.Items[0].Slug+"</loc>")

	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"/movies/nope": {404, "text/html; charset=utf-8"}, "/bookings": {200, "text/html; charset=utf-8"},
		"/assets/nope.js": {404, "text/plain; charset=utf-8"}, "/v1/nope": {404, "application/problem+json"},
		"/docs/": {200, "text/html"}, "/checkout/6f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0": {200, "text/html; charset=utf-8"},
	} {
		response, err := http.Get(at + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want.status, response.StatusCode, path)
		assert.Equal(t, want.kind, response.Header.Get("Content-Type"), path)
	}
	require.NoError(t, stop())
}
