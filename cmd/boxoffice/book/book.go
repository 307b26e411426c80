// Package book is a tour of the REST API: it registers a customer, finds a show,
// books two seats, pays with a test card and prints the ticket. It knows nothing
// of the platform but its address.
package book

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mdp/qrterminal/v3"

	"github.com/boxoffice/boxoffice/booking"
)

// Options says where to book and how.
type Options struct {
	API  string // the API's address
	City string // slug; empty is the first city
	Card string // a test card of the sandbox's Stripe, for example pm_card_visa
	// Provider is the payment provider; empty is the theater's preferred one.
	Provider string
	Out      io.Writer
}

// tour is one customer's way to a ticket.
type tour struct {
	Options
	api client
}

// Run takes the tour.
func Run(ctx context.Context, opts Options) error {
	t := &tour{Options: opts, api: client{base: strings.TrimSuffix(opts.API, "/")}}
	if err := t.register(ctx); err != nil {
		return err
	}
	show, err := t.findShow(ctx)
	if err != nil {
		return err
	}
	held, err := t.hold(ctx, show)
	if err != nil {
		return err
	}
	if err := t.pay(ctx, held); err != nil {
		return err
	}
	if err := t.follow(ctx, held.ID); err != nil {
		return err
	}
	return t.printTicket(ctx, held.ID)
}

func (t *tour) say(format string, args ...any) { _, _ = fmt.Fprintf(t.Out, format+"\n", args...) }

// register makes a new customer, and logs in.
func (t *tour) register(ctx context.Context) error {
	email := "tour-" + strings.ToLower(rand.Text()[:10]) + "@boxoffice.example"
	password := rand.Text()
	t.say("POST /v1/accounts           a new customer, %s", email)
	err := t.api.post(ctx, "/v1/accounts", "", map[string]string{
		"email": email, "password": password, "name": "Tour Guest", "phone": "+919800000001",
	}, nil)
	if err != nil {
		return err
	}
	var in session
	if err := t.api.post(ctx, "/v1/sessions", "", map[string]string{"email": email, "password": password}, &in); err != nil {
		return err
	}
	t.api.token = in.AccessToken
	t.say("POST /v1/sessions           logged in")
	return nil
}

// findShow takes the first film that has a show the day after tomorrow at the
// latest, with time enough until it starts.
func (t *tour) findShow(ctx context.Context) (showDoc, error) {
	var cities list[cityDoc]
	if err := t.api.get(ctx, "/v1/cities", &cities); err != nil {
		return showDoc{}, err
	}
	city := t.City
	for _, c := range cities.Items {
		// PayPal cannot receive rupees.
		if city == "" && (t.Provider != "paypal" || c.Currency != "INR") {
			city = c.Slug
		}
	}
	var movies list[movieDoc]
	if err := t.api.get(ctx, "/v1/movies?city="+url.QueryEscape(city), &movies); err != nil {
		return showDoc{}, err
	}
	for _, movie := range movies.Items {
		for day := range 3 {
			date := time.Now().AddDate(0, 0, day).Format(time.DateOnly)
			var shows movieShowsDoc
			if err := t.api.get(ctx, "/v1/movies/"+movie.Slug+"/shows?city="+url.QueryEscape(city)+"&date="+date, &shows); err != nil {
				return showDoc{}, err
			}
			for _, theater := range shows.Items {
				for _, show := range theater.Shows {
					if time.Until(show.StartsAt) > 3*time.Hour {
						t.say("GET  /v1/movies             %s (%s)", movie.Title, movie.Certificate)
						t.say("GET  /v1/movies/{id}/shows  %s, %s, %s, %s", theater.Theater.Name,
							strings.Replace(show.LocalTime, "T", " ", 1), show.Format, show.Language)
						return show, nil
					}
				}
			}
		}
	}
	return showDoc{}, fmt.Errorf("no show found in %s; run `boxoffice seed`", city)
}

