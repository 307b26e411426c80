package bookings

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestFault01_HundredTwentyEightBuyersOneSeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	var winners atomic.Int64
	var all errgroup.Group
	for range 128 {
		req := showstest.Request(show, h.Customer(), "C7")
		all.Go(func() error {
			_, err := h.store.Hold(t.Context(), req)
			var refused *booking.Error
			switch {
			case err == nil:
				winners.Add(1)
				return nil
			case errors.As(err, &refused) && refused.Code == booking.CodeSeatsUnavailable && len(refused.Seats) == 1:
				return nil
			default:
				return err
			}
		})
	}
	require.NoError(t, all.Wait())
	assert.EqualValues(t, 1, winners.Load())
	assert.Len(t, h.Claims(show), 1)
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM bookings`))
}

// Every buyer wants several seats, in an order of their own, while holds end,
// expire and are confirmed. A deadlock would show as unavailable.
func TestFault02_CrossingSets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	seats := []string{"A1", "A2", "A3", "A4", "A5", "A6"}
	customers := make([]string, 10)
	for i := range customers {
		customers[i] = h.Customer()
	}
	var all errgroup.Group
	for i := range customers {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		all.Go(func() error {
			for range 60 {
				random.Shuffle(len(seats), func(int, int) {})
				wanted := make([]string, 0, 3)
				for _, n := range random.Perm(len(seats))[:2+random.IntN(2)] {
					wanted = append(wanted, seats[n])
				}
				if err := crossing(t.Context(), h, random, showstest.Request(show, customers[i], wanted...)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	h.checkInvariants(show)
	assert.Zero(t, h.Number(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
}

func crossing(ctx context.Context, h *house, random *rand.Rand, req booking.HoldRequest) error {
	switch _, err := h.store.Hold(ctx, req); booking.CodeOf(err) {
	case booking.CodeSeatsUnavailable:
		return nil
	default:
		if err != nil {
			return err
		}
	}
	var err error
	switch random.IntN(4) {
	case 0:
		err = h.TryExpire(ctx, req.BookingID)
	case 1:
		if _, err = h.Confirm(ctx, req.BookingID); err == nil {
			err = h.store.Cancel(ctx, booking.Cancellation{BookingID: req.BookingID})
		}
	default:
		err = h.store.End(ctx, booking.Ending{BookingID: req.BookingID, Status: booking.StatusExpired})
	}
	return err
}

func TestFault05_ConnectionsCutDuringHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	killer, err := pgxpool.NewWithConfig(t.Context(), h.Pool.Config())
	require.NoError(t, err)
	defer killer.Close()
	done := make(chan struct{})
	var cut errgroup.Group
	cut.Go(func() error {
		for {
			select {
			case <-done:
				return nil
			default:
			}
			_, _ = killer.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5`)
			time.Sleep(showstest.Glance)
		}
	})

	var cuts atomic.Int64
	var all errgroup.Group
	for row := range 4 {
		var reqs []booking.HoldRequest
		for x := 1; x <= 7; x += 2 {
			label := string(rune('A' + row))
			reqs = append(reqs, booking.HoldRequest{
				BookingID: uuid.NewString(), CustomerID: "", ShowID: show, HoldFor: time.Minute, MaxHolds: 9,
				Seats: []string{fmt.Sprintf("%s%d", label, x), fmt.Sprintf("%s%d", label, x+1)},
			})
		}
		all.Go(func() error {
			customer := uuid.NewString()
			if err := until(t.Context(), &cuts, func() error {
				_, err := h.Pool.Exec(t.Context(), `INSERT INTO accounts (id, email, password_hash, name)
					VALUES ($1::uuid, $1::text, '', '') ON CONFLICT DO NOTHING`, customer)
				return translate("account", err)
			}); err != nil {
				return err
			}
			for _, req := range reqs {
				req.CustomerID = customer
				if err := until(t.Context(), &cuts, func() error {
					_, err := h.store.Hold(t.Context(), req)
					return err
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait(), "a lost answer is unavailable, and the repeat succeeds")
	close(done)
	require.NoError(t, cut.Wait())
	t.Logf("%d answers were lost", cuts.Load())
	h.reconnect(killer)
	h.checkInvariants(show)
	assert.Len(t, h.Claims(show), 32)
}

// until repeats what answered unavailable.
func until(ctx context.Context, failures *atomic.Int64, try func() error) error {
	for {
		err := try()
		if err == nil || booking.CodeOf(err) != booking.CodeUnavailable {
			return err
		}
		failures.Add(1)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func TestFault06_StaleCacheIsRefusedByTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	h.Held(show, "A1") // the terms are in memory now
	h.Exec(`UPDATE shows SET prices = '{"silver": 100, "gold": 200}', fee_per_seat = 0, tax_basis_points = 0 WHERE id = $1`, show)
	assert.EqualValues(t, 100, h.Held(show, "A2").Quote.Total.Amount, "priced by the terms of now")

	h.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, show)
	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "A3"))
	showstest.Code(t, booking.CodeShowNotOnSale, err)
	_, err = h.store.Precheck(t.Context(), ask(show, h.Customer(), "A3"))
	showstest.Code(t, booking.CodeShowNotOnSale, err)
}

// A confirmation, an expiry and an overtaking hold at the same moment: the seats end with
// exactly one of them, and every caller gets the true answer.
func TestFault07_ConfirmRacesExpiry(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	customer := h.Customer()
	outcomes := map[string]int{}
	for range 60 {
		show := h.Show()
		first := h.Held(show, "A1", "A2").BookingID
		h.Expire(first)
		second := showstest.Request(show, customer, "A2", "A3")
		var confirmed, ended, overtaken error
		var all errgroup.Group
		all.Go(func() error { _, confirmed = h.Confirm(t.Context(), first); return nil })
		all.Go(func() error {
			ended = h.store.End(t.Context(), booking.Ending{BookingID: first, Status: booking.StatusExpired})
			return nil
		})
		all.Go(func() error { _, overtaken = h.store.Hold(t.Context(), second); return nil })
		require.NoError(t, all.Wait())

		if confirmed == nil {
			outcomes["confirmed"]++
			showstest.Code(t, booking.CodeConflict, ended)
			showstest.Code(t, booking.CodeSeatsUnavailable, overtaken)
			assert.Equal(t, map[string]string{"A1": "sold " + first, "A2": "sold " + first}, h.Claims(show))
		} else {
			outcomes["expired"]++
			showstest.Code(t, booking.CodeHoldLost, confirmed)
			require.NoError(t, ended)
			require.NoError(t, overtaken)
			assert.Equal(t, map[string]string{"A2": "held " + second.BookingID, "A3": "held " + second.BookingID}, h.Claims(show))
		}
		h.checkInvariants(show)
	}
	t.Log(outcomes)
}

// The database's clock is set apart from this process's: functions of our own
// stand before the built-in ones on the search path.
func TestFault08_ClockOff(t *testing.T) {
	t.Parallel()
	setup := newHouse(t)
	setup.Exec(`CREATE SCHEMA skewed`)
	setup.Exec(`CREATE TABLE skewed.clock (ahead interval NOT NULL)`)
	setup.Exec(`INSERT INTO skewed.clock VALUES ('10 minutes')`)
	for _, name := range []string{"clock_timestamp", "now"} {
		setup.Exec(`CREATE FUNCTION skewed.` + name + `() RETURNS timestamptz LANGUAGE sql AS
			'SELECT pg_catalog.` + name + `() + ahead FROM skewed.clock'`)
	}
	config := setup.Pool.Config()
	config.ConnConfig.RuntimeParams["search_path"] = "skewed, pg_catalog, public"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	defer pool.Close()

	for _, ahead := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		t.Run(ahead.String(), func(t *testing.T) {
			setup.Exec(`UPDATE skewed.clock SET ahead = $1`, ahead)
			show := setup.Show()
			known := shows.New(pool, nil)
			store := New(known)
			held, err := store.Hold(t.Context(), showstest.Request(show, setup.Customer(), "A1"))
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(ahead+8*time.Minute), held.ExpiresAt, time.Minute)
			assert.InDelta(t, (8 * time.Minute).Seconds(), held.ExpiresIn.Seconds(), 5, "no clock of ours is asked")

			setup.Exec(`UPDATE skewed.clock SET ahead = $1`, ahead+7*time.Minute)
			_, err = store.Hold(t.Context(), showstest.Request(show, setup.Customer(), "A1"))
			showstest.Code(t, booking.CodeSeatsUnavailable, err)
			_, err = store.Precheck(t.Context(), ask(show, setup.Customer(), "A1"))
			showstest.Code(t, booking.CodeSeatsUnavailable, err)

			setup.Exec(`UPDATE skewed.clock SET ahead = $1`, ahead+9*time.Minute)
			seatMap, err := seatmap.New(known).SeatMap(t.Context(), show)
			require.NoError(t, err)
			assert.Empty(t, seatMap.Held)
			_, err = store.Precheck(t.Context(), ask(show, setup.Customer(), "A1"))
			require.NoError(t, err)
			_, err = store.Hold(t.Context(), showstest.Request(show, setup.Customer(), "A1"))
			require.NoError(t, err)
		})
	}
}

