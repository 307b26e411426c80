package e2e

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/dev/platform"
)

// chaosParts are killed in turn; the one without a name is the replica that sells.
var chaosParts = []string{"worker", "", "api", "postgres", "worker", "sandbox", "temporal"}

// killEvery ends one process after the other, for so long or, with 0, until it is
// stopped.
func (s *stage) killEvery(interval, last time.Duration, replica *Replica, figures *figures) (stop func()) {
	if interval <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	if last > 0 {
		ctx, cancel = context.WithTimeout(context.Background(), last)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			figures.killed.Add(1)
			if part := chaosParts[n%len(chaosParts)]; part != "" {
				s.killAndRestart(ctx, part)
				continue
			}
			replica.Kill()
			if err := replica.Start(ctx); err != nil && ctx.Err() == nil {
				s.Errorf("the replica does not come back: %v", err)
			}
		}
	})
	return func() {
		cancel()
		wait.Wait()
		for _, part := range []string{"temporal", "sandbox", "worker", "api"} {
			ready, done := context.WithTimeout(context.Background(), afterRestart)
			assert.NoError(s, world.Platform.WaitReady(ready, part))
			done()
		}
		ready, done := context.WithTimeout(context.Background(), afterRestart)
		defer done()
		if _, err := Seats(ready, replica.Address, s.show); err != nil {
			assert.NoError(s, replica.Start(ready))
		}
	}
}

// killAndRestart restarts the part itself. The platform would back off longer and longer
// for a part that keeps dying, but here the part is not at fault.
func (s *stage) killAndRestart(ctx context.Context, part string) {
	_ = world.Platform.KillChild(part) // one that is down already has to come back as well
	if part == string(platform.Postgres) {
		return
	}
	if err := world.Platform.RestartChild(ctx, part); err != nil && ctx.Err() == nil {
		s.Errorf("%s does not come back: %v", part, err)
	}
}
