package sandbox

import (
	"slices"
	"sync"
	"time"
)

// lanes is the schedule of the webhook workers. Each lane is a queue of which
// only the head is ever worked on; a lane whose head is due stands in ready.
type lanes struct {
	mu     sync.Mutex
	wake   *sync.Cond
	isOpen bool
	byKey  map[string]*lane
	events map[string]*lane // where an event waits, so that none waits twice
	ready  []*lane
}

type lane struct {
	key   string
	queue []*delivery
	busy  bool // the head is ready or being delivered
	plan  int  // outdates timers set for an earlier head
}

// open starts the schedule with what load finds pending.
func (s *lanes) open(load func() ([]*delivery, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset()
	pending, err := load()
	if err != nil {
		return err
	}
	s.isOpen = true
	for _, d := range pending {
		key := d.Lane
		if d.Tries > 0 {
			key = d.EventID
		}
		s.insert(key, d)
	}
	return nil
}

func (s *lanes) reset() {
	s.wake = sync.NewCond(&s.mu)
	s.byKey, s.events, s.ready = map[string]*lane{}, map[string]*lane{}, nil
}

// close lets the workers go; what waits stays in the store.
func (s *lanes) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isOpen = false
	for _, l := range s.byKey {
		l.plan++
	}
	s.wake.Broadcast()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// add queues a delivery, or hurries the one that waits already.
func (s *lanes) add(key string, d *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isOpen {
		return // pending in the store; the next run loads it
	}
	if l := s.events[d.EventID]; l != nil {
		for _, waiting := range l.queue {
			if waiting.EventID == d.EventID && !(l.busy && waiting == l.queue[0]) {
				waiting.NotBefore = d.NotBefore
			}
		}
		s.plan(l)
		return
	}
	s.insert(key, d)
}

// insert keeps a lane in the order of its events: two commits may report in
// the wrong order.
func (s *lanes) insert(key string, d *delivery) {
	l := s.byKey[key]
	if l == nil {
		l = &lane{key: key}
		s.byKey[key] = l
	}
	movable := btoi(l.busy) // the head is out of reach while it is worked on
	at := len(l.queue)
	for at > movable && l.queue[at-1].EventID > d.EventID {
		at--
	}
	if at > movable && l.queue[at-1].Swap {
		at--
		l.queue[at].release()
		d.release() // a pair changes places; three would wait for a fourth
	}
	l.queue = slices.Insert(l.queue, at, d)
	s.events[d.EventID] = l
	s.plan(l)
}

// release ends the wait of an event that was to be overtaken.
func (d *delivery) release() {
	if d.Swap {
		d.Swap, d.NotBefore = false, time.Time{}
	}
}

// plan makes the lane ready when its head is due, else sets a timer.
func (s *lanes) plan(l *lane) {
	if l.busy || len(l.queue) == 0 || !s.isOpen {
		return
	}
	l.plan++
	wait := time.Until(l.queue[0].NotBefore)
	if wait <= 0 {
		l.busy = true
		s.ready = append(s.ready, l)
		s.wake.Signal()
		return
	}
	current := l.plan
	time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if l.plan == current {
			s.plan(l)
		}
	})
}

// next blocks until a lane's head is due; nil when the schedule is closed.
func (s *lanes) next() (*lane, *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ready) == 0 && s.isOpen {
		s.wake.Wait()
	}
	if !s.isOpen {
		return nil, nil
	}
	l := s.ready[0]
	s.ready = s.ready[1:]
	return l, l.queue[0]
}

// done takes the head off and plans what follows.
func (s *lanes) done(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.events, l.queue[0].EventID)
	l.queue, l.busy = l.queue[1:], false
	if len(l.queue) == 0 {
		if s.byKey[l.key] == l {
			delete(s.byKey, l.key)
		}
		return
	}
	s.plan(l)
}
