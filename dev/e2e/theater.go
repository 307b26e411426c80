package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/houses"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/sandbox/house"
	"github.com/boxoffice/boxoffice/workflows"
)

// theaterSlug begins the slugs of theaters that tests make, in which no other test puts shows.
const theaterSlug = "test-site-"

// TheaterPlan is a theater with a system of its own that a test wants for itself.
type TheaterPlan struct {
	// Style is the manner of its system: session or office.
	Style        string
	Rows, PerRow int // of each show
	Shows        int // default one
	HoldMinutes  int // default 10
}

// Theater is a theater whose system is in the sandbox.
type Theater struct {
	ID, Site string
	// Shows are ours, and Sessions the same as the theater names them.
	Shows, Sessions []string

	world *World
}

// theaterPrice is what each of its seats costs, in pence.
const theaterPrice = 1200

// NewTheater makes a site in the sandbox, a theater for it, and reads its program.
func (w *World) NewTheater(ctx context.Context, plan TheaterPlan) (*Theater, error) {
	t := &Theater{Site: theaterSlug + strings.ToLower(rand.Text()[:10]), world: w}
	site, credentials := plan.site()
	if err := house.Seed(ctx, wire, w.Sandbox.address, t.Site, site); err != nil {
		return nil, err
	}
	for i := range max(plan.Shows, 1) {
		session := fmt.Sprintf("session-%d", i+1)
		// A day between shows: they share a room.
		at := time.Now().Add(time.Duration(48+24*i) * time.Hour).Truncate(time.Minute)
		if err := t.post(ctx, "shows", map[string]any{"id": session, "film": "kite", "screen": "1", "starts_at": at}); err != nil {
			return nil, err
		}
		t.Sessions = append(t.Sessions, session)
	}
	err := w.DB.QueryRow(ctx, `INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT gen_random_uuid(), $1, id, 'Test ' || $1, '1 Test Street', 51.5, -0.1, 'Europe/London', 'GBP' FROM cities ORDER BY id LIMIT 1
		RETURNING id::text`, t.Site).Scan(&t.ID)
	if err != nil {
		return nil, fmt.Errorf("make a theater: %w", err)
	}
	store, err := w.theaterStore()
	if err != nil {
		return nil, err
	}
	_, err = store.Save(ctx, audit.System("test"), t.ID, houses.NewSettings{
		Adapter: plan.Style, Address: w.Sandbox.address + "/house/" + t.Site + "/" + plan.Style, Credentials: credentials,
		Options: map[string]string{houses.OptionFee: "75", "hold_for": fmt.Sprintf("%dm", site.HoldMinutes)},
	})
	if err != nil {
		return nil, fmt.Errorf("save the theater's system: %w", err)
	}
	if err := t.ReadProgram(ctx); err != nil {
		return nil, err
	}
	t.Shows = make([]string, len(t.Sessions))
	for i, session := range t.Sessions {
		err := w.DB.QueryRow(ctx, `SELECT show_id::text FROM house_shows WHERE theater_id = $1 AND external_id = $2 AND unsellable = ''`,
			t.ID, session).Scan(&t.Shows[i])
		if err != nil {
			return nil, fmt.Errorf("the program lacks %s: %w", session, err)
		}
	}
	return t, nil
}

// site is what the sandbox simulates: one room, whose shows the caller adds.
func (p TheaterPlan) site() (site house.Settings, credentials map[string]string) {
	site = house.Settings{
		Style: p.Style, Name: "A test's theater", TimeZone: "Europe/London", Currency: "GBP", HoldMinutes: max(p.HoldMinutes, 10),
		Categories: []house.Category{{ID: "0007", Name: "Stalls", Price: theaterPrice}},
		Films:      []house.Film{{ID: "kite", Title: "The Kite of the Tests", Minutes: 110}},
		Screens:    []house.Screen{{ID: "1", Name: "Room 1"}},
		Days:       1, Times: []string{"00:00"}, // which has passed today
	}
	for r := range p.Rows {
		row := house.Row{Label: rowLabel(r), Category: "0007"}
		for n := range p.PerRow {
			row.Seats = append(row.Seats, house.Seat{Name: fmt.Sprint(n + 1)})
		}
		site.Screens[0].Rows = append(site.Screens[0].Rows, row)
	}
	if p.Style == "office" {
		site.User, site.Password = "us", "secret of "+rand.Text()
		return site, map[string]string{"user": site.User, "password": site.Password}
	}
	site.Token = rand.Text()
	return site, map[string]string{"token": site.Token}
}

