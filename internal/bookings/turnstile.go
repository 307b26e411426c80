package bookings

import "sync"

// Turnstile lets one request at a time try for a seat, per process. When many requests rush
// for a free seat, all of them see it free, and each would start a workflow only to be
// refused. Behind the turnstile the first one tries. The others wait until it is done,
// check again, and that check refuses them.
//
// It saves work and decides nothing: requests at other replicas do not pass it,
// and Hold is what keeps a seat from being sold twice.
type Turnstile struct {
	mu   sync.Mutex
	busy map[claimed]chan struct{} // closed when the request that is inside leaves
}

type claimed struct{ show, seat string }

// NewTurnstile makes an empty one.
func NewTurnstile() *Turnstile { return &Turnstile{busy: map[claimed]chan struct{}{}} }

// Enter takes all the seats or none. A request that is let in calls leave when it is done.
// A request that is not let in gets a channel that closes when a new check is worthwhile.
func (t *Turnstile) Enter(show string, seats []string) (leave func(), wait <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, seat := range seats {
		if inside, ok := t.busy[claimed{show, seat}]; ok {
			return nil, inside
		}
	}
	out := make(chan struct{})
	for _, seat := range seats {
		t.busy[claimed{show, seat}] = out
	}
	return func() { t.leave(show, seats, out) }, nil
}

func (t *Turnstile) leave(show string, seats []string, out chan struct{}) {
	t.mu.Lock()
	for _, seat := range seats {
		delete(t.busy, claimed{show, seat})
	}
	t.mu.Unlock()
	close(out)
}
