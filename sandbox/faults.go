package sandbox

import (
	"cmp"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/sandbox/house"
)

// The faults that each vendor knows.
var faultKinds = map[string][]string{
	"stripe":    {"latency", "error", "reply_lost"},
	"sendgrid":  {"latency", "error", "reply_lost"},
	"twilio":    {"latency", "error", "reply_lost"},
	"webpush":   {"latency", "error", "reply_lost"},
	"razorpay":  {"latency", "error", "reply_lost"},
	"paypal":    {"latency", "error", "reply_lost"},
	"webhooks":  {"duplicate", "reorder", "delay", "drop"},
	vendorHouse: house.FaultKinds,
}

var faultVendors = []string{"stripe", "razorpay", "paypal", "sendgrid", "twilio", "webpush", "webhooks", vendorHouse}

// fault is one switch that is on.
type fault struct {
	ID          string    `json:"id"`
	Vendor      string    `json:"vendor"`
	Fault       string    `json:"fault"`
	Operation   string    `json:"operation,omitempty"`
	Probability *float64  `json:"probability"`
	Times       int       `json:"times,omitempty"`
	DurationMS  int       `json:"duration_ms,omitempty"`
	JitterMS    int       `json:"jitter_ms,omitempty"`
	Status      int       `json:"status,omitempty"`
	Store       bool      `json:"store,omitempty"`
	Done        bool      `json:"done,omitempty"`
	Copies      int       `json:"copies,omitempty"`
	Site        string    `json:"site,omitempty"`
	Polls       int       `json:"polls,omitempty"`
	ForSeconds  float64   `json:"for_seconds,omitempty"`
	Hits        int       `json:"hits"`
	Active      bool      `json:"active"`
	Created     time.Time `json:"created"`
}

// faultHit is what all faults together do to one call or one webhook.
type faultHit struct {
	Wait     time.Duration
	Status   int  // not 0: answer with this instead
	Store    bool // keep that answer under the idempotency key
	Done     bool // do the operation in spite of the fault
	Lost     bool // do it, and hang up
	Copies   int
	Swap     bool
	SwapHold time.Duration
	Drop     bool
	House    map[string]house.StrikeDetail // faults that only a theater's system has, by kind
}

func (h *faultHit) fails() bool { return h.Status != 0 }

func (h *faultHit) wait(closing <-chan struct{}) {
	if h.Wait <= 0 {
		return
	}
	select {
	case <-time.After(h.Wait):
	case <-closing:
	}
}

// faults are the switches, in memory to be quick and in the store to survive.
type faults struct {
	mu  sync.Mutex
	all []*fault
	log *slog.Logger
}

func loadFaults(s *store, log *slog.Logger) (*faults, error) {
	f := &faults{log: log}
	err := s.view(func(t *tx) error {
		return each(t, bucketFaults, func(_ string, one *fault) (bool, error) {
			f.all = append(f.all, one)
			return true, nil
		})
	})
	return f, err
}

// active is false once a fault has hit often or long enough.
func (f *fault) active(now time.Time) bool {
	if f.Times > 0 && f.Hits >= f.Times {
		return false
	}
	return f.ForSeconds == 0 || now.Sub(f.Created).Seconds() < f.ForSeconds
}

// apply adds the fault to what happens.
func (f *fault) apply(h *faultHit) {
	length := time.Duration(f.DurationMS) * time.Millisecond
	if f.JitterMS > 0 {
		length += time.Duration(rand.IntN(f.JitterMS+1)) * time.Millisecond
	}
	switch f.Fault {
	case "latency", "delay":
		h.Wait += length
	case "error":
		h.Status, h.Store, h.Done = f.Status, h.Store || f.Store, h.Done || f.Done
	case "reply_lost":
		h.Lost = true
	case "duplicate":
		h.Copies = max(h.Copies, f.Copies)
	case "reorder":
		h.Swap, h.SwapHold = true, cmp.Or(length, swapHoldDefault)
	case "drop":
		h.Drop = true
	}
	if f.Vendor == vendorHouse {
		h.strikeHouse(f, length)
	}
}

// roll asks every switch of the vendor and counts the hits.
// A repeat of a call whose answer is stored does not run again, so a fault that
// stores its answer does not strike it.
func (f *faults) roll(vendor, operation string, repeat bool) (*faultHit, []fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hit := &faultHit{}
	var struck []fault
	now := time.Now()
	for _, one := range f.all {
		if one.Vendor != vendor || !strings.HasPrefix(operation, one.Operation) || !one.active(now) || !one.at(operation) {
			continue
		}
		if repeat && one.Store || rand.Float64() >= *one.Probability {
			continue
		}
		one.Hits++
		one.apply(hit)
		struck = append(struck, *one)
	}
	return hit, struck
}

func saveFaults(t *tx, struck []fault) error {
	for _, one := range struck {
		if err := t.put(bucketFaults, one.ID, one); err != nil {
			return err
		}
	}
	return nil
}

// match is for calls, which have no transaction yet.
func (f *faults) match(s *store, vendor, operation string, repeat bool) *faultHit {
	hit, struck := f.roll(vendor, operation, repeat)
	if len(struck) > 0 {
		if err := s.update(func(t *tx) error { return saveFaults(t, struck) }); err != nil {
			f.log.Error("sandbox: count fault", "error", err)
		}
	}
	return hit
}

