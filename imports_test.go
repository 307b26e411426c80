package boxoffice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A booking goes through the house in one direction: api → workflows →
// activities → ports ← internal services. These tables are that direction; a
// name that ends in /... means the package and all below it.

// anything is for the packages that construct the concrete services.
var anything = []string{"..."}

// plumbing is what services share. It knows none of them.
var plumbing = []string{"booking", "internal/paging", "internal/text", "internal/jsondoc", "internal/contacts", "internal/networks", "internal/limits", "schema/...", "internal/config", "internal/cache", "internal/database", "internal/password", "internal/audit", "internal/alerts", "internal/outbound", "internal/outage", "internal/links", "internal/codes", "internal/sealing", "internal/documents"}

var services = []string{"internal/accounts/...", "internal/catalog/...", "internal/search/...", "internal/payments/...", "internal/notify/...",
	"internal/shows/...", "internal/bookings/...", "internal/seatmap/...", "internal/bestseats/...", "internal/showchanges/...", "internal/houses", "internal/recommendations"}

// onShows is for the services that may import shows.
var onShows = append([]string{"internal/shows"}, plumbing...)

// mayImport says which of our own packages a package may import. The first entry
// that fits counts, and every package needs one.
var mayImport = []struct {
	pkg  string
	ours []string
}{
	{"", nil},
	{"booking", nil},
	{"workflows", []string{"booking", "activities"}},
	{"workflows/sagatest", []string{"booking", "activities", "workers", "workflows"}},
	{"activities", []string{"booking"}},
	{"workers", []string{"booking", "workflows", "activities"}},
	{"schema", []string{"booking"}},
	{"schema/migrations", nil},
	{"schema/functions", nil},
	// A service of the API has its own room, what all share, and the stores: never the
	// handlers of another. api only composes.
	{"api/policy", []string{"booking"}}, // the table of who may do what
	{"api/rest", []string{"booking", "api/policy", "internal/accounts", "internal/servicekeys", "internal/paging", "internal/audit", "internal/cache", "internal/networks", "internal/limits", "internal/outage", "internal/jsondoc", "internal/text"}},
	{"api/saga", []string{"booking", "workflows", "api/rest"}},
	{"api/accounts", []string{"booking", "api/rest", "internal/accounts"}},
	{"api/catalog", []string{"booking", "api/rest", "internal/paging", "internal/catalog", "internal/shows", "internal/seatmap", "internal/bestseats", "internal/cache"}},
	{"api/search", []string{"booking", "api/rest", "internal/search", "internal/paging"}},
	{"api/bookings", []string{"booking", "workflows", "api/rest", "api/saga", "internal/shows", "internal/bookings", "internal/seatmap", "internal/bestseats", "internal/showchanges", "internal/hoarding", "internal/lettering", "internal/links", "internal/text"}},
	{"api/payments", []string{"booking", "workflows", "api/rest", "api/saga", "internal/payments", "internal/bookings"}},
	{"api/recommendations", []string{"booking", "api/rest", "internal/tastes", "internal/recommendations"}},
	{"api/staff", []string{"booking", "workflows", "api/rest", "api/saga", "internal/catalog/staff", "internal/shows", "internal/bookings", "internal/showchanges", "internal/houses", "internal/alerts", "internal/servicekeys", "internal/audit", "internal/cache"}},
	{"api", []string{"api/...", "internal/accounts", "internal/servicekeys", "internal/search", "internal/tastes", "internal/recommendations", "internal/cache", "internal/limits"}},
	{"web", []string{"booking", "internal/cache", "internal/links"}}, // what it tells of the catalog comes through a port
	// A vendor knows nothing of us.
	{"sandbox", []string{"sandbox/house"}},
	{"sandbox/house", nil},
	{"sandbox/sandboxtest", []string{"sandbox"}},
	{"cmd/boxoffice/book", []string{"booking"}},
	{"cmd/boxoffice", anything},
	{"bench", []string{"booking", "activities", "workers", "workflows", "api", "api/catalog", "api/rest", "internal/temporal", "internal/accounts", "internal/cache", "internal/catalog", "internal/shows", "internal/bookings", "internal/seatmap", "internal/bestseats", "internal/search/...", "internal/recommend", "internal/recommendations", "internal/tastes", "internal/documents", "internal/documents/postgres", "internal/database/...", "internal/vendors", "internal/audit", "internal/catalog/demo", "internal/houses", "internal/houses/session", "internal/payments", "internal/sealing", "sandbox", "sandbox/house"}},

	{"internal/config", []string{"booking"}},
	{"internal/cache", nil},
	{"internal/password", nil},
	{"internal/keys", nil},
	{"internal/sealing", nil},
	{"internal/audit", []string{"booking", "schema", "internal/paging"}},
	{"internal/servicekeys", []string{"booking", "internal/audit", "internal/paging", "internal/text"}},
	{"internal/alerts", []string{"booking", "internal/audit", "internal/paging", "internal/text"}},
	{"internal/text", nil},
	{"internal/jsondoc", nil},
	{"internal/paging", []string{"booking"}},
	{"internal/links", nil},
	{"internal/codes", nil},
	{"internal/lettering", []string{"internal/text"}},
	{"internal/metrics", nil},
	{"internal/retention", []string{"booking", "internal/documents"}},
	{"internal/outbound", nil},
	{"internal/outage", nil},
	{"internal/contacts", nil},
	{"internal/networks", nil},
	{"internal/limits", []string{"internal/cache", "internal/networks"}},
	{"internal/hoarding", []string{"booking", "internal/networks"}},
	{"internal/vendors", []string{"booking"}},
	{"internal/temporal", nil},
	{"internal/keyring", []string{"internal/temporal"}},
	{"internal/database", []string{"schema/migrations", "schema/functions"}},
	{"internal/database/pglocal", nil},
	{"internal/database/databasetest", []string{"schema/migrations", "schema/functions", "internal/database", "internal/database/pglocal"}},

	// The ports of the document store, and the databases behind them: only cmd/boxoffice
	// chooses one.
	{"internal/documents", []string{"booking", "internal/paging"}},
	{"internal/documents/documentstest", []string{"booking", "internal/documents"}},
	{"internal/documents/postgres/migrations", nil},
	{"internal/documents/postgres", []string{"booking", "internal/documents", "internal/documents/postgres/migrations", "internal/database", "internal/outage"}},
	{"internal/documents/mongo", []string{"booking", "internal/documents", "internal/outage"}},

	{"internal/shows/showstest", []string{"booking", "internal/cache", "internal/database/databasetest", "internal/shows"}},
	{"internal/bestseats/...", []string{"booking", "internal/shows"}}, // it asks no database

	// A service has itself and the plumbing, never another service. Four of them may
	// also import shows, which is the room below them.
	{"internal/accounts/...", append([]string{"internal/accounts/..."}, plumbing...)},
	// What staff write and what files say is held to the same rules, which are below both.
	{"internal/catalog/rules", []string{"booking", "schema", "internal/text"}},
	{"internal/catalog/importer", append([]string{"internal/catalog/rules"}, plumbing...)},
	{"internal/catalog/...", append([]string{"internal/catalog/..."}, plumbing...)},
	{"internal/search/...", append([]string{"internal/search/..."}, plumbing...)},
	// It computes: no database, no network, no clock. What it is compared on are the lists of
	// films that search is judged by.
	{"internal/recommend", nil},
	{"internal/recommend/evaluate", []string{"internal/recommend", "internal/search/judged"}},
	{"internal/shows/...", append([]string{"internal/shows/..."}, plumbing...)},
	{"internal/bookings/...", append([]string{"internal/bookings/..."}, onShows...)},
	{"internal/seatmap/...", append([]string{"internal/seatmap/..."}, onShows...)},
	{"internal/showchanges/...", append([]string{"internal/showchanges/..."}, onShows...)},
	{"internal/payments/...", append([]string{"internal/payments/..."}, plumbing...)},
	{"internal/notify/...", append([]string{"internal/notify/..."}, plumbing...)},
	// An adapter of a theater's own system knows the words of the domain alone.
	{"internal/houses/session", []string{"booking"}},
	{"internal/houses/office", []string{"booking"}},
	{"internal/houses/housestest", []string{"booking", "activities"}},
	{"internal/houses", append([]string{"internal/catalog/rules"}, plumbing...)},
	{"internal/recommendations", append([]string{"internal/recommend"}, plumbing...)},
	// What a person writes of languages is checked as the catalog checks it.
	{"internal/tastes", append([]string{"internal/catalog/rules"}, plumbing...)},
}

