package documents

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// sinkSize is how many events wait at most. With more, the newest are dropped.
	sinkSize = 8192
	// sinkBatch is how many events are written at once, sinkEvery how long one waits at most
	// for a batch to fill.
	sinkBatch = 50
	sinkEvery = 200 * time.Millisecond
	// The pauses between tries while the store is away.
	firstPause = 200 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Sink takes events from requests and writes them in batches, in the background. Adding one
// never waits and never fails: an event is worth less than a request. What must not be lost,
// such as bookings, is derived from where it is true, and has the same id each time.
type Sink struct {
	store   Events
	log     *slog.Logger
	waiting chan Event
	// adding keeps Close from missing an event that is being added.
	adding sync.RWMutex
	closed bool
	stop   chan struct{}   // closed by Close
	ctx    context.Context // of writing; ends with the context of Close
	cancel context.CancelFunc
	ended  chan struct{}

	events  *prometheus.CounterVec
	backlog prometheus.Collector
}

// What happened to events, in metrics.
const (
	sinkStored   = "stored"
	sinkRepeated = "repeated" // were there already
	sinkRefused  = "refused"  // are wrong
	sinkDropped  = "dropped"  // too many were waiting, or we stopped before the store was back
	sinkFailed   = "failed"   // the store is there and does not take them
)

// NewSink starts writing to a store. The caller closes the sink before the store.
func NewSink(store Events, log *slog.Logger) *Sink {
	s := &Sink{
		store: store, log: log, waiting: make(chan Event, sinkSize), stop: make(chan struct{}), ended: make(chan struct{}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_documents_events_total",
			Help: "Events for the document store that this process took, by what happened to them: stored, repeated (there already), refused (wrong), dropped (too many waited), failed.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{sinkStored, sinkRepeated, sinkRefused, sinkDropped, sinkFailed} {
		s.events.WithLabelValues(outcome)
	}
	s.backlog = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "boxoffice_documents_events_waiting",
		Help: "Events that wait in this process to be written to the document store.",
	}, func() float64 { return float64(len(s.waiting)) })
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.run()
	return s
}

// Metrics are what the sink tells.
func (s *Sink) Metrics() []prometheus.Collector { return []prometheus.Collector{s.events, s.backlog} }

// Add takes an event, or drops and counts it when too many are waiting. It never waits.
func (s *Sink) Add(e Event) {
	s.adding.RLock()
	defer s.adding.RUnlock()
	if s.closed {
		s.count(sinkDropped, 1)
		return
	}
	select {
	case s.waiting <- e:
	default:
		s.count(sinkDropped, 1)
	}
}

// Close writes what is waiting, until the context ends; then it drops and counts the rest.
// Events that are added later are dropped. It is called once.
func (s *Sink) Close(ctx context.Context) {
	s.adding.Lock()
	s.closed = true
	s.adding.Unlock()
	defer context.AfterFunc(ctx, s.cancel)()
	close(s.stop)
	<-s.ended
}

func (s *Sink) run() {
	defer close(s.ended)
	defer s.cancel()
	for {
		batch := s.next()
		if len(batch) == 0 { // stopped, and nothing is waiting
			return
		}
		if !s.write(batch) {
			s.count(sinkDropped, len(batch)+len(s.waiting))
			return
		}
	}
}

// next waits for a batch: a full one, what has come in some time, or what is left at the end.
func (s *Sink) next() (batch []Event) {
	var due <-chan time.Time // never, before the first event
	for len(batch) < sinkBatch {
		select {
		case e := <-s.waiting:
			if batch = append(batch, e); due == nil {
				timer := time.NewTimer(sinkEvery)
				defer timer.Stop()
				due = timer.C
			}
		case <-due:
			return batch
		case <-s.stop:
			if len(s.waiting) == 0 {
				return batch
			}
		}
	}
	return batch
}

// write tries until the store takes the batch, and says false when there is no more time.
func (s *Sink) write(batch []Event) bool {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		done, err := s.store.Append(s.ctx, batch)
		switch {
		case err == nil:
			s.count(sinkStored, done.New)
			s.count(sinkRefused, len(done.Refused))
			s.count(sinkRepeated, len(batch)-done.New-len(done.Refused))
			if len(done.Refused) > 0 {
				s.log.Warn("events were refused", "events", len(done.Refused), "first", done.Refused[0].Err)
			}
			return true
		case booking.CodeOf(err) != booking.CodeUnavailable:
			s.log.Error("events cannot be stored", "events", len(batch), "error", err)
			s.count(sinkFailed, len(batch))
			return true
		}
		s.log.Warn("the document store is away", "waiting", len(s.waiting)+len(batch), "error", err)
		if !s.pause(pause) {
			return false
		}
	}
}

// pause ends early, once, when the sink is closed; from then on pauses are short. It says
// false when there is no more time.
func (s *Sink) pause(d time.Duration) bool {
	stop := s.stop
	select {
	case <-stop:
		stop, d = nil, firstPause
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	case <-s.ctx.Done():
	}
	return s.ctx.Err() == nil
}

func (s *Sink) count(outcome string, n int) { s.events.WithLabelValues(outcome).Add(float64(n)) }
