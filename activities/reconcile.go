package activities

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// Comparison holds our books against what a provider has. Days are in UTC.
type Comparison interface {
	// Compare says what a provider's states and our books do not agree on.
	Compare(ctx context.Context, provider string, states []booking.PaymentState) ([]booking.Finding, error)
	// Unknown is the finding that the provider does not have a payment of ours. Code: not_found.
	Unknown(ctx context.Context, provider, reference string) (booking.Finding, error)
	// Begin notes that a reconciliation of a day runs.
	Begin(ctx context.Context, provider string, day time.Time) error
	// Listed notes that the provider's list of a day has these payments.
	Listed(ctx context.Context, provider string, day time.Time, states []booking.PaymentState) error
	// Moved notes which payments of ours moved on a day, and of which released money is to be
	// back by now, and counts those not listed.
	Moved(ctx context.Context, provider string, day time.Time) (unlisted int, err error)
	// Unlisted gives a page of those, in the order of their references.
	Unlisted(ctx context.Context, provider string, day time.Time, after string, limit int) ([]string, error)
	// Finish notes what the reconciliation of a day has looked at, and deletes its notes.
	Finish(ctx context.Context, provider string, day time.Time, looked booking.Comparison) error
	// Report stores findings and alerts staff, each once, and says how many are new.
	Report(ctx context.Context, day time.Time, run string, findings []booking.Finding) (fresh int, err error)
	// Untold are findings of payments that were to be recorded and of which no run has noted
	// that they were: their bookings' workflows may not know.
	Untold(ctx context.Context, provider string, references []string) ([]booking.Finding, error)
	// CameBack notes of which payments all released money is back by now, and resolves the
	// alerts that it was not.
	CameBack(ctx context.Context, provider string, states []booking.PaymentState) (back int, err error)
	// Healed notes what was done about findings of a payment.
	Healed(ctx context.Context, provider, reference string, heal booking.Healing, findings []booking.Finding) error
}

// Movements tells the workflows of bookings that money moved at a provider.
type Movements interface {
	// Moved tells a booking's workflow; one that has ended is told by the workflow that acts
	// for it when a bank has taken the money back. A repeat changes nothing.
	Moved(ctx context.Context, bookingID string, state booking.PaymentState, policy booking.Policy) error
}

// Reconciliation are the activities that compare a provider's list with our books.
type Reconciliation struct {
	// Payments are asked for single payments, and record.
	Payments *Payments
	// Listers are the providers that list their payments.
	Listers map[string]PaymentLister
	Books   Comparison
	Told    Movements
	// BeatEvery is how often a call that waits for a provider gives a sign of life; default
	// 10 seconds.
	BeatEvery time.Duration
}

// unhurried calls a provider for as long as it takes, with signs of life. The call does not go
// through the vendor's guard: a list of thousands is slow, and that must not make the provider
// ill for customers who pay.
func (r *Reconciliation) unhurried(ctx context.Context, call func() error) error {
	stop := r.beat(ctx)
	defer stop()
	return call()
}

