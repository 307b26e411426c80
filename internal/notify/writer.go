package notify

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

//go:embed layouts/*.tmpl
var layouts embed.FS

var (
	htmlLayout = htmltemplate.Must(htmltemplate.ParseFS(layouts, "layouts/mail.html.tmpl"))
	textLayout = template.Must(template.ParseFS(layouts, "layouts/mail.txt.tmpl"))
)

// rows says which facts a mail lists below its sentences, in this order.
var rows = map[booking.Notice][]string{
	booking.NoticeConfirmed:       {"when", "where", "screen", "seats", "ticket", "number", "codes", "total", "refund"},
	booking.NoticeReminder:        {"when", "where", "screen", "seats", "ticket", "number", "codes"},
	booking.NoticeExpired:         {"when", "where", "seats"},
	booking.NoticePaymentFailed:   {"when", "where", "seats"},
	booking.NoticeCancelled:       {"when", "where", "seats", "total", "refund"},
	booking.NoticeShowCancelled:   {"when", "where", "seats", "refund"},
	booking.NoticeRescheduled:     {"when", "before", "where", "screen", "seats", "ticket", "number", "codes", "decide"},
	booking.NoticeMoved:           {"when", "where", "screen", "seats", "ticket", "number", "codes", "total", "refund"},
	booking.NoticePaymentReturned: {"when", "where", "seats", "returned"},
	booking.NoticeDisputed:        {"when", "where", "seats", "total"},
	booking.NoticeRefunded:        {"when", "where", "seats", "total", "refund"},
}

// facts are what sentences may speak of. All are plain text; empty means that
// there is nothing to say.
type facts struct {
	Brand, Name            string
	Movie, Theater, Screen string
	Address                string
	When, ShortWhen        string // on the theater's wall clock, with its zone
	Seats, ShortSeats      string
	Ticket                 string   // ours; empty when the theater has codes of its own
	Number                 string   // the theater's own
	Codes                  []string // the theater's own, one for each seat, which it names
	Total, Refund          string
	Returned               string
	Link, MovieLink        string
	Confirmed              bool

	// Of a change of the show.
	Reason                  string
	SameTime                bool // only the screen is another
	OldWhen, ShortOldWhen   string
	DecideBy, ShortDecideBy string // empty when there is nothing to choose
	Refunded                bool   // what happens to customers who do not choose
	Offers                  []offered
	More                    []offered // other movies
}

// offered is a show that a message offers.
type offered struct {
	Movie           string // if it is another one
	When, ShortWhen string
	Theater         string
	Elsewhere       string // the theater, if it is another one
	Link            string
}

// mail is what the layouts show.
type mail struct {
	Language                  string
	Brand, Subject, Preheader string
	Greeting, Heading, Movie  string
	Lines                     []string
	Rows                      []row
	OffersHeading             string
	Offers                    []offered
	MoreHeading               string
	More                      []offered
	Button, Link, Footer      string
}

// row is a labelled fact. Strong is set for what is asked for at the door.
type row struct {
	Label  string
	Value  []string // lines
	Strong bool
}

// writer turns a dispatch into a message. Those to browsers are in push.go.
type writer struct {
	publicURL string
	brand     string
	links     *links.Links // nil without
}

func (w writer) write(d *dispatch) (booking.Message, error) {
	language := english
	f := w.facts(d, language)
	if d.Channel == booking.ChannelSMS {
		text, err := writeSMS(language.Notices[d.Notice].SMS, f)
		return booking.Message{To: d.phone, Text: text}, err
	}
	m, err := compose(d.Notice, language, f)
	if err != nil {
		return booking.Message{}, fmt.Errorf("write %s mail: %w", d.Notice, err)
	}
	var html, text bytes.Buffer
	if err := htmlLayout.Execute(&html, m); err != nil {
		return booking.Message{}, fmt.Errorf("lay out %s mail: %w", d.Notice, err)
	}
	if err := textLayout.Execute(&text, m); err != nil {
		return booking.Message{}, fmt.Errorf("lay out %s mail as text: %w", d.Notice, err)
	}
	return booking.Message{
		To: d.email, ToName: f.Name, Subject: m.Subject, Text: text.String(), HTML: html.String(),
	}, nil
}

// timeline is what the customer's timeline says of a message that was sent.
func (w writer) timeline(d *dispatch) string {
	language := english
	text := language.ByEmail
	switch d.Channel {
	case booking.ChannelSMS:
		text = language.BySMS
	case booking.ChannelPush:
		text = language.ByPush
	}
	detail, err := text.fill(struct{ Notice string }{language.Notices[d.Notice].Name})
	if err != nil {
		return language.Notices[d.Notice].Name
	}
	return detail
}

