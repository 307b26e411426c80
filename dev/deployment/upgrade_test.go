package deployment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/dev/e2e"
	"github.com/boxoffice/boxoffice/dev/platform"
)

// unusedFunctions are those that the former release does not call any more, by
// name, each with the release that stopped calling it: they may be dropped.
var unusedFunctions = map[string]string{}

// A deployment as docs/operating.md has it: migrate, while the former release's
// processes sell on; then new processes take over, bookings under way included.
func TestTheFormerReleaseRunsOnTheNewSchema(t *testing.T) {
	d := startDeployment(t)
	output, err := d.former.run(t, "migrate")
	require.NoError(t, err, output)
	output, err = d.former.run(t, "seed")
	require.NoError(t, err, output)
	stopAPI := d.former.start(t, "api")
	stopWorker := d.former.start(t, "worker")
	awaitReady(t, d.api)
	underWay := d.hold(t)
	calls := d.calls(t)

	// The new processes wait for their schema.
	output, err = d.new.run(t, "api")
	require.Error(t, err)
	require.Contains(t, output, "boxoffice migrate")

	output, err = d.new.run(t, "migrate")
	require.NoError(t, err, output)
	for _, call := range calls {
		d.wantSameAnswer(t, call)
	}
	d.pay(t, underWay)
	sold := d.hold(t)
	d.pay(t, sold)
	d.cancel(t, sold)
	d.cancel(t, d.hold(t))
	// A process of the former release that crashes starts again on the newer schema.
	stopAPI()
	stopAPI = d.former.start(t, "api")
	awaitReady(t, d.api)
	output, err = d.former.run(t, "migrate")
	require.NoError(t, err, output)
	lasts := d.hold(t)
	d.pay(t, lasts)
	waits := d.hold(t)

	stopAPI()
	stopWorker()
	d.new.start(t, "api")
	d.new.start(t, "worker")
	awaitReady(t, d.api)
	d.pay(t, waits)
	d.cancel(t, lasts)
	d.pay(t, d.hold(t))
}

// deployment is a database, a Temporal and vendors, and two releases over them.
type deployment struct {
	former, new release
	api         string
	customer    *e2e.Customer
	sandbox     *e2e.Sandbox
	db          *pgx.Conn
	show        string
	free        []string
}

func startDeployment(t *testing.T) *deployment {
	t.Helper()
	former := formerProgram(t)
	dir := t.TempDir()
	for _, parent := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(parent, 0o755)) // Postgres runs as another account
	}
	address := freeAddress(t)
	running, err := platform.Start(t.Context(), platform.Options{
		Root: root, StateDir: filepath.Join(dir, "state"),
		Services: []platform.Service{platform.Postgres, platform.Redis, platform.Temporal, platform.Sandbox},
		Env: map[string]string{
			"API_ADDR": address, "PUBLIC_URL": "http://" + address,
			"SANDBOX_STRIPE_WEBHOOK_URL": "http://" + address + "/v1/webhooks/stripe",
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, running.Stop(context.Background())) })

	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	d := &deployment{
		former:  release{name: "former", program: former, env: environ(running.Env()), logs: dir},
		new:     release{name: "new", program: filepath.Join(repository, ".boxoffice", "bin", "boxoffice"), env: environ(running.Env()), logs: dir},
		api:     "http://" + address,
		sandbox: e2e.NewSandbox(running.Env()),
	}
	d.db, err = pgx.Connect(t.Context(), running.Env()["DATABASE_URL"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.db.Close(context.Background()) })
	return d
}

// hold books a seat of one show.
func (d *deployment) hold(t *testing.T) booking.Booking {
	t.Helper()
	d.prepare(t)
	seat := d.free[0]
	d.free = d.free[1:]
	var held booking.Booking
	key := e2e.NewKey()
	require.NoError(t, d.persist(t, func(ctx context.Context) (err error) {
		held, _, err = d.customer.Book(ctx, key, e2e.For(d.show, seat))
		return err
	}))
	require.Equal(t, booking.StatusHeld, held.Status)
	return held
}

// prepare has a customer log in and choose a show.
func (d *deployment) prepare(t *testing.T) {
	t.Helper()
	if d.customer != nil {
		return
	}
	rows, err := d.db.Query(t.Context(), `SELECT id::text FROM shows
		WHERE status = 'scheduled' AND starts_at > now() + interval '30 hours' AND now() BETWEEN sales_open_at AND sales_close_at
		ORDER BY starts_at, id LIMIT 100`)
	require.NoError(t, err)
	shows, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	// Some halls have recliners and sofas only, and those have rules of their own.
	for _, show := range shows {
		d.show, d.free = show, d.standardSeats(t, show)
		if len(d.free) >= 10 {
			break
		}
	}
	require.GreaterOrEqual(t, len(d.free), 10, "one of %d shows has standard seats to sell", len(shows))
	d.customer, err = e2e.Register(t.Context(), d.api, nil)
	require.NoError(t, err)
}