// homes says who alone may import a package of others. The longest prefix counts.
var homes = []struct {
	prefix string
	pkgs   []string
}{
	{"go.temporal.io/", []string{"internal/temporal", "workers", "activities", "workflows/...", "api/saga", "cmd/boxoffice", "bench"}},
	// One vendor SDK each.
	{"github.com/stripe/", []string{"internal/payments/stripe"}},
	{"github.com/plutov/paypal/", nil}, // tests only
	{"github.com/sendgrid/", []string{"internal/notify/sendgrid"}},
	{"github.com/twilio/", []string{"internal/notify/twilio"}},
	{"github.com/redis/", []string{"internal/cache"}},
	{"github.com/go-redis/", []string{"internal/cache"}},
	{"github.com/golang-jwt/", []string{"internal/accounts", "sandbox"}},
	{"github.com/SherClockHolmes/webpush-go", []string{"internal/notify/webpush"}},
	{"github.com/mileusna/useragent", []string{"internal/accounts"}},
	{"github.com/trustelem/zxcvbn", []string{"internal/accounts"}},
	{"github.com/nyaruka/phonenumbers", []string{"internal/contacts", "internal/accounts"}},
	{"github.com/pquerna/otp", []string{"internal/accounts"}},
	{"github.com/go-webauthn/", []string{"internal/accounts"}},
	{"github.com/descope/virtualwebauthn", []string{"internal/accounts", "api"}},
	{"github.com/coreos/go-oidc/", []string{"internal/accounts/oidc"}},
	{"golang.org/x/oauth2", []string{"internal/accounts/oidc"}},
	{"github.com/go-jose/", []string{"internal/accounts/oidc/..."}},
	{"github.com/alexedwards/argon2id", []string{"internal/password"}},
	{"github.com/caarlos0/env/", []string{"internal/config"}},
	{"gonum.org/", []string{"internal/recommend/..."}},
	{"github.com/alecthomas/kong", []string{"cmd/boxoffice"}},
	{"github.com/prometheus/", append([]string{"internal/metrics", "internal/limits", "internal/alerts", "internal/keyring", "internal/retention", "internal/documents", "cmd/boxoffice"}, services...)},
	{"go.mongodb.org/", []string{"internal/documents/mongo"}},
	{"github.com/gorilla/mux", []string{"api/...", "sandbox", "sandbox/house"}},
	{"code.dny.dev/ssrf", []string{"internal/outbound"}},
	{"go.etcd.io/bbolt", []string{"sandbox", "sandbox/house"}},
	{"github.com/coder/websocket", []string{"sandbox"}},
	// The database is for the services and what they stand on.
	{"github.com/uptrace/bun", append([]string{"schema", "internal/database", "internal/audit"}, services...)},
	{"github.com/jackc/pgx/", append([]string{"schema", "internal/database/...", "internal/audit", "internal/alerts", "internal/servicekeys", "internal/keyring", "internal/retention", "internal/documents/postgres", "bench"}, services...)},
	{"database/sql", append([]string{"internal/database", "internal/outage"}, services...)},
}

