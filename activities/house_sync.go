package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// HouseBooks are our copy of what theaters' own systems have, and what we compare with them.
type HouseBooks interface {
	// All lists the theaters that sell from their own system.
	All(ctx context.Context) ([]string, error)
	// BeginProgram gives the cursor from which a program goes on.
	BeginProgram(ctx context.Context, theaterID string) (cursor string, err error)
	// ApplyProgram takes in a page and keeps its cursor. A repeat changes nothing.
	ApplyProgram(ctx context.Context, theaterID string, page booking.HousePage) (booking.HouseApplied, error)
	// ApplyPending tries again what waits for bookings to be told.
	ApplyPending(ctx context.Context, theaterID string) (booking.HouseApplied, error)
	// ProgramFailed notes that a program could not be read.
	ProgramFailed(ctx context.Context, theaterID, why string) error
	// WriteTaken makes the house's claims on the seats of a show what it says.
	WriteTaken(ctx context.Context, showID string, taken booking.HouseTaken) error
	// ShowsToReconcile gives a page of the shows whose sales are compared.
	ShowsToReconcile(ctx context.Context, theaterID, after string, limit int) ([]booking.HouseListed, error)
	// Reconcile compares all sales of a show with our bookings, and tells staff what differs.
	Reconcile(ctx context.Context, theaterID, showID string, sales []booking.HouseState, grace time.Duration) ([]booking.HouseFinding, error)
	// Orphaned tells whether there is still no live booking for an order.
	Orphaned(ctx context.Context, showID string, order booking.HouseOrder) (bool, error)
	// OrphanDone notes that the house cancelled an orphan, or that it refused to.
	OrphanDone(ctx context.Context, theaterID, sale string, cancelled bool) error
}

// HouseSync are the activities that keep our copy of theaters' own systems, and compare the
// sales. What reads much does not go through the guard of a house: that it is slow must not
// make the house ill for customers.
type HouseSync struct {
	Registry HouseRegistry
	Books    HouseBooks
}

// HousesRequest asks for all theaters that sell from their own system.
type HousesRequest struct{}

// ListHouses lists the theaters that sell from their own system.
func (h *HouseSync) ListHouses(ctx context.Context, _ HousesRequest) ([]string, error) {
	all, err := h.Books.All(ctx)
	return all, toTemporal(ctx, err)
}

// BegunProgram is where a house's program goes on, and what waited to be applied.
type BegunProgram struct {
	Cursor  string               `json:"cursor"`
	Pending booking.HouseApplied `json:"pending"`
}

// BeginHouseProgram applies what waits, and says where the program goes on.
func (h *HouseSync) BeginHouseProgram(ctx context.Context, theaterID string) (begun BegunProgram, err error) {
	if begun.Pending, err = h.Books.ApplyPending(ctx, theaterID); err != nil {
		return begun, toTemporal(ctx, err)
	}
	begun.Cursor, err = h.Books.BeginProgram(ctx, theaterID)
	return begun, toTemporal(ctx, err)
}

// ProgramRequest asks for a page of a house's program.
type ProgramRequest struct {
	TheaterID string `json:"theater_id"`
	Cursor    string `json:"cursor"`
}

// ProgramPage is what came of it.
type ProgramPage struct {
	booking.HouseApplied
	Next string `json:"next"`
	More bool   `json:"more"`
}

// ReadHouseProgram reads a page of a house's program and applies it. The page itself, with the
// seats of each show, is too large for a history.
func (h *HouseSync) ReadHouseProgram(ctx context.Context, req ProgramRequest) (ProgramPage, error) {
	house, _, err := h.Registry.House(ctx, req.TheaterID)
	if err != nil {
		return ProgramPage{}, toTemporal(ctx, err)
	}
	page, err := house.Program(ctx, req.Cursor)
	if err != nil {
		return ProgramPage{}, toTemporal(ctx, err)
	}
	if page.More && page.Next == req.Cursor {
		return ProgramPage{}, toTemporal(ctx, booking.E(booking.CodeHouseError, "The program of the theater's system has a page that leads to itself."))
	}
	applied, err := h.Books.ApplyProgram(ctx, req.TheaterID, page)
	return ProgramPage{HouseApplied: applied, Next: page.Next, More: page.More}, toTemporal(ctx, err)
}

// ProgramFailure says why a program could not be read.
type ProgramFailure struct {
	TheaterID string `json:"theater_id"`
	Why       string `json:"why"`
}

