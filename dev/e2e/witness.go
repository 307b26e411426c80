package e2e

import (
	"fmt"
	"sync"

	"github.com/boxoffice/boxoffice/booking"
)

// witness remembers the answers that customers got: an acknowledged booking must stay, and
// a shown end must not change.
type witness struct {
	mu   sync.Mutex
	seen map[string]*Sighting
}

// Sighting is what a customer was shown of one booking.
type Sighting struct {
	ID       string
	ShowID   string
	Customer *Customer
	// End is the first terminal status that was shown, empty before that.
	End booking.Status
	// Revived says what was shown after the end, empty as it should be.
	Revived string
}

func newWitness() *witness { return &witness{seen: map[string]*Sighting{}} }

// saw notes what a customer was shown. No witness notes nothing.
func (w *witness) saw(c *Customer, b booking.Booking) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.seen[b.ID]
	if !ok {
		known = &Sighting{ID: b.ID, ShowID: b.Show.ID, Customer: c}
		w.seen[b.ID] = known
	}
	switch {
	case known.End == "" && b.Status.Terminal():
		known.End = b.Status
	case known.End != "" && known.End != b.Status:
		known.Revived = fmt.Sprintf("was %s, then %s (version %d)", known.End, b.Status, b.Version)
	}
}

// of lists what was told about some shows; of all when none is named.
func (w *witness) of(shows []string) []Sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []Sighting
	for _, s := range w.seen {
		if within(shows, s.ShowID) {
			found = append(found, *s)
		}
	}
	return found
}
