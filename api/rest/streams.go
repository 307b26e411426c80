package rest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/networks"
)

// StreamLimits bound event streams.
type StreamLimits struct {
	// Most is how many are open at a time. PerAddress is the limit of one address, which a
	// whole campus may share, and PerAccount the limit of one account. Default 10,000, 200
	// and 20.
	Most, PerAddress, PerAccount int
	// For is about how long one stream goes on before its client reconnects: then a client
	// that has stopped reading frees its place, and a client of a former release gets the
	// new one. Default an hour.
	For time.Duration
	// Recheck is how often the session of a watcher who signed in is looked at again: that
	// of staff. Of customers, who are many, a twentieth of that. Default each heartbeat.
	Recheck time.Duration
}

// customersRecheck is how many times longer a customer's stream goes on unchecked. With a
// heartbeat of 15 s it is five minutes: less than an access token lives.
const customersRecheck = 20

func (l StreamLimits) withDefaults() StreamLimits {
	return StreamLimits{
		Most:       cmp.Or(l.Most, 10_000),
		PerAddress: cmp.Or(l.PerAddress, 200),
		PerAccount: cmp.Or(l.PerAccount, 20),
		For:        cmp.Or(l.For, time.Hour),
		Recheck:    cmp.Or(l.Recheck, HeartbeatEvery),
	}
}

// streamPlaces counts the open event streams: all of them, and those of each
// client, so that one cannot take them all. A client is the address it comes from
// and, where it has to sign in, its account.
type streamPlaces struct {
	StreamLimits

	mu   sync.Mutex
	open int
	by   map[streamClient]int
}

// streamClient is an address or an account.
type streamClient struct {
	address netip.Prefix
	account string
}

func newStreamPlaces(limits StreamLimits) *streamPlaces {
	return &streamPlaces{StreamLimits: limits, by: map[streamClient]int{}}
}

// quota is what one kind of client may have open at a time.
type quota struct {
	name   string
	client streamClient
	most   int
	refuse string
}

func (p *streamPlaces) quotas(address netip.Addr, account string) []quota {
	var all []quota
	for i, n := range networks.Of(address) {
		name := "address"
		if i > 0 {
			name = fmt.Sprintf("network-%d", n.Bits())
		}
		all = append(all, quota{name, streamClient{address: n.Prefix}, p.PerAddress * n.Share,
			"Too many streams are open from your network: %d at a time. Close some, or try again later."})
	}
	if account != "" {
		all = append(all, quota{"account", streamClient{account: account}, p.PerAccount,
			"Your account has too many streams open: %d at a time. Close some, or try again later."})
	}
	return all
}

// take takes a place, which leave gives back. It says in the header what the client
// may have (draft-ietf-httpapi-ratelimit-headers). Codes: unavailable when all
// places are taken, too_many_streams when only this client does not.
func (p *streamPlaces) take(header http.Header, address netip.Addr, account string) (leave func(), err error) {
	quotas := p.quotas(address, account)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range quotas {
		header.Add("RateLimit-Policy", fmt.Sprintf(`"streams-per-%s";q=%d;qu="concurrent-requests"`, q.name, q.most))
		header.Add("RateLimit", fmt.Sprintf(`"streams-per-%s";r=%d`, q.name, max(q.most-p.by[q.client]-1, 0)))
		if err == nil && p.by[q.client] >= q.most {
			err = booking.E(codeTooManyStreams, q.refuse, q.most)
		}
	}
	if err == nil && p.open >= p.Most {
		err = booking.E(booking.CodeUnavailable, "Too many people are watching right now. Try again shortly.")
	}
	if err != nil {
		return nil, err
	}
	p.open++
	for _, q := range quotas {
		p.by[q.client]++
	}
	return sync.OnceFunc(func() { p.leave(quotas) }), nil
}

func (p *streamPlaces) leave(quotas []quota) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	for _, q := range quotas {
		if p.by[q.client]--; p.by[q.client] == 0 {
			delete(p.by, q.client)
		}
	}
}