// onlyThese narrows a package to a few packages of others, the standard library
// included where it says so.
var onlyThese = map[string]struct {
	others []string
	not    []string // of the standard library
}{
	"booking": {},
	// Workflow code is replayed: what is not deterministic has no place in it.
	"workflows": {
		others: []string{"go.temporal.io/sdk/workflow", "go.temporal.io/sdk/temporal", "go.temporal.io/sdk/log", "go.temporal.io/api/enums/v1"},
		not:    []string{"net", "os", "database/sql", "math/rand", "crypto/rand", "sync"},
	},
	"activities": {
		others: []string{"go.temporal.io/sdk/activity", "go.temporal.io/sdk/temporal", "github.com/google/uuid"},
		not:    []string{"net", "os"},
	},
	"schema": {
		// pgtype has the timestamp that can be infinity.
		others: []string{"github.com/uptrace/bun", "github.com/google/uuid", "github.com/jackc/pgx/v5/pgtype"},
	},
	"schema/migrations": {},
	"schema/functions":  {},
	"internal/recommend": {
		others: []string{"gonum.org/v1/gonum/blas", "gonum.org/v1/gonum/blas/blas64", "gonum.org/v1/gonum/floats", "gonum.org/v1/gonum/lapack/lapack64"},
		not:    []string{"net", "os", "database/sql"},
	},
}

const module = "github.com/boxoffice/boxoffice"

// Test files are free: they stand where the package's users stand.
func TestImports(t *testing.T) {
	t.Parallel()
	var wrong []string
	seen := 0
	for _, p := range list(t) {
		if name, ours := own(p.ImportPath); ours {
			seen++
			for _, imported := range p.Imports {
				if reason := forbidden(name, imported); reason != "" {
					wrong = append(wrong, fmt.Sprintf("%s → %s: %s", name, strings.TrimPrefix(imported, module+"/"), reason))
				}
			}
			if ruleFor(name) < 0 {
				wrong = append(wrong, name+" has no entry in mayImport: say what it may import")
			}
		}
	}
	assert.Greater(t, seen, 20, "the list is complete")
	if len(wrong) > 0 {
		t.Errorf("%d arrows point the wrong way:\n%s", len(wrong), strings.Join(wrong, "\n"))
	}
}

