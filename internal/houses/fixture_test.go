package houses

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/sealing"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// remote is a theater that sells from its own system.
type remote struct {
	*showstest.House
	store *Store
	books *bookings.Store // writes the orders

	mu      sync.Mutex
	changed []string
}

func newRemote(t testing.TB) *remote {
	t.Helper()
	r := &remote{House: showstest.New(t)}
	r.books = bookings.New(r.Shows)
	r.Seller = r.books
	box, err := sealing.New(bytes.Repeat([]byte{7}, sealing.KeySize))
	require.NoError(t, err)
	r.store = New(r.Pool, Options{Box: box, Changed: func(_ context.Context, showID, _ string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changed = append(r.changed, showID)
	}})
	_, err = r.store.Save(t.Context(), audit.System(""), r.Theater, NewSettings{
		Adapter: "session", Address: "https://theater.example", Credentials: map[string]string{"token": "secret"},
		Options: map[string]string{OptionFee: "2000", "site": "0001"},
	})
	require.NoError(t, err)
	return r
}

// told gives the shows whose watchers were told since the last call.
func (r *remote) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := r.changed
	r.changed = nil
	return changed
}

func (r *remote) text(sql string, args ...any) string {
	r.T.Helper()
	var text string
	require.NoError(r.T, r.Pool.QueryRow(r.T.Context(), sql, args...).Scan(&text))
	return text
}

// listed is a show as the house lists it: rows A, silver, and C, gold, of four seats.
func listed(id string, starts time.Time) booking.HouseShow {
	show := booking.HouseShow{
		ID: id, Movie: booking.HouseFilm{ID: "f1", Title: "The Lamp", Minutes: 121}, Screen: "Audi 1",
		StartsAt: starts, EndsAt: starts.Add(2 * time.Hour), Format: "IMAX", Language: "hi",
		Categories: []booking.HouseCategory{
			{ID: "0001", Name: "Silver", Price: booking.Money{Amount: 30000, Currency: "INR"}},
			{ID: "0002", Name: "Gold", Price: booking.Money{Amount: 45000, Currency: "INR"}},
		},
	}
	for n, label := range []string{"A", "C"} {
		row := booking.HouseRow{Label: label, Category: fmt.Sprintf("000%d", n+1)}
		for seat := 1; seat <= 4; seat++ {
			row.Seats = append(row.Seats, booking.HouseRowedSeat{
				Name: fmt.Sprint(seat), Address: fmt.Sprintf("%d/%d/%d", n+1, n, seat), X: float64(seat), Type: booking.SeatStandard})
		}
		show.Rows = append(show.Rows, row)
	}
	return show
}

// tomorrow is a whole minute of the next day.
func tomorrow() time.Time { return time.Now().Add(24 * time.Hour).UTC().Truncate(time.Minute) }

// full applies a full program of one page.
func (r *remote) full(rows ...booking.HouseShow) booking.HouseApplied {
	r.T.Helper()
	applied, err := r.store.ApplyProgram(r.T.Context(), r.Theater, booking.HousePage{Shows: rows, Full: true, Next: "1"})
	require.NoError(r.T, err)
	return applied
}

// delta applies what has changed.
func (r *remote) delta(rows ...booking.HouseShow) booking.HouseApplied {
	r.T.Helper()
	applied, err := r.store.ApplyProgram(r.T.Context(), r.Theater, booking.HousePage{Shows: rows, Next: "2"})
	require.NoError(r.T, err)
	return applied
}

// show is our id of a show of the house.
func (r *remote) show(external string) string {
	r.T.Helper()
	return r.text(`SELECT show_id::text FROM house_shows WHERE external_id = $1`, external)
}

func (r *remote) terms(show string) int64 {
	r.T.Helper()
	return r.Number(`SELECT terms_version FROM shows WHERE id = $1`, show)
}

func (r *remote) onSale(show string) bool {
	r.T.Helper()
	return r.Number(`SELECT count(*) FROM shows WHERE id = $1 AND status = 'scheduled' AND clock_timestamp() BETWEEN sales_open_at AND sales_close_at`, show) == 1
}

func (r *remote) alerts(kind booking.AlertKind) []string {
	r.T.Helper()
	var details []string
	require.NoError(r.T, r.Pool.QueryRow(r.T.Context(), `SELECT coalesce(array_agg(detail ORDER BY id), '{}') FROM alerts WHERE kind = $1`, kind).Scan(&details))
	return details
}