// beat gives signs of life until it is stopped.
func (r *Reconciliation) beat(ctx context.Context) (stop func()) {
	ticker, done := time.NewTicker(cmp.Or(r.BeatEvery, 10*time.Second)), make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		for {
			select {
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			case <-done:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(done)
		beating.Wait()
	}
}

// ListPageRequest asks for one page of a provider's list of a day.
type ListPageRequest struct {
	Provider string    `json:"provider"`
	Day      time.Time `json:"day"` // its beginning, in UTC
	Cursor   string    `json:"cursor,omitempty"`
}

// ListedPage is what came of a page.
type ListedPage struct {
	Payments int `json:"payments"`
	// Suspects are the payments that do not agree with our books, or that an earlier run did
	// not finish with.
	Suspects []string `json:"suspects,omitempty"`
	Next     string   `json:"next,omitempty"` // empty on the last page
}

// ListPage compares a page of the provider's list with our books. What differs is only a
// suspect: a step that is under way may be in one of both alone.
func (r *Reconciliation) ListPage(ctx context.Context, req ListPageRequest) (ListedPage, error) {
	lister, ok := r.Listers[req.Provider]
	if !ok {
		// As in Payments.do: another worker may have the keys.
		return ListedPage{}, toTemporal(ctx, booking.E(booking.CodeProviderUnavailable, "This worker has no list of %q.", req.Provider))
	}
	if req.Cursor == "" {
		if err := r.Books.Begin(ctx, req.Provider, req.Day); err != nil {
			return ListedPage{}, toTemporal(ctx, err)
		}
	}
	var page booking.PaymentPage
	err := r.unhurried(ctx, func() (err error) {
		page, err = lister.ListPayments(ctx, booking.PaymentSpan{From: req.Day, Until: req.Day.AddDate(0, 0, 1), Cursor: req.Cursor})
		return err
	})
	if err != nil {
		return ListedPage{}, toTemporal(ctx, err)
	}
	activity.RecordHeartbeat(ctx)
	if err := r.Books.Listed(ctx, req.Provider, req.Day, page.Payments); err != nil {
		return ListedPage{}, toTemporal(ctx, err)
	}
	if _, err := r.Books.CameBack(ctx, req.Provider, page.Payments); err != nil {
		return ListedPage{}, toTemporal(ctx, err)
	}
	findings, err := r.Books.Compare(ctx, req.Provider, page.Payments)
	if err != nil {
		return ListedPage{}, toTemporal(ctx, err)
	}
	references := make([]string, len(page.Payments))
	for i, one := range page.Payments {
		references[i] = one.Reference
	}
	untold, err := r.Books.Untold(ctx, req.Provider, references)
	if err != nil {
		return ListedPage{}, toTemporal(ctx, err)
	}
	findings = append(findings, untold...)
	result := ListedPage{Payments: len(page.Payments), Next: page.Next}
	seen := map[string]bool{}
	for _, f := range findings {
		if !seen[f.Reference] {
			seen[f.Reference] = true
			result.Suspects = append(result.Suspects, f.Reference)
		}
	}
	return result, nil
}

// ReconciledDay is a provider's day.
type ReconciledDay struct {
	Provider string    `json:"provider"`
	Day      time.Time `json:"day"`
}

// CountUnlisted notes which payments of ours moved on the day, and counts those that the
// provider's list lacks.
func (r *Reconciliation) CountUnlisted(ctx context.Context, of ReconciledDay) (int, error) {
	unlisted, err := r.Books.Moved(ctx, of.Provider, of.Day)
	return unlisted, toTemporal(ctx, err)
}

// UnlistedRequest asks for a page of the payments that the provider's list lacks.
type UnlistedRequest struct {
	ReconciledDay
	After string `json:"after,omitempty"`
	Limit int    `json:"limit"`
}

// FindUnlisted gives a page of the payments that the provider's list lacks.
func (r *Reconciliation) FindUnlisted(ctx context.Context, req UnlistedRequest) ([]string, error) {
	references, err := r.Books.Unlisted(ctx, req.Provider, req.Day, req.After, req.Limit)
	return references, toTemporal(ctx, err)
}

// DoneRequest is a day that was compared, and what was looked at.
type DoneRequest struct {
	ReconciledDay
	Looked booking.Comparison `json:"looked"`
}

// ForgetList notes that a reconciliation is done, and deletes its notes. Its name stays: it is
// in the histories of workflows that run.
func (r *Reconciliation) ForgetList(ctx context.Context, done DoneRequest) error {
	return toTemporal(ctx, r.Books.Finish(ctx, done.Provider, done.Day, done.Looked))
}

// ExamineRequest asks to look at payments one by one.
type ExamineRequest struct {
	ReconciledDay
	References []string `json:"references"`
	// Run is stored with what is found.
	Run string `json:"run"`
	// Policy is for the workflows that a finding starts.
	Policy booking.Policy `json:"policy"`
}

// Examined is what was found.
type Examined struct {
	Findings []booking.Finding `json:"findings,omitempty"`
	// New is how many of them no run had found before.
	New int `json:"new"`
	// Late are payments whose money has to go back.
	Late []booking.PaymentState `json:"late,omitempty"`
}

// Examine asks the provider for each payment, compares it with our books, reports what
// differs, and records what is proved to be ours. A repeat finds what is left.
func (r *Reconciliation) Examine(ctx context.Context, req ExamineRequest) (Examined, error) {
	var result Examined
	for _, reference := range req.References {
		if err := r.examine(ctx, req, reference, &result); err != nil {
			return result, toTemporal(ctx, err)
		}
		activity.RecordHeartbeat(ctx, reference)
	}
	return result, nil
}

func (r *Reconciliation) examine(ctx context.Context, req ExamineRequest, reference string, result *Examined) error {
	state, found, err := r.look(ctx, req.Provider, reference)
	if err != nil {
		return err
	}
	missed, late := apart(found)
	if err := r.report(ctx, req, missed, result); err != nil {
		return err
	}
	if wants(missed, booking.HealRecord) {
		state.BookingID = missed[0].BookingID
		if err := r.Payments.Books.Record(ctx, state); err != nil {
			return err
		}
		// With the payment in the books it may be what the booking was sold for.
		if found, err = r.Books.Compare(ctx, req.Provider, []booking.PaymentState{state}); err != nil {
			return err
		}
		_, late = apart(found)
	}
	if err := r.tell(ctx, req, state, missed, len(late) > 0); err != nil {
		return err
	}
	if len(late) > 0 {
		state.BookingID = late[0].BookingID
		result.Late = append(result.Late, state)
	}
	return r.report(ctx, req, late, result)
}

func (r *Reconciliation) report(ctx context.Context, req ExamineRequest, findings []booking.Finding, result *Examined) error {
	fresh, err := r.Books.Report(ctx, req.Day, req.Run, findings)
	result.Findings, result.New = append(result.Findings, findings...), result.New+fresh
	return err
}

// tell lets the booking's workflow know what was recorded, as a webhook would, and notes it. A
// try that recorded and then failed leaves no difference: the findings that it has reported,
// and not noted as healed, say that the workflow is still to be told. Of money that goes back
// the late payment's workflow tells.
func (r *Reconciliation) tell(ctx context.Context, req ExamineRequest, state booking.PaymentState, missed []booking.Finding, goesBack bool) error {
	if state.Reference == "" {
		return nil // the provider does not have it
	}
	recorded, err := r.Books.Untold(ctx, req.Provider, []string{state.Reference})
	if err != nil {
		return err
	}
	recorded = slices.DeleteFunc(recorded, func(f booking.Finding) bool { return isAmong(missed, f) })
	for _, f := range missed {
		if f.Heal == booking.HealRecord {
			recorded = append(recorded, f)
		}
	}
	if len(recorded) == 0 {
		return nil
	}
	if !goesBack {
		state.BookingID = recorded[0].BookingID
		if err := r.Told.Moved(ctx, state.BookingID, state, req.Policy); err != nil {
			return err
		}
	}
	return r.Books.Healed(ctx, req.Provider, state.Reference, booking.HealRecord, recorded)
}

// isAmong tells whether a finding was made now, too.
func isAmong(found []booking.Finding, f booking.Finding) bool {
	return slices.ContainsFunc(found, func(now booking.Finding) bool { return now.Kind == f.Kind && now.Once == f.Once })
}

// apart divides findings into what was missed and what goes back.
func apart(findings []booking.Finding) (missed, late []booking.Finding) {
	for _, f := range findings {
		if f.Heal == booking.HealGiveBack {
			late = append(late, f)
		} else {
			missed = append(missed, f)
		}
	}
	return missed, late
}

// look compares one payment, as it is now.
func (r *Reconciliation) look(ctx context.Context, name, reference string) (state booking.PaymentState, found []booking.Finding, err error) {
	provider, ok := r.Payments.Providers[name]
	if !ok {
		return state, nil, booking.E(booking.CodeValidation, "There is no payment provider %q.", name)
	}
	err = r.unhurried(ctx, func() (err error) {
		state, err = provider.Get(ctx, reference)
		return err
	})
	if booking.CodeOf(err) == booking.CodeNotFound {
		finding, err := r.Books.Unknown(ctx, name, reference)
		if booking.CodeOf(err) == booking.CodeNotFound {
			return state, nil, nil // neither has it any more
		}
		return state, []booking.Finding{finding}, err
	}
	if err != nil {
		return state, nil, err
	}
	if _, err = r.Books.CameBack(ctx, name, []booking.PaymentState{state}); err != nil {
		return state, nil, err
	}
	found, err = r.Books.Compare(ctx, name, []booking.PaymentState{state})
	return state, found, err
}

// GivenBackRequest is a payment whose money was handed to the workflow of late payments.
type GivenBackRequest struct {
	Provider  string            `json:"provider"`
	Reference string            `json:"reference"`
	Findings  []booking.Finding `json:"findings"`
}

// NoteGivenBack notes that the money of a payment goes back.
func (r *Reconciliation) NoteGivenBack(ctx context.Context, req GivenBackRequest) error {
	return toTemporal(ctx, r.Books.Healed(ctx, req.Provider, req.Reference, booking.HealGiveBack, req.Findings))
}

func wants(findings []booking.Finding, heal booking.Healing) bool {
	for _, f := range findings {
		if f.Heal == heal {
			return true
		}
	}
	return false
}
