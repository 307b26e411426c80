package office

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// A cursor is the version of the program up to which everything was read. While the program
// is read as a whole, it is the version at the beginning, and the last show of the page.
type cursor struct {
	version int64
	all     bool
	after   string
}

const (
	readingAll     = "all"
	readingChanges = "since"
)

// position reads a cursor. One that is not ours begins again with all, as the first does.
func position(text string) cursor {
	kind, rest, _ := strings.Cut(text, ":")
	number, after, _ := strings.Cut(rest, ":")
	version, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err == nil && version >= 0 && kind == readingChanges && after == "":
		return cursor{version: version}
	case err == nil && version >= 0 && kind == readingAll && after != "":
		return cursor{version: version, all: true, after: after}
	}
	return cursor{all: true}
}

func (c cursor) String() string {
	if c.all {
		return readingAll + ":" + strconv.FormatInt(c.version, 10) + ":" + c.after
	}
	return readingChanges + ":" + strconv.FormatInt(c.version, 10)
}

func (c cursor) packet() packet {
	if c.all {
		return packet{Packet: packetSchedule, After: c.after}
	}
	return packet{Packet: packetSchedule, Since: strconv.FormatInt(c.version, 10)}
}

// next is the cursor behind a page. An error is a page that leads nowhere: it would be read
// forever.
func (c cursor) next(a answer) (cursor, error) {
	switch {
	case !c.all && (a.Version < c.version || a.More && a.Version == c.version), c.all && a.More && (a.Next == "" || a.Next == c.after):
		return cursor{}, fmt.Errorf("%w: version %d after %s", errUnreadable, a.Version, c)
	case !c.all:
		return cursor{version: a.Version}, nil
	}
	if c.after == "" {
		c.version = a.Version // what changes from now on comes after the whole
	}
	return cursor{version: c.version, all: a.More, after: a.Next}, nil
}

// Program lists what the office has changed since a version. A version that it no longer
// knows begins again with all.
func (h *House) Program(ctx context.Context, text string) (booking.HousePage, error) {
	at := position(text)
	answered, err := h.client.ask(ctx, at.packet())
	if said(err) == statusFeedStarts && !at.all {
		at = cursor{all: true}
		answered, err = h.client.ask(ctx, at.packet())
	}
	if err != nil {
		return booking.HousePage{}, h.fail(ctx, "", err)
	}
	next, err := at.next(answered.answer)
	if err != nil {
		return booking.HousePage{}, h.fail(ctx, "", err)
	}
	return h.page(ctx, answered.answer, booking.HousePage{Next: next.String(), More: answered.More, Full: at.all})
}

func (h *House) page(ctx context.Context, a answer, out booking.HousePage) (booking.HousePage, error) {
	if _, err := zone(a.Zone); err != nil {
		// All times would be wrong.
		h.log.ErrorContext(ctx, "the ticket office has an unknown time zone", "zone", a.Zone)
		return booking.HousePage{}, booking.E(booking.CodeHouseError, "The theater's time zone is not known.").Wrap(err)
	}
	for _, one := range a.Shows {
		if one.ID == "" {
			return booking.HousePage{}, h.fail(ctx, "", fmt.Errorf("%w: a show has no id", errUnreadable))
		}
		read, err := one.read(a.Zone)
		if err != nil {
			// It is passed on so that it is not sold as it was. The others can be sold.
			h.log.LogAttrs(ctx, slog.LevelError, "a show of the ticket office cannot be sold", slog.String("show", one.ID), slog.Any("error", err))
			read.Categories, read.Rows = nil, nil
		}
		out.Shows = append(out.Shows, read)
	}
	return out, nil
}

// read takes the earlier one of two meanings of a local time: a customer who comes an hour
// early has missed nothing. An error comes with what could be read.
func (s show) read(zoneName string) (booking.HouseShow, error) {
	starts, _, err := local(s.Starts, zoneName)
	problems := []error{err}
	closes := starts
	if s.Closes != "" {
		closes, _, err = local(s.Closes, zoneName)
		problems = append(problems, err)
	}
	length := time.Duration(cmp.Or(s.Length, s.Minutes)) * time.Minute
	if length <= 0 || s.Title == "" {
		problems = append(problems, errors.New("no film, or no length"))
	}
	out := booking.HouseShow{
		ID: s.ID, Movie: booking.HouseFilm{ID: s.Film, Title: s.Title, Minutes: s.Minutes}, Screen: s.Screen,
		StartsAt: starts, EndsAt: starts.Add(length), Format: s.Format, Language: s.Language,
		Cancelled: s.Cancelled, OpenUntil: closes, Version: strconv.FormatInt(s.Version, 10),
	}
	out.Categories, err = s.categories()
	problems = append(problems, err)
	out.Rows, err = s.rows()
	return out, errors.Join(append(problems, err)...)
}

