package recommendations

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// Reports say what a person looked at.
type Reports struct {
	Lists []Report `json:"lists"`
	// Viewed are movies whose pages were opened.
	Viewed []uuid.UUID `json:"viewed"`
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
func (s *Service) Report(ctx context.Context, caller uuid.UUID, reports Reports) error {
	if err := reports.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	s.noteViews(ctx, caller, reports.Viewed)
	var who *documents.Profile
	for _, report := range reports.Lists {
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

func (r Reports) check() error {
	var wrong booking.FieldErrors
	if len(r.Lists)+len(r.Viewed) == 0 || len(r.Lists) > mostReports {
		wrong.Add("lists", "Report of 1 to %d lists at a time, or of pages in viewed.", mostReports)
	}
	if len(r.Viewed) > mostOfReport {
		wrong.Add("viewed", "Name at most %d movies.", mostOfReport)
	}
	for _, r := range r.Lists {
		if r.ListID == "" || len(r.ListID) > longestID {
			wrong.Add("list_id", "Write the list_id of a list of recommendations.")
		}
		if len(r.Seen) > mostOfReport || len(r.Opened) > mostOfReport {
			wrong.Add("seen", "Name at most %d movies of a list.", mostOfReport)
		}
	}
	return wrong.Err()
}

// noteViews notes pages of movies that a person opened, once a day each. Of visitors, and of people
// who want no personalization, nothing is noted.
func (s *Service) noteViews(ctx context.Context, caller uuid.UUID, viewed []uuid.UUID) {
	if caller == uuid.Nil || len(viewed) == 0 {
		return
	}
	profile, known, _ := s.profiles.of(ctx, caller)
	if !known || profile.Personalization == documents.Off {
		return
	}
	there, err := s.because(ctx, viewed)
	if err != nil {
		s.shown.log.Error("pages that were opened are not noted", "error", err)
		return
	}
	now := time.Now()
	for id := range there {
		s.shown.sink.Add(documents.Event{
			ID:   documents.EventID(documents.KindView, caller.String(), id.String(), documents.DayOf(now).String()),
			Kind: documents.KindView, At: now, Person: caller, Film: id,
		})
	}
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