// matchIn is for webhooks, which are recorded in the call's transaction.
func (f *faults) matchIn(t *tx, vendor, operation string) (*faultHit, error) {
	hit, struck := f.roll(vendor, operation, false)
	return hit, saveFaults(t, struck)
}

func (f *faults) routes(r *mux.Router, s *store) {
	r.HandleFunc("/faults", func(w http.ResponseWriter, req *http.Request) { f.serveAdd(w, req, s) }).Methods("POST")
	r.HandleFunc("/faults", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"faults": f.list()})
	}).Methods("GET")
	r.HandleFunc("/faults", func(w http.ResponseWriter, _ *http.Request) {
		f.serveRemove(w, s, "")
	}).Methods("DELETE")
	r.HandleFunc("/faults/{id}", func(w http.ResponseWriter, req *http.Request) {
		f.serveRemove(w, s, mux.Vars(req)["id"])
	}).Methods("DELETE")
}

func (f *faults) list() []fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]fault, 0, len(f.all))
	for _, one := range f.all {
		shown := *one
		shown.Active = one.active(time.Now())
		out = append(out, shown)
	}
	return out
}

func (f *faults) serveAdd(w http.ResponseWriter, req *http.Request, s *store) {
	var one fault
	if !readJSON(w, req, &one) {
		return
	}
	if field, message := one.complete(); field != "" {
		writeFieldProblem(w, field, message)
		return
	}
	one.ID, one.Created, one.Hits, one.Active = "fault_"+sortableID(), time.Now().UTC(), 0, true
	if err := s.update(func(t *tx) error { return t.put(bucketFaults, one.ID, one) }); err != nil {
		writeResult(w, f.log, nil, err)
		return
	}
	kept := one
	f.mu.Lock()
	f.all = append(f.all, &kept)
	f.mu.Unlock()
	writeJSON(w, http.StatusCreated, one)
}

// serveRemove removes one fault, or all when no id is given.
func (f *faults) serveRemove(w http.ResponseWriter, s *store, id string) {
	f.mu.Lock()
	var gone []string
	f.all = slices.DeleteFunc(f.all, func(one *fault) bool {
		remove := id == "" || one.ID == id
		if remove {
			gone = append(gone, one.ID)
		}
		return remove
	})
	f.mu.Unlock()
	if id != "" && len(gone) == 0 {
		writeProblem(w, http.StatusNotFound, "No such fault: "+id)
		return
	}
	err := s.update(func(t *tx) error {
		for _, id := range gone {
			if err := t.delete(bucketFaults, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		writeResult(w, f.log, nil, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// complete fills in the defaults and names the first field that is wrong.
func (f *fault) complete() (field, message string) {
	kinds, known := faultKinds[f.Vendor]
	switch {
	case !known:
		return "vendor", "must be one of " + strings.Join(faultVendors, ", ")
	case !slices.Contains(kinds, f.Fault):
		return "fault", fmt.Sprintf("must be one of %s for vendor %s", strings.Join(kinds, ", "), f.Vendor)
	case f.Probability != nil && (*f.Probability < 0 || *f.Probability > 1):
		return "probability", "must be between 0 and 1"
	case f.Times < 0:
		return "times", "must not be negative"
	case f.DurationMS < 0 || f.DurationMS > int(time.Hour.Milliseconds()):
		return "duration_ms", "must be between 0 and 3600000"
	case f.JitterMS < 0 || f.JitterMS > int(time.Hour.Milliseconds()):
		return "jitter_ms", "must be between 0 and 3600000"
	case f.ForSeconds < 0:
		return "for_seconds", "must not be negative"
	case (f.Fault == "latency" || f.Fault == "delay") && f.DurationMS+f.JitterMS == 0:
		return "duration_ms", "is required for " + f.Fault
	}
	return f.completeKind()
}

func (f *fault) completeKind() (field, message string) {
	if f.Probability == nil {
		always := 1.0
		f.Probability = &always
	}
	isError, isDuplicate := f.Fault == "error", f.Fault == "duplicate"
	switch {
	case !isError && f.Status != 0:
		return "status", "goes with the fault error only"
	case !isError && (f.Store || f.Done):
		return "store", "store and done go with the fault error only"
	case f.Store && f.Vendor != "stripe":
		return "store", "goes with vendor stripe only: the others know no idempotency keys"
	case !isDuplicate && f.Copies != 0:
		return "copies", "goes with the fault duplicate only"
	case f.Site != "" && f.Vendor != vendorHouse:
		return "site", "goes with vendor house only"
	case f.Polls != 0 && !strings.HasPrefix(f.Fault, "pending") || f.Polls < 0 || f.Polls > 1000:
		return "polls", "must be between 1 and 1000, and goes with the faults pending and pending_fails only"
	}
	if isError {
		f.Status = cmp.Or(f.Status, http.StatusInternalServerError)
		if f.Status < 400 || f.Status > 599 {
			return "status", "must be between 400 and 599"
		}
	}
	if isDuplicate {
		f.Copies = cmp.Or(f.Copies, 2)
		if f.Copies < 2 || f.Copies > 20 {
			return "copies", "must be between 2 and 20"
		}
	}
	return "", ""
}

// forget drops the switches whose records a reset has wiped.
func (f *faults) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = nil
}