func (s show) categories() (all []booking.HouseCategory, err error) {
	seen := map[string]bool{}
	for _, one := range s.Prices {
		price, err := money(one.Amount, s.Currency)
		if err != nil || one.ID == "" || seen[one.ID] || price.Amount == 0 {
			return nil, fmt.Errorf("price category %q: %w", one.ID, errors.Join(errUnreadable, err))
		}
		seen[one.ID] = true
		all = append(all, booking.HouseCategory{ID: one.ID, Name: one.Name, Price: price})
	}
	return all, nil
}

var seatTypes = []booking.SeatType{
	booking.SeatStandard, booking.SeatRecliner, booking.SeatSofa, booking.SeatWheelchair, booking.SeatCompanion,
}

// rows reads the seating. A seat of a type or category that we do not know is never guessed
// at.
func (s show) rows() (all []booking.HouseRow, err error) {
	seen := map[string]bool{} // places, and names
	for _, one := range s.Rows {
		if !slices.ContainsFunc(s.Prices, func(c category) bool { return c.ID == one.Category }) {
			return nil, fmt.Errorf("row %s has no price: %q", one.Label, one.Category)
		}
		row, sofas := booking.HouseRow{Label: one.Label, Category: one.Category}, 0
		for _, seat := range one.Seats {
			kind := booking.SeatType(seat.Type)
			name := "name " + one.Label + seat.Name
			if seat.Place == "" || seat.Name == "" || seen[seat.Place] || seen[name] || !slices.Contains(seatTypes, kind) {
				return nil, fmt.Errorf("place %q of row %s, type %q", seat.Place, one.Label, seat.Type)
			}
			if kind == booking.SeatSofa {
				sofas++
			}
			seen[seat.Place], seen[name] = true, true
			row.Seats = append(row.Seats, booking.HouseRowedSeat{Name: seat.Name, Address: seat.Place, X: seat.X, Type: kind})
		}
		if sofas%2 != 0 {
			return nil, fmt.Errorf("row %s has half a sofa", one.Label)
		}
		all = append(all, row)
	}
	return all, nil
}

// Seats tells what of a show is taken.
func (h *House) Seats(ctx context.Context, show string) (booking.HouseTaken, error) {
	answered, err := h.client.ask(ctx, packet{Packet: packetSeats, Show: show})
	if err != nil {
		return booking.HouseTaken{}, h.fail(ctx, "", err)
	}
	if answered.Show != show {
		return booking.HouseTaken{}, h.fail(ctx, "", fmt.Errorf("%w: seats of show %q", errUnreadable, answered.Show))
	}
	// The age is the office's own difference: no clock is compared with another.
	out := booking.HouseTaken{AsOf: time.Now().Add(-max(0, time.Duration(answered.Age*float64(time.Second)))), Exact: answered.Live}
	for _, place := range answered.Taken {
		if place.ID == "" {
			return booking.HouseTaken{}, h.fail(ctx, "", errUnreadable)
		}
		out.Addresses = append(out.Addresses, place.ID)
	}
	return out, nil
}

// Sold lists our orders of a show. One that cannot be read makes the page unreadable: for
// reconciliation it must not be missing.
func (h *House) Sold(ctx context.Context, show, after string) (booking.HousePageOfSales, error) {
	answered, err := h.client.ask(ctx, packet{Packet: packetList, Show: show, After: after})
	if err != nil {
		return booking.HousePageOfSales{}, h.fail(ctx, "", err)
	}
	if answered.Show != show || answered.Next != "" && answered.Next == after {
		return booking.HousePageOfSales{}, h.fail(ctx, "", fmt.Errorf("%w: list of show %q after %q", errUnreadable, answered.Show, answered.Next))
	}
	out := booking.HousePageOfSales{Next: answered.Next}
	for _, one := range answered.Orders {
		if one.State != stateSold && one.State != stateCancelled {
			continue
		}
		state, err := h.state(answered, one)
		if err != nil || one.Reference == "" || one.Number == "" || one.Show != show {
			return booking.HousePageOfSales{}, h.fail(ctx, one.Reference, errors.Join(errUnreadable, err))
		}
		out.Orders = append(out.Orders, state)
	}
	return out, nil
}
