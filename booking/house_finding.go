package booking

// HouseFinding is one sale on which a house's books and ours do not agree.
type HouseFinding struct {
	Kind HouseFindingKind `json:"kind"`
	// Sale is HouseOrder.Key or, where the house does not give it back, its own id of the sale.
	Sale   string `json:"sale"`
	ShowID string `json:"show_id"`
	// BookingID is empty for an orphan.
	BookingID string `json:"booking_id,omitempty"`
	// Cancel is the order to cancel at the house; nil when nothing is safe to do, or not yet.
	Cancel *HouseOrder `json:"cancel,omitempty"`
	// Alert is what staff are told. It has no kind while it is too early to tell them.
	Alert Alert `json:"alert"`
}

// HouseFindingKind says what differs.
type HouseFindingKind string

// The kinds: sold there and no booking here; sold here and not there; sold here and cancelled
// there; in seats or total.
const (
	HouseOrphan  HouseFindingKind = "orphan"
	HouseMissing HouseFindingKind = "missing"
	HouseUndone  HouseFindingKind = "cancelled"
	HouseDiffers HouseFindingKind = "differs"
)

// HouseListed is a show of a house, by both names.
type HouseListed struct {
	ShowID string `json:"show_id"`
	Show   string `json:"show"` // the house's own id
}

// HouseApplied is what came of a part of a house's program.
type HouseApplied struct {
	Listed     int `json:"listed"`
	Added      int `json:"added"`
	Changed    int `json:"changed"`
	Stopped    int `json:"stopped"`    // not sold any more
	Unsellable int `json:"unsellable"` // that cannot be mapped; staff have an alert
	// Changes are cancelled and moved shows. Their bookings must be told, which the workflows
	// of show changes do; the show itself is changed there. Until then it is not sold.
	Changes []ShowChangeRequest `json:"changes,omitempty"`
}

// Add adds what came of another part.
func (a *HouseApplied) Add(other HouseApplied) {
	a.Listed += other.Listed
	a.Added += other.Added
	a.Changed += other.Changed
	a.Stopped += other.Stopped
	a.Unsellable += other.Unsellable
	a.Changes = append(a.Changes, other.Changes...)
}
