package vendors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

var _ activities.HouseVendor = (*Guard)(nil)

var (
	unavailable = booking.E(booking.CodeProviderUnavailable, "No answer.")
	refused     = booking.E(booking.CodePaymentRefused, "Declined.")
)

func guard(name string, o Options) *Guard {
	o.Logger = slog.New(slog.DiscardHandler)
	return NewGuard(name, o)
}

func answer(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// slowly answers after a time, or not at all when the caller stops waiting.
func slowly(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return unavailable.Wrap(ctx.Err())
		}
	}
}

// The times in these tests are synctest's, so they cost nothing.
func TestScenario20SlowVendorLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, well := guard("stripe", Options{}), guard("sendgrid", Options{})
		skipped, waited := 0, time.Duration(0)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			began := time.Now()
			err := slow.Try(ctx, slowly(30*time.Second))
			waited += time.Since(began)
			cancel()
			require.Error(t, err)
			if booking.CodeOf(err) == booking.CodeFastPathSkipped {
				skipped++
			}
			require.NoError(t, well.Try(t.Context(), answer(nil)))
		}
		assert.Equal(t, 15, skipped)
		assert.Equal(t, 10*time.Second, waited, "five customers waited, the others did not")
		assert.Equal(t, stateIll, slow.State())
		assert.Equal(t, stateWell, well.State())
	})
}

func TestGuardProbesAndRecovers(t *testing.T) {
	t.Parallel()
	fail := func(g *Guard) {
		for range 5 {
			_ = g.Try(context.Background(), answer(unavailable))
		}
	}
	tests := []struct {
		name  string
		probe func(*Guard) error
		want  state
	}{
		{"a good probe on the fast path", func(g *Guard) error { return g.Try(context.Background(), answer(nil)) }, stateWell},
		{"a good probe on the slow path", func(g *Guard) error { return g.Report(context.Background(), answer(nil)) }, stateWell},
		{"a refusal is a good probe", func(g *Guard) error { return g.Try(context.Background(), answer(refused)) }, stateWell},
		{"a bad probe", func(g *Guard) error { return g.Report(context.Background(), answer(unavailable)) }, stateIll},
		{"a good answer that came late", func(g *Guard) error { return g.Report(context.Background(), slowly(20*time.Second)) }, stateIll},
		{"a caller that left", func(g *Guard) error { return g.Try(context.Background(), answer(context.Canceled)) }, stateRecovering},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := guard("stripe", Options{})
				fail(g)
				require.Equal(t, stateIll, g.State())
				require.NoError(t, g.Report(t.Context(), answer(nil)), "the slow path always runs")
				require.Equal(t, stateIll, g.State(), "a failing vendor gets its rest")
				time.Sleep(10*time.Second + time.Millisecond)
				require.Equal(t, stateRecovering, g.State())
				_ = tt.probe(g)
				assert.Equal(t, tt.want, g.State())
			})
		})
	}
}

func TestGuardProbesWithOneCallAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard("stripe", Options{})
		for range 5 {
			_ = g.Report(t.Context(), answer(unavailable))
		}
		time.Sleep(11 * time.Second)
		go func() { _ = g.Report(context.Background(), slowly(time.Second)) }()
		synctest.Wait()
		err := g.Try(t.Context(), answer(nil))
		assert.Equal(t, booking.CodeFastPathSkipped, booking.CodeOf(err))
		time.Sleep(2 * time.Second)
		assert.NoError(t, g.Try(t.Context(), answer(nil)))
	})
}

func TestErrorsThatCountAsAFailingVendor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want state
	}{
		{"no answer", unavailable, stateIll},
		{"an answer that it failed", booking.E(booking.CodeProviderError, "500"), stateIll},
		{"wrapped", fmt.Errorf("open: %w", unavailable), stateIll},
		{"a deadline", fmt.Errorf("open: %w", context.DeadlineExceeded), stateIll},
		{"a declined card", refused, stateWell},
		{"an unknown payment", booking.E(booking.CodeNotFound, "?"), stateWell},
		{"our own database", errors.New("connection refused"), stateWell},
		{"a caller that left", unavailable.Wrap(context.Canceled), stateWell},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := guard("stripe", Options{})
			for range 20 {
				_ = g.Report(t.Context(), answer(tt.err))
			}
			assert.Equal(t, tt.want, g.State())
		})
	}
}

func TestGuardOpensWhenHalfTheCallsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := func(g *Guard, calls, everyNth int, apart time.Duration) state {
			for i := range calls {
				var err error
				if i%everyNth == 0 {
					err = unavailable
				}
				_ = g.Try(t.Context(), answer(err))
				time.Sleep(apart)
			}
			return g.State()
		}
		assert.Equal(t, stateWell, run(guard("a", Options{}), 9, 2, 0), "too few calls to tell")
		assert.Equal(t, stateIll, run(guard("b", Options{}), 12, 2, 0))
		assert.Equal(t, stateWell, run(guard("c", Options{}), 60, 3, 0))
		assert.Equal(t, stateWell, run(guard("d", Options{}), 30, 2, 10*time.Second), "old failures are forgotten")

		poor := Options{Failures: 30, MinCalls: 20, Share: 0.8}
		assert.Equal(t, stateWell, run(guard("e", poor), 60, 2, 0), "half of the calls succeed")
		assert.Equal(t, stateIll, run(guard("f", poor), 20, 1, 0), "none does")
	})
}

func TestGuardLimitsTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard("twilio", Options{PerSecond: 10, Burst: 3})
		ran := 0
		call := func(context.Context) error { ran++; return nil }
		for range 5 {
			_ = g.Try(t.Context(), call)
		}
		assert.Equal(t, 3, ran)
		err := g.Try(t.Context(), call)
		assert.Equal(t, booking.CodeFastPathSkipped, booking.CodeOf(err))
		assert.Equal(t, stateWell, g.State(), "being busy is no illness")
		require.NoError(t, g.Report(t.Context(), call), "the slow path has the queue's own rate")
		time.Sleep(100 * time.Millisecond)
		assert.NoError(t, g.Try(t.Context(), call))
	})
}

func TestCallsThatYieldLeaveTheReserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard("theater", Options{PerSecond: 10, Reserve: 0.2})
		yields, ran := 0, 0
		rush := func() {
			for range 100 {
				if err := g.TryYielding(t.Context(), answer(nil)); err == nil {
					yields++
				} else {
					require.Equal(t, booking.CodeFastPathSkipped, booking.CodeOf(err))
				}
			}
		}
		for range 50 { // ten seconds
			rush()
			if g.Try(t.Context(), answer(nil)) == nil {
				ran++
			}
			time.Sleep(200 * time.Millisecond)
		}
		assert.InDelta(t, 88, yields, 2, "eight at first, then eight a second")
		assert.InDelta(t, 22, ran, 2, "two at first, then two a second")

		time.Sleep(2 * time.Second)
		rush()
		for range 2 {
			require.NoError(t, g.Try(t.Context(), answer(nil)), "a rush leaves two")
		}
		require.Error(t, g.Try(t.Context(), answer(nil)))

		all := guard("theater", Options{Reserve: 0.2})
		for range 10_000 {
			require.NoError(t, all.TryYielding(t.Context(), answer(nil)), "without a rate there is nothing to share")
		}
	})
}

func TestGuardEndsAProbeThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard("stripe", Options{})
		for range 5 {
			_ = g.Report(t.Context(), answer(unavailable))
		}
		time.Sleep(11 * time.Second)
		assert.Panics(t, func() { _ = g.Report(t.Context(), func(context.Context) error { panic("bug") }) })
		assert.Equal(t, stateIll, g.State())
		time.Sleep(11 * time.Second)
		require.NoError(t, g.Try(t.Context(), answer(nil)))
		assert.Equal(t, stateWell, g.State())
	})
}

func TestGuardUnderConcurrentCalls(t *testing.T) {
	t.Parallel()
	g := guard("stripe", Options{PerSecond: 1_000_000})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			err := error(nil)
			if i%4 == 0 {
				err = unavailable
			}
			_ = g.Try(context.Background(), answer(err))
			_ = g.Report(context.Background(), answer(nil))
			_ = g.State()
		})
	}
	wg.Wait()
	assert.Equal(t, "stripe", g.Name())
}