func (d *deployment) standardSeats(t *testing.T, show string) (standard []string) {
	t.Helper()
	seats, err := e2e.Seats(t.Context(), d.api, show)
	require.NoError(t, err)
	for _, row := range seats.Layout.Rows {
		for _, seat := range row.Seats {
			if seat.Type == booking.SeatStandard {
				standard = append(standard, seat.ID)
			}
		}
	}
	return standard
}

// pay pays and waits for the ticket and the mail. The number is not confirmed: it
// gets no text message, from the former release neither.
func (d *deployment) pay(t *testing.T, held booking.Booking) {
	t.Helper()
	_, err := d.sandbox.Pay(t.Context(), held.Payment, e2e.Visa)
	require.NoError(t, err)
	d.await(t, held.ID, "sold and told of", func(b booking.Booking) bool {
		told := 0
		for _, entry := range b.Timeline {
			if entry.Event == booking.EventNotified {
				told++
			}
		}
		return b.Status == booking.StatusConfirmed && b.Payment.Status == booking.PaymentCaptured && told >= 1
	})
}

// cancel cancels a hold or a ticket, and waits for the refund.
func (d *deployment) cancel(t *testing.T, b booking.Booking) {
	t.Helper()
	require.NoError(t, d.persist(t, func(ctx context.Context) error {
		_, err := d.customer.Cancel(ctx, b.ID)
		return err
	}))
	d.await(t, b.ID, "over, with nothing owed", func(b booking.Booking) bool {
		var owesNothing bool
		err := d.db.QueryRow(t.Context(), `SELECT booking_owes_nothing($1)`, b.ID).Scan(&owesNothing)
		return err == nil && owesNothing && b.Status != booking.StatusHeld && b.Status != booking.StatusConfirmed
	})
}

func (d *deployment) await(t *testing.T, id, what string, wanted func(booking.Booking) bool) {
	t.Helper()
	var last booking.Booking
	reached := assert.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		b, err := d.customer.Booking(ctx, id)
		if err == nil {
			last = b
		}
		return err == nil && wanted(b)
	}, time.Minute, 100*time.Millisecond)
	require.True(t, reached, "waited for booking %s to be %s: %+v", id, what, last)
}

func (d *deployment) persist(t *testing.T, ask func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return e2e.Persist(ctx, func() error { return ask(ctx) })
}

// call is a call of an SQL function, and what its answer looks like.
type call struct {
	function string
	sql      string
	columns  []string
}

// calls are all ways in which the former release could call its functions.
// Triggers call some; those are not called by name.
func (d *deployment) calls(t *testing.T) (calls []call) {
	t.Helper()
	rows, err := d.db.Query(t.Context(), `SELECT p.proname, format('SELECT * FROM %I(%s)', p.proname,
			(SELECT string_agg(format('NULL::%s', format_type(a.type, NULL)), ', ' ORDER BY a.n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, n)))
		FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype <> 'trigger'::regtype AND NOT EXISTS (
			SELECT FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')`)
	require.NoError(t, err)
	calls, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c call, err error) {
		return c, row.Scan(&c.function, &c.sql)
	})
	require.NoError(t, err)
	require.NotEmpty(t, calls)
	for i := range calls {
		calls[i].columns, err = d.describe(t.Context(), calls[i].sql)
		require.NoError(t, err)
	}
	return calls
}

func (d *deployment) wantSameAnswer(t *testing.T, c call) {
	t.Helper()
	if unusedFunctions[c.function] != "" {
		return
	}
	columns, err := d.describe(t.Context(), c.sql)
	assert.NoError(t, err, "the former release may call %s", c.sql)
	assert.Equal(t, c.columns, columns, "the answer of %s", c.sql)
}

// describe returns the columns of an answer without running the query.
func (d *deployment) describe(ctx context.Context, sql string) ([]string, error) {
	statement, err := d.db.Prepare(ctx, "", sql)
	if err != nil {
		return nil, err
	}
	var columns []string
	for _, field := range statement.Fields {
		columns = append(columns, fmt.Sprintf("%s %d", field.Name, field.DataTypeOID))
	}
	return columns, nil
}
