// Package hoarding says what holds may cost seats: how many a customer has without paying, and
// how long one waits whose holds ended unpaid (OWASP OAT-021; docs/hoarding.md).
//
// What does not live here: the counting, which the database does in the transaction that claims
// the seats (schema/functions/hoarding.sql).
package hoarding

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/networks"
)

// Limits are the numbers. A number of seats or holds that is 0 is no limit.
type Limits struct {
	// Seats is how many unpaid seats a customer, or a device, has at a time; OfShow, of one
	// show.
	Seats, OfShow int
	// SeatsUnproved and HoldsUnproved are those of a customer who has neither proved the e-mail
	// address nor bought a ticket.
	SeatsUnproved, HoldsUnproved int
	// OfNetwork is how many unpaid seats customers who have bought nothing yet have at a time
	// from one network. LeastOfNetwork is what holds that end unpaid leave of it.
	OfNetwork, LeastOfNetwork int
	// Free is how many holds may end unpaid within Memory; Waits is what each one more costs,
	// the last one for all that follow. Without Waits it costs nothing.
	Free   int
	Waits  []time.Duration
	Memory time.Duration
}

const (
	// small is how many holds that were let go within a minute, or declined payments, count as
	// one unpaid hold.
	small = 3
	// unlimited is more seats than any house has.
	unlimited = 1 << 30
	// steps is after how many unpaid holds beyond the free ones nothing gets worse, if there
	// are no more waits than that.
	steps = 6
	// leastSeats stay to everyone: two people who want to see a movie.
	leastSeats = 2
	// keySize is what a key has of its HMAC: enough for no two clients to meet.
	keySize = 16
)

// Step is what a customer may have after so many unpaid holds beyond the free ones.
func (l Limits) Step(beyond int) booking.HoldStep {
	step := booking.HoldStep{Seats: orNone(l.Seats), Unproved: orNone(l.SeatsUnproved)}
	if beyond <= 0 || len(l.Waits) == 0 {
		return step
	}
	step.Wait = int(l.Waits[min(beyond, len(l.Waits))-1].Seconds())
	step.Seats, step.Unproved = halved(l.Seats, beyond), halved(l.SeatsUnproved, beyond)
	return step
}

// halved is a limit after so many halvings.
func halved(seats, times int) int {
	if seats == 0 {
		return unlimited
	}
	return max(seats>>min(times, steps), min(seats, leastSeats))
}

func orNone(limit int) int {
	if limit == 0 {
		return unlimited
	}
	return limit
}

// Guard makes the rules of holds. Nil has none.
type Guard struct {
	rules  booking.HoldRules
	secret []byte
}

// New makes a guard. Processes with one secret know clients by the same keys.
func New(limits Limits, secret []byte) *Guard {
	g := &Guard{secret: secret, rules: booking.HoldRules{
		Memory: int(limits.Memory.Seconds()), Free: limits.Free, Small: small,
		Holds: orNone(limits.HoldsUnproved), OfShow: orNone(limits.OfShow),
		Network: orNone(limits.OfNetwork), NetworkLeast: orNone(limits.LeastOfNetwork),
	}}
	for beyond := range max(len(limits.Waits), steps) + 1 {
		g.rules.Steps = append(g.rules.Steps, limits.Step(beyond))
	}
	return g
}

// Memory is how long a device is remembered.
func (g *Guard) Memory() time.Duration { return time.Duration(g.rules.Memory) * time.Second }

// Rules are those of a request: from a device, empty without one, and an address.
func (g *Guard) Rules(device string, from netip.Addr) *booking.HoldRules {
	if g == nil {
		return nil
	}
	rules := g.rules
	if device != "" {
		rules.Device = g.Key("device", device)
	}
	rules.Networks = []booking.HoldNetwork{}
	for _, network := range networks.Of(from) {
		rules.Networks = append(rules.Networks, booking.HoldNetwork{Key: g.Key("network", network.String()), Share: network.Share})
	}
	return &rules
}

// Key is the name of a client where names are kept: an HMAC in hex.
func (g *Guard) Key(kind, name string) string {
	mac := hmac.New(sha256.New, g.secret)
	mac.Write([]byte(kind + "\n" + name))
	return hex.EncodeToString(mac.Sum(nil)[:keySize])
}

// CardKey names a card by its fingerprint at the provider; nil names none.
func (g *Guard) CardKey(fingerprint string) string {
	if g == nil || fingerprint == "" {
		return ""
	}
	return g.Key("card", fingerprint)
}
