package mongo_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/documents/documentstest"
	"github.com/boxoffice/boxoffice/internal/documents/mongo"
)

// envURL names a real MongoDB. Each test makes a database of its own on it, and drops it.
const envURL = "MONGODB_URL"

// open gives a store in a database of its own, with its indexes.
func open(t testing.TB, server string, o documents.Options) (store *documents.Store, url string) {
	t.Helper()
	url = strings.TrimSuffix(server, "/") + "/documents_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	require.NoError(t, mongo.Migrate(t.Context(), url, nil))
	store, err := mongo.Open(url, o)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store, url
}

func TestMongoDBIsAStoreOfDocuments(t *testing.T) {
	t.Parallel()
	server := os.Getenv(envURL)
	if server == "" {
		t.Skipf("needs a real MongoDB: set %s (without a database in its path)", envURL)
	}
	documentstest.Run(t, documentstest.Setup{Open: func(t *testing.T, o documents.Options) *documents.Store {
		store, url := open(t, server, o)
		t.Cleanup(func() { drop(t, url) })
		return store
	}})
}

func drop(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := driver.Connect(options.Client().ApplyURI(url))
	require.NoError(t, err)
	assert.NoError(t, client.Database(url[strings.LastIndex(url, "/")+1:]).Drop(ctx))
	assert.NoError(t, client.Disconnect(ctx))
}

func TestStandInIsAStoreOfDocuments(t *testing.T) {
	t.Parallel()
	server := startStandIn(t)
	// It compares binary values by something else than their bytes, and takes a second for
	// each hundred upserts, more with each one.
	documentstest.Run(t, documentstest.Setup{UnorderedIDs: true, LargeBatch: 200, Open: func(t *testing.T, o documents.Options) *documents.Store {
		store, _ := open(t, server, o)
		return store
	}})
}

// standIn is a server that speaks MongoDB's protocol, from npm.
const standIn = "testdata/server/node_modules/@jongodb/memory-server-bin-linux-x64-gnu/bin/jongodb"

// startStandIn starts a server of the test's own, which ends with it.
func startStandIn(t *testing.T) (url string) {
	t.Helper()
	port := freePort(t)
	startStandInAt(t, port)
	return fmt.Sprintf("mongodb://127.0.0.1:%d", port)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	return listener.Addr().(*net.TCPAddr).Port
}

// startStandInAt starts one at a port. It keeps everything in memory.
func startStandInAt(t *testing.T, port int) (kill func()) {
	t.Helper()
	program, err := filepath.Abs(standIn)
	require.NoError(t, err)
	if _, err := os.Stat(program); err != nil {
		t.Skipf("!! nothing here was tested against MongoDB's protocol: npm --prefix internal/documents/mongo/testdata/server ci (%v)", err)
	}
	cmd := exec.Command(program, "--host=127.0.0.1", fmt.Sprintf("--port=%d", port))
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	t.Cleanup(kill)
	lines := bufio.NewScanner(output)
	for lines.Scan() && !strings.Contains(lines.Text(), "mongodb://") { // it says so when it listens
	}
	require.NoError(t, lines.Err())
	go func() { _, _ = io.Copy(io.Discard, output) }()
	return kill
}

// reach gives the collections below a store.
func reach(t *testing.T, url string) *driver.Database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(url))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Disconnect(context.WithoutCancel(t.Context()))) })
	return client.Database(url[strings.LastIndex(url, "/")+1:])
}

// What MongoDB's own tools and other languages read: UUIDs of subtype 4, dates, numbers.
func TestDocumentsAsOthersReadThem(t *testing.T) {
	t.Parallel()
	store, url := open(t, startStandIn(t), documents.Options{})
	now := time.Now().UTC().Truncate(time.Millisecond)
	e := documents.Event{
		ID: uuid.New(), Kind: documents.KindImpression, At: now, Person: uuid.New(), Film: uuid.New(),
		EventFacts: documents.EventFacts{List: "l", Position: 3, Propensity: 0.25},
	}
	_, err := store.Events.Append(t.Context(), []documents.Event{e})
	require.NoError(t, err)
	var raw bson.D
	require.NoError(t, reach(t, url).Collection("events").FindOne(t.Context(), bson.D{}).Decode(&raw))
	fields := map[string]any{}
	for _, field := range raw {
		fields[field.Key] = field.Value
	}
	assert.Equal(t, bson.Binary{Subtype: 4, Data: e.ID[:]}, fields["_id"])
	assert.Equal(t, bson.Binary{Subtype: 4, Data: e.Person[:]}, fields["person"])
	assert.NotContains(t, fields, "city", "there was none")
	assert.Equal(t, bson.NewDateTimeFromTime(now), fields["at"])
	assert.Equal(t, bson.NewDateTimeFromTime(now.Add(90*24*time.Hour)), fields["kept_until"])
	assert.Equal(t, bson.D{{Key: "list", Value: "l"}, {Key: "position", Value: int32(3)}, {Key: "propensity", Value: 0.25}}, fields["facts"])
}