// NoteProgramFailed notes that a house's program could not be read.
func (h *HouseSync) NoteProgramFailed(ctx context.Context, failure ProgramFailure) error {
	return toTemporal(ctx, h.Books.ProgramFailed(ctx, failure.TheaterID, failure.Why))
}

// HouseShowsRequest asks for a page of the shows of a house whose sales are compared.
type HouseShowsRequest struct {
	TheaterID string `json:"theater_id"`
	After     string `json:"after"`
	Limit     int    `json:"limit"`
}

// ListHouseShows gives a page of the shows of a house whose sales are compared.
func (h *HouseSync) ListHouseShows(ctx context.Context, req HouseShowsRequest) ([]booking.HouseListed, error) {
	shows, err := h.Books.ShowsToReconcile(ctx, req.TheaterID, req.After, req.Limit)
	return shows, toTemporal(ctx, err)
}

// ReconcileRequest asks to compare the sales of a show.
type ReconcileRequest struct {
	TheaterID string              `json:"theater_id"`
	Show      booking.HouseListed `json:"show"`
	// Grace is how long what differs may be a step that is under way.
	Grace time.Duration `json:"grace"`
}

// mostPagesOfSales bounds the list of one show: a hall has not so many seats.
const mostPagesOfSales = 1_000

// ReconcileHouseShow compares a house's sales of a show with our bookings, and looks which of
// its seats are taken.
func (h *HouseSync) ReconcileHouseShow(ctx context.Context, req ReconcileRequest) ([]booking.HouseFinding, error) {
	house, _, err := h.Registry.House(ctx, req.TheaterID)
	if err != nil {
		return nil, toTemporal(ctx, err)
	}
	sales, err := allSales(ctx, house, req.Show.Show)
	if err != nil {
		return nil, toTemporal(ctx, err)
	}
	found, err := h.Books.Reconcile(ctx, req.TheaterID, req.Show.ShowID, sales, req.Grace)
	if err != nil {
		return nil, toTemporal(ctx, err)
	}
	// The sales are compared: an answer about seats that is missing does not undo that.
	if err := h.refresh(ctx, house, req.Show); err != nil {
		activity.GetLogger(ctx).Warn("cannot tell which seats of the theater are taken", "show_id", req.Show.ShowID, "error", err)
	}
	return found, nil
}

func allSales(ctx context.Context, house House, show string) ([]booking.HouseState, error) {
	var sales []booking.HouseState
	cursor := ""
	for range mostPagesOfSales {
		page, err := house.Sold(ctx, show, cursor)
		if err != nil {
			return nil, err
		}
		sales = append(sales, page.Orders...)
		if page.Next == "" {
			return sales, nil
		}
		activity.RecordHeartbeat(ctx, page.Next)
		cursor = page.Next
	}
	return nil, booking.E(booking.CodeHouseError, "The list of sales of the theater's system does not end.")
}

func (h *HouseSync) refresh(ctx context.Context, house House, show booking.HouseListed) error {
	taken, err := house.Seats(ctx, show.Show)
	if err != nil {
		return err
	}
	return h.Books.WriteTaken(ctx, show.ShowID, taken)
}

// OrphanRequest names a sale of a house that no booking stands for.
type OrphanRequest struct {
	Sale   string             `json:"sale"`
	ShowID string             `json:"show_id"`
	Order  booking.HouseOrder `json:"order"`
}

// CancelHouseOrphan undoes a sale at the house that no booking stands for, and says whether it
// is gone. It asks our books and the house once more before.
func (h *HouseSync) CancelHouseOrphan(ctx context.Context, req OrphanRequest) (gone bool, err error) {
	theater := req.Order.Terms.TheaterID
	orphaned, err := h.Books.Orphaned(ctx, req.ShowID, req.Order)
	if err != nil || !orphaned {
		return false, toTemporal(ctx, err)
	}
	undecided := false
	err = askHouse(ctx, h.Registry, theater, HouseVendor.Try, func(ctx context.Context, house House) (err error) {
		undecided, err = undoOrder(ctx, house, req.Order)
		return err
	})
	switch {
	case err == nil && undecided:
		err = houseUndecided()
	case err == nil:
		gone = true
	case booking.CodeOf(err) == booking.CodeNotCancellable, booking.CodeOf(err) == booking.CodeHouseRefused:
		err = nil
	}
	if err != nil {
		return false, toTemporal(ctx, err)
	}
	return gone, toTemporal(ctx, h.Books.OrphanDone(ctx, theater, req.Sale, gone))
}
