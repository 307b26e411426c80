package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/networks"
)

// streamPlaces counts the open event streams: all of them, and those of each
// client, so that one cannot take them all. A client is the address it comes from
// and, where it has to sign in, its account.
type streamPlaces struct {
	most, perAddress, perAccount int

	mu   sync.Mutex
	open int
	by   map[streamClient]int
}

// streamClient is an address or an account.
type streamClient struct {
	address netip.Prefix
	account string
}

func newStreamPlaces(most, perAddress, perAccount int) *streamPlaces {
	return &streamPlaces{most: most, perAddress: perAddress, perAccount: perAccount, by: map[streamClient]int{}}
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
		all = append(all, quota{name, streamClient{address: n.Prefix}, p.perAddress * n.Share,
			"Too many streams are open from your network: %d at a time. Close some, or try again later."})
	}
	if account != "" {
		all = append(all, quota{"account", streamClient{account: account}, p.perAccount,
			"Your account has too many streams open: %d at a time. Close some, or try again later."})
	}
	return all
}

// take takes a place, which leave gives back. It says in the header what the client
// may have (draft-ietf-httpapi-ratelimit-headers). Codes: unavailable when nobody
// finds a place, too_many_streams when only this client does not.
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
	if err == nil && p.open >= p.most {
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