// hold takes two seats side by side. Another customer may be faster: then it looks again.
func (t *tour) hold(ctx context.Context, show showDoc) (bookingDoc, error) {
	const tries = 5
	for range tries {
		var seats seatMapDoc
		if err := t.api.get(ctx, "/v1/shows/"+show.ID+"/seats", &seats); err != nil {
			return bookingDoc{}, err
		}
		pair := neighbors(seats)
		if pair == nil {
			return bookingDoc{}, fmt.Errorf("show %s has no two free seats side by side", show.ID)
		}
		t.say("GET  /v1/shows/{id}/seats   %d of %d seats are free; taking %s", seats.Layout.Capacity()-len(seats.Held)-len(seats.Sold),
			seats.Layout.Capacity(), strings.Join(pair, " and "))
		var held bookingDoc
		start := time.Now()
		request := map[string]any{"show_id": show.ID, "seats": pair}
		if t.Provider != "" {
			request["payment"] = map[string]string{"provider": t.Provider}
		}
		err := t.api.post(ctx, "/v1/bookings", rand.Text(), request, &held)
		if taken := (problem{}); asProblem(err, &taken) && taken.Code == string(booking.CodeSeatsUnavailable) {
			t.say("POST /v1/bookings           somebody was faster")
			continue
		}
		if err != nil {
			return bookingDoc{}, err
		}
		t.say("POST /v1/bookings           %s in %d ms, until %s", held.Status, time.Since(start).Milliseconds(),
			held.HoldExpiresAt.Local().Format(time.TimeOnly))
		t.say("                            %s: seats %s, fees %s, taxes %s", held.Quote.Total, strings.Join(held.Seats, " "),
			held.Quote.Fees, held.Quote.Taxes)
		return held, nil
	}
	return bookingDoc{}, fmt.Errorf("no luck with seats in %d tries", tries)
}

// neighbors picks two free seats side by side, from the middle rows outward.
func neighbors(seats seatMapDoc) []string {
	taken := append(slices.Clone(seats.Held), seats.Sold...)
	free := func(s booking.Seat) bool {
		return s.Type != booking.SeatWheelchair && s.Type != booking.SeatCompanion && s.Type != booking.SeatSofa &&
			!slices.Contains(taken, s.ID)
	}
	rows := slices.Clone(seats.Layout.Rows)
	middle := len(rows) / 2
	rows = append(rows[middle:], rows[:middle]...)
	for _, row := range rows {
		for i := len(row.Seats) / 2; i+1 < len(row.Seats); i++ {
			a, b := row.Seats[i], row.Seats[i+1]
			if free(a) && free(b) && b.X-a.X < 1.5 {
				return []string{a.ID, b.ID}
			}
		}
	}
	return nil
}

// follow prints the timeline as it grows, until the customer is told.
func (t *tour) follow(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	t.say("GET  /v1/bookings/{id}/stream")
	printed := 0
	var end bookingDoc
	err := t.api.watch(ctx, id, func(doc bookingDoc) bool {
		for _, entry := range doc.Timeline[min(printed, len(doc.Timeline)):] {
			t.say("  %s  %-16s %s", entry.At.Local().Format("15:04:05.000"), entry.Event, entry.Detail)
		}
		printed, end = len(doc.Timeline), doc
		// By mail: the tour's number is not confirmed, so it gets no text message.
		told := slices.ContainsFunc(doc.Timeline, func(e booking.TimelineEntry) bool { return e.Event == booking.EventNotified })
		return doc.Status.Terminal() || told
	})
	if err != nil {
		return fmt.Errorf("following the booking: %w", err)
	}
	if end.Status != booking.StatusConfirmed {
		return fmt.Errorf("the booking ended as %s", end.Status)
	}
	return nil
}

func (t *tour) printTicket(ctx context.Context, id string) error {
	var ticket ticketDoc
	if err := t.api.get(ctx, "/v1/bookings/"+id+"/ticket", &ticket); err != nil {
		return err
	}
	t.say("GET  /v1/bookings/{id}/ticket  %s\n", ticket.Serial)
	qrterminal.GenerateHalfBlock(ticket.QR, qrterminal.L, t.Out)
	return nil
}
