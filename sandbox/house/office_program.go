package house

import (
	"strconv"
	"time"
)

// officePage is how many shows a schedule has at most.
const officePage = 50

// officeSchedule tells what changed since a version or, without one, all shows in the order of
// their ids.
func (c *call) officeSchedule(asked officePacket, said *officeAnswer) error {
	found, next, err := c.officeFeed(asked)
	if kindOf(err) == Forgotten {
		said.Status = officeFeedStarts
	}
	if err != nil {
		return err
	}
	said.Version, said.More, said.Next = found.Version, found.More, next
	for _, show := range found.Shows {
		if show.EndsAt.After(c.Site.now()) {
			said.Shows = append(said.Shows, c.officeShow(show))
		}
	}
	return nil
}

func (c *call) officeFeed(asked officePacket) (found page, next string, err error) {
	if asked.Since == "" {
		return c.all(asked.After, officePage)
	}
	since, err := strconv.ParseInt(asked.Since, 10, 64)
	if err != nil {
		return page{}, "", refuse(Forgotten)
	}
	found, err = c.changes(since, officePage)
	return found, "", err
}

func (c *call) officeShow(s Show) officeShow {
	out := officeShow{
		ID: s.ID, Version: s.Version, Film: s.Film.ID, Title: s.Film.Title, Minutes: s.Film.Minutes,
		Length: int(s.EndsAt.Sub(s.StartsAt) / time.Minute), Screen: s.ScreenName, Starts: c.officeTime(s.StartsAt), Closes: c.officeTime(s.OpenUntil),
		Format: s.Film.Format, Language: s.Film.Language, Cancelled: s.Cancelled, Currency: c.Site.Currency,
	}
	for _, one := range s.Categories {
		out.Prices = append(out.Prices, officePrice{one.ID, one.Name, officeMoney(one.Price)})
	}
	for _, one := range s.Rows {
		row := officeRow{Label: one.Label, Category: one.Category}
		for _, seat := range one.Seats {
			row.Seats = append(row.Seats, officeSeat{Name: seat.Name, Place: officePlaceID(one, seat), X: seat.X, Type: seat.Type})
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (c *call) officeSeats(asked officePacket, said *officeAnswer) error {
	taken, err := c.seats(asked.Show, 0)
	if err != nil {
		return err
	}
	said.Live = !c.struck(faultCached)
	said.Age = max(0, c.now().Sub(taken.AsOf).Seconds())
	said.Taken = c.officeTaken(asked.Show, taken.Seats)
	return nil
}
