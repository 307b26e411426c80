package house

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Books are what all sites know. Each method is one transaction.
type Books struct {
	db *bbolt.DB

	mu        sync.Mutex
	snapshots map[string]Taken // of the cached answers about seats, by site and show
}

// OpenBooks takes a database that has the Buckets.
func OpenBooks(db *bbolt.DB) *Books {
	return &Books{db: db, snapshots: map[string]Taken{}}
}

// Site is a simulated theater.
type Site struct {
	ID string `json:"id"`
	Settings
	// Version counts the changes of the program. Each show has the version of its last one.
	Version int64 `json:"version"`
	// Oldest is the first version whose changes the site still tells.
	Oldest int64 `json:"oldest,omitempty"`
	// Advanced is how far the site's time is ahead of ours, and Offset how far its clocks
	// are wrong: what they show is neither.
	Advanced time.Duration `json:"advanced"`
	Offset   time.Duration `json:"offset"`
}

// now is the time at the site.
func (s *Site) now() time.Time { return time.Now().UTC().Add(s.Advanced) }

// zone is where the site is.
func (s *Site) zone() *time.Location {
	zone, err := time.LoadLocation(s.TimeZone) // PUT has checked it
	if err != nil {
		return time.UTC
	}
	return zone
}

func (s *Site) screen(id string) Screen {
	i := slices.IndexFunc(s.Screens, func(one Screen) bool { return one.ID == id })
	if i < 0 {
		return Screen{ID: id, Name: id}
	}
	return s.Screens[i]
}

// Kind says why the books refuse.
type Kind string

// The kinds of refusals.
const (
	NoSite           Kind = "no_site"
	NoShow           Kind = "no_show"
	NotOnSale        Kind = "not_on_sale"   // cancelled, or too late
	SeatsTaken       Kind = "seats_taken"   // Refusal.Seats
	NoSuchSeat       Kind = "no_such_seat"  // Refusal.Seats
	HalfPair         Kind = "half_pair"     // half a sofa; Refusal.Seats
	PriceChanged     Kind = "price_changed" // what the client wants to pay is not the price
	NoOrder          Kind = "no_order"      // unknown
	HoldOver         Kind = "hold_over"     // released, or its end has passed
	AlreadySold      Kind = "already_sold"  // the order comes with the refusal
	Completing       Kind = "completing"    // the sale is not decided; the order comes, too
	NotSold          Kind = "not_sold"      // a hold cannot be refunded
	AlreadyCancelled Kind = "already_cancelled"
	TooLate          Kind = "too_late" // to cancel
	Duplicate        Kind = "duplicate"
	Forgotten        Kind = "forgotten" // a version of the program that is too old
	Failed           Kind = "failed"    // the fault of this name: nothing was done
)

// Refusal is an answer of the books that is no success.
type Refusal struct {
	Kind Kind
	// Seats are the seats it is about.
	Seats []string
}

// Error implements error.
func (r *Refusal) Error() string {
	if len(r.Seats) > 0 {
		return fmt.Sprintf("house: %s %v", r.Kind, r.Seats)
	}
	return "house: " + string(r.Kind)
}

func refuse(kind Kind, seats ...string) error { return &Refusal{Kind: kind, Seats: seats} }

// PutSite makes a site, or gives it other settings; shows for its days that it does not have
// are added. Shows that it has stay, with all that is held and sold. The settings have to be
// complete.
func (b *Books) PutSite(id string, settings Settings) (Site, error) {
	var site Site
	err := b.db.Update(func(t *bbolt.Tx) error {
		known, err := get[Site](t, bucketSites, id)
		if err != nil {
			return err
		}
		site = Site{ID: id, Settings: settings}
		if known != nil {
			site.Version, site.Advanced, site.Offset = known.Version, known.Advanced, known.Offset
			site.Oldest = known.Oldest
		}
		if err := addDays(t, &site, settings.Days); err != nil {
			return err
		}
		return put(t, bucketSites, id, site)
	})
	return site, err
}

// Site gives a site. Kind: NoSite.
func (b *Books) Site(id string) (Site, error) {
	var site Site
	err := b.db.View(func(t *bbolt.Tx) error {
		found, err := siteIn(t, id)
		if err == nil {
			site = *found
		}
		return err
	})
	return site, err
}

// Sites lists the ids of all sites.
func (b *Books) Sites() ([]string, error) {
	var ids []string
	err := b.db.View(func(t *bbolt.Tx) error {
		return t.Bucket(bucketSites).ForEach(func(key, _ []byte) error {
			ids = append(ids, string(key))
			return nil
		})
	})
	return ids, err
}

// SetClock lets time pass at a site, and makes its clocks wrong by offset.
func (b *Books) SetClock(id string, advance, offset time.Duration) error {
	return b.db.Update(func(t *bbolt.Tx) error {
		site, err := siteIn(t, id)
		if err != nil {
			return err
		}
		site.Advanced += advance
		site.Offset = offset
		return put(t, bucketSites, id, site)
	})
}

// ForgetChanges makes every version of the program that was told too old to continue from.
func (b *Books) ForgetChanges(id string) error {
	return b.db.Update(func(t *bbolt.Tx) error {
		site, err := siteIn(t, id)
		if err != nil {
			return err
		}
		site.Version++
		site.Oldest = site.Version
		return put(t, bucketSites, id, site)
	})
}

// readSites are the sites as they were decoded last, with the bytes that they were: a site has
// all of its rooms, and every call needs it. What they hold is never changed in place.
var readSites sync.Map

type readSite struct {
	raw  []byte
	site Site
}

func siteIn(t *bbolt.Tx, id string) (*Site, error) {
	raw := t.Bucket(bucketSites).Get([]byte(id))
	if raw == nil {
		return nil, refuse(NoSite)
	}
	if known, ok := readSites.Load(id); ok {
		if one, ok := known.(readSite); ok && bytes.Equal(one.raw, raw) {
			return &one.site, nil
		}
	}
	site, err := decode[Site](bucketSites, id, raw)
	if err != nil {
		return nil, err
	}
	readSites.Store(id, readSite{bytes.Clone(raw), *site})
	return site, nil
}