// theaterStore writes what staff write about theaters' systems.
func (w *World) theaterStore() (*houses.Store, error) {
	var keys config.SealingKeys
	if err := keys.UnmarshalText([]byte(w.env["THEATER_KEYS"])); err != nil {
		return nil, fmt.Errorf("THEATER_KEYS: %w", err)
	}
	box, err := sealing.New(keys...)
	if err != nil {
		return nil, fmt.Errorf("THEATER_KEYS: %w", err)
	}
	return houses.New(w.DB, houses.Options{Box: box}), nil
}

// ReadProgram has the theater's program read now, as its schedule does every few minutes.
func (t *Theater) ReadProgram(ctx context.Context) error {
	return t.round(ctx, workflows.HouseProgramWorkflowID(t.ID), workflows.HouseProgramWorkflow, workflows.HouseInput{TheaterID: t.ID})
}

// Reconcile has the theater's sales compared with ours now, with next to no grace.
func (t *Theater) Reconcile(ctx context.Context) error {
	return t.round(ctx, workflows.HouseReconcileWorkflowID(t.ID), workflows.HouseReconcileWorkflow,
		workflows.HouseInput{TheaterID: t.ID, Grace: time.Millisecond})
}

// round runs a workflow. One of the schedule that runs already is replaced: it may wait for
// minutes before it begins, and its grace is an hour.
func (t *Theater) round(ctx context.Context, id, workflow string, in workflows.HouseInput) error {
	run, err := t.world.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.QueueOperations, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, workflow, in)
	if err == nil {
		err = run.Get(ctx, nil)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}

func (t *Theater) post(ctx context.Context, path string, body any) error {
	_, err := send(ctx, request{method: http.MethodPost, address: t.world.Sandbox.address + "/house/" + t.Site + "/" + path, body: body}, nil)
	if err != nil {
		return fmt.Errorf("theater %s: %s: %w", t.Site, path, err)
	}
	return nil
}

// Opens tells whether a code opens the theater's door.
func (t *Theater) Opens(ctx context.Context, code string) (bool, error) {
	var said struct {
		Opens bool `json:"opens"`
	}
	_, err := send(ctx, request{method: http.MethodGet, address: t.world.Sandbox.address + "/house/" + t.Site + "/gate?code=" + code}, &said)
	return said.Opens, err
}

// TheaterOrder is one order in a theater's own books.
type TheaterOrder struct {
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Show      string    `json:"show"`
	Status    string    `json:"status"` // held, pending, sold, cancelled, released or lapsed
	Total     int64     `json:"total"`
	Counter   bool      `json:"counter"`
	By        string    `json:"cancelled_by"`
	EndsAt    time.Time `json:"ends_at"`
	Tickets   []struct {
		Seat string `json:"seat"`
		Code string `json:"code"`
	} `json:"tickets"`
}

// takes tells whether the order keeps its seats from others.
func (o TheaterOrder) takes() bool {
	return o.Status == "held" || o.Status == "pending" || o.Status == "sold"
}

func (o TheaterOrder) seats() []string {
	seats := make([]string, len(o.Tickets))
	for i, ticket := range o.Tickets {
		seats[i] = ticket.Seat
	}
	return seats
}

// codes are the order's codes by seat.
func (o TheaterOrder) codes() map[string]string {
	codes := map[string]string{}
	for _, ticket := range o.Tickets {
		codes[ticket.Seat] = ticket.Code
	}
	return codes
}

// TheaterBooks reads all orders of a site.
func (s *Sandbox) TheaterBooks(ctx context.Context, site string) ([]TheaterOrder, error) {
	var books struct {
		Orders []TheaterOrder `json:"orders"`
	}
	_, err := send(ctx, request{method: http.MethodGet, address: s.address + "/house/" + site + "/books"}, &books)
	return books.Orders, err
}

// OrderOf gives the theater's order of a booking; false when it does not know the booking.
func (t *Theater) OrderOf(ctx context.Context, bookingID string) (TheaterOrder, bool, error) {
	orders, err := t.world.Sandbox.TheaterBooks(ctx, t.Site)
	for _, order := range orders {
		if order.Reference == (booking.HouseOrder{BookingID: bookingID, Attempt: 1}).Key() {
			return order, true, err
		}
	}
	return TheaterOrder{}, false, err
}
