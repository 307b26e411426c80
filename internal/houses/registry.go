package houses

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// lookEvery is how long the settings of a house are used before they are read again.
const lookEvery = time.Second

// client is a house that can be asked.
type client[C, V any] struct {
	Settings

	house C
	// guard is the house's own: another house that fails does not concern it.
	guard V
}

// Registry has a client and a guard for each house. They are made when the house is asked for
// first, and again when its settings have changed. C is the port of a house, and V that of a
// guard.
type Registry[C, V any] struct {
	store   settingsReader
	options RegistryOptions[C, V]

	mu    sync.Mutex
	known map[string]*kept[C, V]
}

type settingsReader interface {
	House(ctx context.Context, theaterID string) (Settings, error)
}

// kept is one house. Its mutex makes callers at the same moment read once.
type kept[C, V any] struct {
	mu     sync.Mutex
	client *client[C, V]
	looked time.Time
}

// RegistryOptions say how houses are asked.
type RegistryOptions[C, V any] struct {
	// Factories make a client, by the name of the adapter.
	Factories map[string]func(Settings) (C, error)
	// Guard makes the guard of one house.
	Guard func(name string) V
	// Off are the adapters that operators have switched off: their houses sell nothing.
	Off []string
}

// NewRegistry makes a registry over a Store.
func NewRegistry[C, V any](store *Store, o RegistryOptions[C, V]) *Registry[C, V] {
	return newRegistry(store, o)
}

func newRegistry[C, V any](store settingsReader, o RegistryOptions[C, V]) *Registry[C, V] {
	return &Registry[C, V]{store: store, options: o, known: map[string]*kept[C, V]{}}
}

// House gives a house and its guard, paused or not: what has begun goes on to its end. Codes:
// not_found; theater_unavailable when this process cannot make its client.
func (r *Registry[C, V]) House(ctx context.Context, theaterID string) (C, V, error) {
	known, err := r.client(ctx, theaterID, false)
	if err != nil {
		var none client[C, V]
		return none.house, none.guard, err
	}
	return known.house, known.guard, nil
}

// client gives a house with its settings: with now, those that are read after the call began, and
// otherwise those of up to lookEvery ago.
func (r *Registry[C, V]) client(ctx context.Context, theaterID string, now bool) (*client[C, V], error) {
	since := time.Now()
	if !now {
		since = since.Add(-lookEvery)
	}
	r.mu.Lock()
	house, there := r.known[theaterID]
	if !there {
		house = &kept[C, V]{}
		r.known[theaterID] = house
	}
	r.mu.Unlock()

	house.mu.Lock()
	defer house.mu.Unlock()
	if house.client != nil && house.looked.After(since) {
		return house.client, nil
	}
	looked := time.Now()
	settings, err := r.store.House(ctx, theaterID)
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound:
		r.mu.Lock()
		delete(r.known, theaterID) // ids that do not exist must not fill the memory
		r.mu.Unlock()
		return nil, err
	case err != nil && house.client != nil && ctx.Err() == nil && !now:
		return house.client, nil // the settings of a moment ago are better than none
	case err != nil:
		return nil, err
	}
	if house.client == nil || house.client.Version != settings.Version {
		if house.client, err = r.make(settings); err != nil {
			return nil, err
		}
	} else {
		house.client = &client[C, V]{settings, house.client.house, house.client.guard} // paused, or not any more
	}
	house.looked = looked
	return house.client, nil
}

func (r *Registry[C, V]) make(settings Settings) (*client[C, V], error) {
	factory, known := r.options.Factories[settings.Adapter]
	if !known {
		return nil, booking.E(booking.CodeHouseUnavailable, "This worker knows no theater systems of the kind %q.", settings.Adapter)
	}
	house, err := factory(settings)
	if err != nil {
		return nil, booking.E(booking.CodeHouseUnavailable, "The settings of this theater's system are not usable.").Wrap(err)
	}
	return &client[C, V]{settings, house, r.options.Guard("theater-" + settings.TheaterID)}, nil
}

// Selling tells whether operators let a house sell. Codes: those of House; show_not_on_sale,
// with ReasonTheaterPaused, while the house or its adapter is switched off.
func (r *Registry[C, V]) Selling(ctx context.Context, theaterID string) error {
	house, err := r.client(ctx, theaterID, false)
	if err == nil && house.PausedAt != nil {
		// A pause that has just ended must sell at once: only settings of now refuse.
		house, err = r.client(ctx, theaterID, true)
	}
	switch {
	case err != nil:
		return err
	case house.PausedAt != nil, r.Off(house.Adapter):
		return booking.TheaterPaused()
	default:
		return nil
	}
}

// Off tells whether operators have switched an adapter off.
func (r *Registry[C, V]) Off(adapter string) bool { return slices.Contains(r.options.Off, adapter) }

// Ill tells whether this process leaves a house alone at present, because it fails; false for one
// that it has not asked, and for guards that do not tell.
func (r *Registry[C, V]) Ill(theaterID string) bool {
	r.mu.Lock()
	house := r.known[theaterID]
	r.mu.Unlock()
	if house == nil {
		return false
	}
	house.mu.Lock()
	defer house.mu.Unlock()
	if house.client == nil {
		return false
	}
	guard, tells := any(house.client.guard).(interface{ Ill() bool })
	return tells && guard.Ill()
}
