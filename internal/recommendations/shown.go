package recommendations

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/booking"
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

// Report says what of a list came into view and what was opened.
type Report struct {
	ListID string      `json:"list_id"`
	Seen   []uuid.UUID `json:"seen"`
	Opened []uuid.UUID `json:"opened"`
}

// The most that a report has, and that it takes.
const (
	reportWithin = 2 * time.Second
	mostReports  = 20
	longestID    = 64
	mostOfReport = MostListed
)

// Report notes what came into view. A movie of a list counts once, however often it is reported.
// What was not in the list counts for nothing, as does a list that is not known, or that was made
// for another person. While the store is away nothing is noted. Code: validation_failed.
func (s *Service) Report(ctx context.Context, caller uuid.UUID, reports []Report) error {
	if err := checkReports(reports); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	var who *documents.Profile
	for _, report := range reports {
		if !isListID(report.ListID) {
			continue
		}
		if !s.profiles.mayAsk() {
			return nil
		}
		asking, cancel := context.WithTimeout(ctx, answerWithin)
		list, found, err := s.shown.store.Lists.Get(asking, shownKey(report.ListID))
		cancel()
		if s.profiles.away(err) {
			return nil
		}
		if err != nil {
			s.shown.log.Error("a list cannot be read", "error", err)
			continue
		}
		if s.profiles.answered(); !found {
			continue
		}
		switch list.Person {
		case uuid.Nil:
		case caller:
			// They may have turned personalization off since the list was made.
			if who == nil {
				read, known, _ := s.profiles.of(ctx, caller)
				if who = &read; !known {
					return nil
				}
			}
			if who.Personalization == documents.Off {
				list.Person = uuid.Nil
			}
		default:
			continue
		}
		s.shown.note(list, report)
	}
	return nil
}

func checkReports(reports []Report) error {
	var wrong booking.FieldErrors
	if len(reports) == 0 || len(reports) > mostReports {
		wrong.Add("lists", "Report of 1 to %d lists at a time.", mostReports)
	}
	for _, r := range reports {
		if r.ListID == "" || len(r.ListID) > longestID {
			wrong.Add("list_id", "Write the list_id of a list of recommendations.")
		}
		if len(r.Seen) > mostOfReport || len(r.Opened) > mostOfReport {
			wrong.Add("seen", "Name at most %d movies of a list.", mostOfReport)
		}
	}
	return wrong.Err()
}

// note makes events. What was opened was in view, too.
func (s *shown) note(list documents.List, report Report) {
	now := time.Now()
	seen, opened := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, id := range report.Seen {
		seen[id] = true
	}
	for _, id := range report.Opened {
		seen[id], opened[id] = true, true
	}
	for i, item := range list.Items {
		if !seen[item.Film] {
			continue
		}
		e := documents.Event{
			ID:   documents.EventID(documents.KindImpression, list.ID, item.Film.String()),
			Kind: documents.KindImpression, At: now, Person: list.Person, City: list.City, Film: item.Film,
			EventFacts: documents.EventFacts{List: list.ID, Position: i + 1, Propensity: item.Propensity, Model: list.Model},
		}
		s.sink.Add(e)
		if opened[item.Film] {
			e.Kind, e.ID = documents.KindClick, documents.EventID(documents.KindClick, list.ID, item.Film.String())
			s.sink.Add(e)
		}
	}
}
