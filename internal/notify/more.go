package notify

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// More gives movies that may please a customer, for shows in the city of a theater, the best first.
// It gives none rather than an error, and none that the customer should not see.
type More func(ctx context.Context, customerID, cityID string) []MoreMovie

// MoreMovie is a movie that a mail names beside the booking.
type MoreMovie struct {
	Title, Slug string
	Theater     string
	StartsAt    time.Time // of a show that can be booked
	TimeZone    string
}

const (
	// moreShown is how many movies a mail names.
	moreShown = 3
	// moreWithin is how long a mail waits for them: the ticket is what the customer waits for.
	moreWithin = 500 * time.Millisecond
)

// addMore names other movies in the mail of a confirmation. A vendor finds a mail by its id, so
// another try may name other ones.
func (s *Service) addMore(ctx context.Context, d *dispatch) {
	if s.more == nil || d.Channel != booking.ChannelEmail || d.Notice != booking.NoticeConfirmed {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, moreWithin)
	defer cancel()
	d.more = s.more(ctx, d.customerID, d.cityID)
	d.more = d.more[:min(len(d.more), moreShown)]
}

// more are the movies as the layouts show them.
func (w writer) more(d *dispatch, language texts) (list []offered) {
	for _, m := range d.more {
		show := booking.ShowSummary{StartsAt: m.StartsAt, TimeZone: m.TimeZone}
		list = append(list, offered{
			Movie: plain(m.Title), When: local(show, language, language.Date), Theater: plain(m.Theater), Link: w.publicURL + "/movies/" + m.Slug,
		})
	}
	return list
}
