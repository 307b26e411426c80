// Package office sells seats of theaters whose system is in the manner of a ticket office:
// XML packets by POST to one address, usually of the theater's own server, with HTTP Basic.
// Each packet is answered with HTTP 200 and a status of its own, 0 for success. The office
// gives an order a temporary number and keeps our reference in it; it confirms once and
// refuses a repeat, cannot make a hold longer, and does not say when one ends: that is a
// setting of the site. Its times are local, and so is the name of the zone, which may be one
// of Windows.
//
// No contract of such a system is public. This is the shape that production code for several
// of them shares; a real one differs in the names of packets.go and the numbers of errors.go.
//
// What does not live here: when to ask again, and what a booking does with the answers.
package office

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Name is the adapter's name in a theater's settings.
const Name = "office"

// Options say which theater is spoken to, and how.
type Options struct {
	// Address takes the packets, for example https://tickets.example:2235/packets.
	Address  string
	User     string
	Password string
	// HoldFor is how long the site is set to keep a temporary reservation.
	HoldFor time.Duration
	// HTTP makes the connections; nil is a client of the adapter's own. Redirects are never
	// followed.
	HTTP *http.Client
	// Timeout bounds one packet whose sender is more patient; default 30 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
}

// House is one theater.
type House struct {
	client  *client
	holdFor time.Duration
	log     *slog.Logger
}

// New checks the options, names every problem at once, and sends nothing.
func New(o Options) (*House, error) {
	if err := check(o); err != nil {
		return nil, fmt.Errorf("ticket office: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &House{client: newClient(o), holdFor: o.HoldFor, log: o.Logger}, nil
}

func check(o Options) error {
	var problems []error
	address, err := url.Parse(o.Address)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		problems = append(problems, fmt.Errorf("address %q is not an absolute URL", o.Address))
	} else if address.User != nil {
		problems = append(problems, errors.New("the address has a user: give it and the password as settings of their own"))
	}
	if o.User == "" {
		problems = append(problems, errors.New("no user"))
	}
	if o.Password == "" {
		problems = append(problems, errors.New("no password"))
	}
	if o.Timeout < 0 {
		problems = append(problems, errors.New("the timeout is negative"))
	}
	if o.HoldFor < time.Minute || o.HoldFor > 24*time.Hour {
		problems = append(problems, fmt.Errorf("a reservation is kept for 1 minute to 24 hours, not %s", o.HoldFor))
	}
	return errors.Join(problems...)
}

// Name tells the adapter's name.
func (h *House) Name() string { return Name }