func TestForbiddenArrowsAreFound(t *testing.T) {
	t.Parallel()
	for _, arrow := range []struct{ from, to, reason string }{
		{"booking", module + "/schema", "may not import"},
		{"booking", "github.com/google/uuid", "may import only"},
		{"workflows", module + "/internal/bookings", "may not import"},
		{"workflows", "net/http", "may not import net"},
		{"workflows", "go.temporal.io/sdk/client", "may import only"},
		{"activities", "github.com/uptrace/bun", "only"},
		{"activities", module + "/api", "may not import"},
		{"internal/bookings", module + "/internal/payments", "may not import"},
		{"internal/bookings", "go.temporal.io/sdk/client", "only"},
		{"internal/bookings", module + "/internal/seatmap", "may not import"},
		{"internal/showchanges", module + "/internal/bookings", "may not import"},
		{"internal/bestseats", module + "/internal/seatmap", "may not import"},
		{"internal/bestseats", module + "/internal/database", "may not import"},
		{"internal/shows", module + "/internal/bookings", "may not import"},
		{"internal/catalog", module + "/internal/shows", "may not import"},
		{"internal/catalog", module + "/api", "may not import"},
		{"internal/catalog/importer", module + "/internal/catalog/staff", "may not import"},
		{"internal/search", module + "/internal/catalog", "may not import"},
		{"internal/config", module + "/internal/accounts", "may not import"},
		{"internal/catalog", module + "/internal/documents/postgres", "may not import"},
		{"internal/documents/mongo", module + "/internal/database", "may not import"},
		{"internal/documents", "go.mongodb.org/mongo-driver/v2/mongo", "only"},
		{"internal/payments", "github.com/stripe/stripe-go/v76", "only"},
		{"internal/payments/stripe", "github.com/twilio/twilio-go/client", "only"},
		{"api/bookings", module + "/activities", "may not import"},
		{"api/bookings", "github.com/jackc/pgx/v5", "only"},
		{"api/bookings", "go.temporal.io/sdk/client", "only"},
		{"api/bookings", module + "/api/staff", "may not import"},
		{"api/catalog", module + "/api", "may not import"},
		{"api/rest", module + "/internal/bookings", "may not import"},
		{"workers", module + "/api", "may not import"},
		{"sandbox", module + "/booking", "may not import"},
		{"web", module + "/internal/catalog", "may not import"},
		{"web", module + "/api/rest", "may not import"},
		{"api", module + "/web", "may not import"},
	} {
		assert.Contains(t, forbidden(arrow.from, arrow.to), arrow.reason, "%s → %s", arrow.from, arrow.to)
	}
	for _, arrow := range [][2]string{
		{"booking", "net/url"}, {"workflows", module + "/activities"}, {"workflows", "time"}, {"cmd/boxoffice", module + "/api"},
		{"internal/payments/stripe", module + "/internal/payments"}, {"internal/catalog", module + "/internal/catalog/demo"},
		{"internal/showchanges", module + "/internal/shows"},
	} {
		assert.Empty(t, forbidden(arrow[0], arrow[1]), "%s → %s", arrow[0], arrow[1])
	}
}

func forbidden(from, imported string) string {
	if name, ours := own(imported); ours {
		if rule := ruleFor(from); rule >= 0 && !slices.ContainsFunc(mayImport[rule].ours, func(p string) bool { return fits(p, name) }) {
			return fmt.Sprintf("%s may not import it, only %q of our packages", from, mayImport[rule].ours)
		}
		return ""
	}
	for _, home := range homes {
		if strings.HasPrefix(imported, home.prefix) && !slices.ContainsFunc(home.pkgs, func(p string) bool { return fits(p, from) }) {
			return fmt.Sprintf("only %q may import it", home.pkgs)
		}
	}
	narrow, narrowed := onlyThese[from]
	switch {
	case !narrowed:
		return ""
	case !isStandard(imported):
		if !slices.ContainsFunc(narrow.others, func(p string) bool { return p == imported }) {
			return fmt.Sprintf("%s may import only %q and the standard library", from, narrow.others)
		}
	default:
		for _, p := range narrow.not {
			if fits(p+"/...", imported) {
				return fmt.Sprintf("%s may not import %s", from, p)
			}
		}
	}
	return ""
}

func ruleFor(name string) int {
	return slices.IndexFunc(mayImport, func(r struct {
		pkg  string
		ours []string
	}) bool {
		return fits(r.pkg, name)
	})
}

func fits(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	parent, below := strings.CutSuffix(pattern, "/...")
	return name == parent || below && strings.HasPrefix(name, parent+"/")
}

// own gives the path within our module; the root is "".
func own(importPath string) (name string, ours bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// isStandard relies on what the go command relies on: other modules' paths begin
// with a domain.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	output, err := cmd.Output()
	require.NoError(t, err, complaints.String())
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}