func TestFault09_ShowCancelledWhileSeatsAreHeld(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "A1")
	h.Exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, show)
	_, err := h.Confirm(t.Context(), held.BookingID)
	showstest.Code(t, booking.CodeShowNotOnSale, err)
	require.NoError(t, h.store.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusExpired}))
	assert.Empty(t, h.Claims(show))
}

func TestFault10_LayoutEditedWhileSeatsAreHeld(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held := h.Held(show, "C7")
	smaller := showstest.Hall()
	smaller.Rows = smaller.Rows[:2]
	h.Exec(`UPDATE shows SET layout_id = $2 WHERE id = $1`, show, h.AddLayout(2, smaller))

	_, err := h.store.Hold(t.Context(), showstest.Request(show, h.Customer(), "C8"))
	showstest.Code(t, booking.CodeValidation, err)
	_, err = h.Confirm(t.Context(), held.BookingID)
	require.NoError(t, err)
	b, err := h.store.Booking(t.Context(), held.BookingID)
	require.NoError(t, err)
	assert.Equal(t, held.Quote, b.Quote)
	assert.Equal(t, "gold", b.Quote.Seats[0].Category)
}

func TestFault50_PoolExhausted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	var hogs []*pgxpool.Conn
	for range h.Pool.Config().MaxConns {
		hog, err := h.Pool.Acquire(t.Context())
		require.NoError(t, err)
		hogs = append(hogs, hog)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := h.store.Hold(ctx, showstest.Request(show, customer, "A1"))
	showstest.Code(t, booking.CodeUnavailable, err)
	_, err = h.store.Precheck(ctx, ask(show, customer, "A1"))
	showstest.Code(t, booking.CodeUnavailable, err)
	for _, hog := range hogs {
		hog.Release()
	}
	_, err = h.store.Hold(t.Context(), showstest.Request(show, customer, "A1"))
	require.NoError(t, err)
}

func TestFault53_CapPerCustomerHoldsUnderConcurrency(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, customer := h.Show(), h.Customer()
	var won, capped atomic.Int64
	var all errgroup.Group
	for i := range 16 {
		req := showstest.Request(show, customer, fmt.Sprintf("%c%d", 'A'+i/8, i%8+1))
		req.MaxHolds = 4
		all.Go(func() error {
			_, err := h.store.Hold(t.Context(), req)
			switch {
			case err == nil:
				won.Add(1)
			case booking.CodeOf(err) == booking.CodeTooManyHolds:
				capped.Add(1)
			default:
				return err
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	assert.EqualValues(t, 4, won.Load())
	assert.EqualValues(t, 12, capped.Load())
	assert.Len(t, h.Claims(show), 4)
}