func (w writer) facts(d *dispatch, language texts) facts {
	seats := make([]string, len(d.seats))
	for i, seat := range booking.ReadSeats(d.seats) {
		seats[i] = plain(seat)
	}
	short := strings.Join(seats, ",")
	if len(seats) > 4 {
		short = fmt.Sprintf("%s +%d", strings.Join(seats[:3], ","), len(seats)-3)
	}
	f := facts{
		Brand: w.brand, Name: greetable(d.name),
		Movie: plain(d.show.MovieTitle), Theater: plain(d.show.TheaterName), Screen: plain(d.show.ScreenName),
		Address: plain(d.show.Address),
		When:    local(d.show, language, language.Date), ShortWhen: local(d.show, language, language.ShortDate),
		Seats: strings.Join(seats, ", "), ShortSeats: short,
		Ticket: plain(d.ticket),
		Total:  language.amount(d.total), Refund: language.amount(d.refund), Returned: language.amount(d.returned),
		Link:      w.link(d, ""),
		MovieLink: w.publicURL + "/movies/" + d.movieSlug,
		Confirmed: d.bookingStatus == booking.StatusConfirmed,
		Reason:    plain(d.change.reason),
		Refunded:  d.change.byDefault == booking.ChoiceRefund,
	}
	if len(d.codes) > 0 {
		// What opens the door of this theater: ours does not.
		f.Ticket, f.Number = "", plain(d.number)
		for _, seat := range booking.ReadSeats(d.seats) {
			f.Codes = append(f.Codes, plain(seat)+": "+plain(d.codes[seat]))
		}
	}
	if d.Notice == booking.NoticeRescheduled && d.change.id != "" {
		// In the zone of the show, even if the clocks' zone has changed since.
		at := func(t time.Time, layout string) string {
			return local(booking.ShowSummary{StartsAt: t, TimeZone: d.show.TimeZone}, language, layout)
		}
		// Not the show's time now: it may have been moved again while a vendor kept this
		// message waiting.
		f.When, f.ShortWhen = at(d.change.to, language.Date), at(d.change.to, language.ShortDate)
		f.SameTime = d.change.to.Equal(d.change.from)
		f.OldWhen, f.ShortOldWhen = at(d.change.from, language.Date), at(d.change.from, language.ShortDate)
		f.DecideBy, f.ShortDecideBy = at(d.change.decideBy, language.Date), at(d.change.decideBy, language.ShortDate)
		if f.DecideBy != "" {
			f.Link = w.link(d, "/choice") // the page that asks
		}
	}
	for _, o := range d.offers {
		show := booking.ShowSummary{StartsAt: o.StartsAt, TimeZone: o.TimeZone}
		next := offered{
			When: local(show, language, language.Date), ShortWhen: local(show, language, language.ShortDate),
			Theater: plain(o.Theater), Link: w.publicURL + "/shows/" + o.ShowID,
		}
		if !o.Same {
			next.Elsewhere = next.Theater
		}
		f.Offers = append(f.Offers, next)
	}
	f.More = w.more(d, language)
	return f
}

// link is where the customer reads about the booking, also without a password. An SMS has no
// room for a longer one.
func (w writer) link(d *dispatch, page string) string {
	address := "/bookings/" + d.BookingID + page
	switch {
	case w.links == nil:
		return w.publicURL + address
	case d.Channel == booking.ChannelSMS && page == "":
		return w.links.Short(links.Read, d.BookingID)
	default:
		return w.links.Address(address, links.Read, d.BookingID)
	}
}

// compose fills the sentences of one mail.
func compose(notice booking.Notice, language texts, f facts) (mail, error) {
	t := language.Notices[notice]
	m := mail{Language: language.Language, Brand: f.Brand, Movie: f.Movie, Button: t.Button, Link: f.Link}
	greeting := language.Greeting
	if f.Name == "" {
		greeting = language.Anonymous
	}
	for _, part := range []struct {
		into *string
		text sentence
	}{
		{&m.Subject, t.Subject}, {&m.Preheader, t.Preheader}, {&m.Heading, t.Heading},
		{&m.Greeting, greeting}, {&m.Footer, language.Footer},
	} {
		filled, err := part.text.fill(f)
		if err != nil {
			return mail{}, err
		}
		*part.into = filled
	}
	for _, line := range t.Lines {
		filled, err := line.fill(f)
		if err != nil {
			return mail{}, err
		}
		if filled != "" {
			m.Lines = append(m.Lines, filled)
		}
	}
	if m.Offers = f.Offers; len(m.Offers) > 0 {
		heading, err := language.Offers.fill(f)
		if err != nil {
			return mail{}, err
		}
		m.OffersHeading = heading
	}
	if m.More = f.More; len(m.More) > 0 {
		m.MoreHeading = language.More
	}
	for _, key := range rows[notice] {
		if value := f.row(key); len(value) > 0 && value[0] != "" {
			m.Rows = append(m.Rows, row{language.Labels[key], value, key == "ticket" || key == "seats" || key == "number" || key == "codes"})
		}
	}
	return m, nil
}

func (f facts) row(key string) []string {
	switch key {
	case "when":
		return []string{f.When}
	case "before":
		if f.SameTime {
			return nil
		}
		return []string{f.OldWhen}
	case "decide":
		return []string{f.DecideBy}
	case "where":
		return []string{f.Theater, f.Address}
	case "screen":
		return []string{f.Screen}
	case "seats":
		return []string{f.Seats}
	case "ticket":
		return []string{f.Ticket}
	case "number":
		return []string{f.Number}
	case "codes":
		return f.Codes
	case "total":
		return []string{f.Total}
	case "refund":
		return []string{f.Refund}
	case "returned":
		return []string{f.Returned}
	default:
		return nil
	}
}

// local writes a show's start on the theater's wall clock. Zones without a name
// of letters get their distance from UTC, which everyone can read.
func local(show booking.ShowSummary, language texts, layout string) string {
	start := show.LocalStart()
	zone := start.Format("MST")
	if !strings.ContainsFunc(zone, unicode.IsLetter) {
		zone = "UTC" + start.Format("-07:00")
	}
	return language.date(start, layout) + " " + zone
}
