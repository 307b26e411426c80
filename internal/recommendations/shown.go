package recommendations

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/internal/documents"
)

const (
	// reportsFor is how long what a list had is kept for reports of impressions.
	reportsFor = 24 * time.Hour
	// waitingLists is how many lists wait to be kept at most; with more, the newest are dropped.
	waitingLists = 1024
	// keepers write lists at once.
	keepers = 2
	// visitorLists is how many lists of visitors are kept in a second, visitorBurst how many at once:
	// each of some kilobytes, for a day, and asking for one takes no account. Of more, a part is kept,
	// which is enough to know what visitors do.
	visitorLists = 20
	visitorBurst = 500
)

// shown remembers what was given to whom, and takes reports of what came into view. A list is
// kept in the background: giving it must not wait for the store.
type shown struct {
	store   *documents.Store
	sink    *documents.Sink
	known   *profiles
	log     *slog.Logger
	waiting chan documents.List
	wait    sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.RWMutex
	closed  bool
	strange *rate.Limiter // for lists of visitors
	kept    *prometheus.CounterVec
}

func newShown(store *documents.Store, known *profiles, log *slog.Logger) *shown {
	s := &shown{
		store: store, sink: documents.NewSink(store.Events, log), known: known, log: log,
		waiting: make(chan documents.List, waitingLists), strange: rate.NewLimiter(visitorLists, visitorBurst),
		kept: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_recommendations_kept_total",
			Help: "Lists that were kept for reports of impressions, by outcome: kept, left_out (too many of visitors), dropped (too many waited, or the store was away).",
		}, []string{"outcome"}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for range keepers {
		s.wait.Go(s.write)
	}
	return s
}

func (s *shown) metrics() []prometheus.Collector { return append(s.sink.Metrics(), s.kept) }

// keep remembers a list. The person of one who wants no personalization is not noted.
func (s *shown) keep(l List, who *person, city uuid.UUID) {
	if len(l.Items) == 0 {
		return
	}
	kept := documents.List{Key: shownKey(l.ID), ID: l.ID, MadeAt: time.Now(), Model: l.madeBy, City: city}
	if who.personal() {
		kept.Person = who.id
	}
	if who.id == uuid.Nil && !s.strange.Allow() {
		s.kept.WithLabelValues("left_out").Inc()
		return
	}
	for _, item := range l.Items {
		kept.Items = append(kept.Items, documents.Item{Film: item.Movie.ID, Score: item.score, Propensity: item.propensity, Reason: string(item.Reason.Code)})
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return
	}
	select {
	case s.waiting <- kept:
	default:
		s.kept.WithLabelValues("dropped").Inc()
	}
}

func shownKey(listID string) string { return "shown:" + listID }

func (s *shown) write() {
	for list := range s.waiting {
		outcome := "dropped"
		if s.known.there() {
			err := s.store.Lists.Put(s.ctx, list, reportsFor)
			if err == nil {
				outcome = "kept"
			} else if !s.known.away(err) && s.ctx.Err() == nil {
				s.log.Error("a list cannot be kept", "error", err)
			}
		}
		s.kept.WithLabelValues(outcome).Inc()
	}
}

func (s *shown) close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	close(s.waiting)
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, s.cancel)
	s.wait.Wait()
	stop()
	s.cancel()
	s.sink.Close(ctx)
}
