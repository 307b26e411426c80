package house

import (
	"strconv"
	"time"
)

const (
	sessionPage = 50 // sessions and bookings of one answer, when the client does not say
	sessionMost = 200
)

// top is how many items the client wants.
func (c *call) top() int {
	n, err := strconv.Atoi(c.request.URL.Query().Get("top"))
	if err != nil || n < 1 {
		return sessionPage
	}
	return min(n, sessionMost)
}

// sessionProgram lists all sessions after an id, or with since=version what changed after it.
func sessionProgram(c *call) (sessionAnswer, error) {
	query := c.request.URL.Query()
	var p page
	var last string
	var err error
	if query.Has("since") {
		since, bad := strconv.ParseInt(query.Get("since"), 10, 64)
		if bad != nil {
			return sessionAnswer{}, refuse(Forgotten)
		}
		p, err = c.changes(since, c.top())
	} else {
		p, last, err = c.all(query.Get("after"), c.top())
	}
	if err != nil {
		return sessionAnswer{}, err
	}
	said := sessionAnswer{CurrencyCode: c.Site.Currency, Version: &p.Version, More: p.More, Last: last, Value: []sessionShow{}}
	for _, show := range p.Shows {
		said.Value = append(said.Value, c.session(show))
	}
	return said, nil
}

// sessionPlan is which seats of a session cannot be sold.
type sessionPlan struct {
	SessionID string         `json:"sessionId"`
	Generated string         `json:"generatedUtc"`
	Taken     []sessionPlace `json:"taken"`
}

// sessionSeats answers from a cache, as such APIs do.
func sessionSeats(c *call) (sessionAnswer, error) {
	id := c.request.URL.Query().Get("sessionId")
	taken, err := c.seats(id, time.Duration(c.Site.CachedSeconds)*time.Second)
	if err != nil {
		return sessionAnswer{}, err
	}
	show, err := c.books.Show(c.Site.ID, id)
	if err != nil {
		return sessionAnswer{}, err
	}
	plan := &sessionPlan{SessionID: id, Generated: utc(taken.AsOf), Taken: []sessionPlace{}}
	for _, seat := range taken.Seats {
		if place := placeOf(&show, seat); place.AreaCode != "" { // not one that was taken out of the room
			plan.Taken = append(plan.Taken, place)
		}
	}
	return sessionAnswer{Plan: plan}, nil
}

// sessionSales lists the bookings of a session.
func sessionSales(c *call) (sessionAnswer, error) {
	query := c.request.URL.Query()
	orders, next, err := c.sales(query.Get("sessionId"), query.Get("after"), c.top())
	if err != nil {
		return sessionAnswer{}, err
	}
	said := sessionAnswer{Next: next, Bookings: []sessionOrder{}}
	for _, order := range orders {
		one, err := c.sessionOrder(order)
		if err != nil {
			return sessionAnswer{}, err
		}
		said.Bookings = append(said.Bookings, *one)
	}
	return said, nil
}
