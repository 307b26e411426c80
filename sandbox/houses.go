package sandbox

import (
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/sandbox/house"
)

// vendorHouse are the systems of theaters, in package house.
const vendorHouse = "house"

// houseFaults asks the switches for a call to a theater's system. The operation has the site
// behind it, so that one site's faults leave the others alone.
func (s *Server) houseFaults(site, operation string) house.Strike {
	hit := s.faults.match(s.store, vendorHouse, operation+"@"+site, false)
	return house.Strike{Wait: hit.Wait, Status: hit.Status, Done: hit.Done, Kinds: hit.House}
}

func (h *faultHit) strikeHouse(f *fault, length time.Duration) {
	if h.House == nil {
		h.House = map[string]house.StrikeDetail{}
	}
	h.House[f.Fault] = house.StrikeDetail{Length: length, Polls: f.Polls}
}

// at tells whether the fault is for the site of the operation.
func (f *fault) at(operation string) bool {
	return f.Site == "" || strings.HasSuffix(operation, "@"+f.Site)
}