// The stand-in keeps no time to live, so this is what we ask for; suites over a real MongoDB
// do not see the server delete either, which takes it a minute.
func TestIndexes(t *testing.T) {
	t.Parallel()
	server := startStandIn(t)
	store, url := open(t, server, documents.Options{})
	var steps []string
	require.NoError(t, mongo.Migrate(t.Context(), url, func(step string) { steps = append(steps, step) }), "again")
	assert.Len(t, steps, 4)
	require.NoError(t, store.Ping(t.Context()))
	for collection, want := range map[string]map[string]bool{ // whether it has a time to live
		"events": {"_id_": false, "person": false, "kind": false, "kept_until": true},
		"lists":  {"_id_": false, "person": false, "kept_until": true}, "counters": {"_id_": false, "city": false, "day": false, "kept_until": true},
	} {
		specs, err := reach(t, url).Collection(collection).Indexes().ListSpecifications(t.Context())
		require.NoError(t, err)
		have := map[string]bool{}
		for _, spec := range specs {
			have[spec.Name] = spec.ExpireAfterSeconds != nil && *spec.ExpireAfterSeconds == 0
		}
		assert.Equal(t, want, have, collection)
	}
	empty, err := mongo.Open(server+"/empty", documents.Options{})
	require.NoError(t, err)
	defer empty.Close()
	require.ErrorContains(t, empty.Ping(t.Context()), "boxoffice migrate")
}

func TestAServerThatIsAway(t *testing.T) {
	t.Parallel()
	store, err := mongo.Open("mongodb://127.0.0.1:1", documents.Options{})
	require.NoError(t, err)
	defer store.Close()
	assert.Equal(t, "MongoDB database boxoffice", store.Name)
	began := time.Now()
	_, err = store.Preferences.Get(t.Context(), uuid.New())
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), err)
	_, err = store.Events.Append(t.Context(), []documents.Event{{ID: uuid.New(), Kind: documents.KindView, At: time.Now()}})
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err), err)
	assert.Less(t, time.Since(began), 20*time.Second, "a request does not wait for long")
	assert.Error(t, store.Ping(t.Context()))
	require.ErrorContains(t, mongo.Migrate(t.Context(), "mongodb://127.0.0.1:1", nil), "unavailable")
	_, err = mongo.Open("http://127.0.0.1", documents.Options{})
	require.ErrorContains(t, err, "documents: open MongoDB")
}

func TestDatabaseOfAnAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"mongodb://127.0.0.1":                                  "boxoffice",
		"mongodb://127.0.0.1:27017/?w=majority":                "boxoffice",
		"mongodb://u:p@127.0.0.1:1/films?authSource=admin":     "films",
		"mongodb://127.0.0.1:1,127.0.0.1:2/films?replicaSet=r": "films",
	} {
		store, err := mongo.Open(address, documents.Options{})
		require.NoError(t, err, address)
		assert.Equal(t, "MongoDB database "+want, store.Name, address)
		store.Close()
	}
}

// The server is killed, and another one starts in its place: requests notice nothing, and
// what came meanwhile arrives.
func TestSinkWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	kill := startStandInAt(t, port)
	store, err := mongo.Open(fmt.Sprintf("mongodb://127.0.0.1:%d", port), documents.Options{})
	require.NoError(t, err)
	defer store.Close()

	sink := documents.NewSink(store.Events, slog.New(slog.DiscardHandler))
	person := uuid.New()
	add := func(n int) {
		for range n {
			sink.Add(documents.Event{ID: uuid.New(), Kind: documents.KindView, At: time.Now(), Person: person})
		}
	}
	has := func(n int) func() bool {
		return func() bool {
			page, err := store.Events.Recent(t.Context(), documents.RecentQuery{Person: person, Limit: 500})
			return err == nil && len(page.Events) == n
		}
	}
	add(60)
	require.Eventually(t, has(60), time.Minute, 10*time.Millisecond)
	kill()
	add(70)
	require.Eventually(t, func() bool {
		_, err := store.Preferences.Get(t.Context(), person)
		return booking.CodeOf(err) == booking.CodeUnavailable
	}, time.Minute, 10*time.Millisecond)
	startStandInAt(t, port)
	require.Eventually(t, has(70), time.Minute, 10*time.Millisecond, "the first 60 were in its memory")
	sink.Close(t.Context())
}
