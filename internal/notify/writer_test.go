package notify

import (
	"bytes"
	"crypto/ed25519"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/links"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var allNotices = []booking.Notice{
	booking.NoticeConfirmed, booking.NoticeReminder, booking.NoticeExpired, booking.NoticePaymentFailed,
	booking.NoticeCancelled, booking.NoticeShowCancelled, booking.NoticeRescheduled, booking.NoticeMoved,
	booking.NoticePaymentReturned, booking.NoticeDisputed, booking.NoticeRefunded,
}

var testWriter = writer{publicURL: "https://boxoffice.example", brand: "Boxoffice", links: testLinks()}

// testLinks have the same key each time, as the golden files do.
func testLinks() *links.Links {
	known, err := links.New("https://boxoffice.example", []ed25519.PrivateKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))})
	if err != nil {
		panic(err)
	}
	return known
}

// The link of a message opens the booking that the message is about.
func TestLinksOpenTheBooking(t *testing.T) {
	t.Parallel()
	for _, notice := range allNotices {
		for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS, booking.ChannelPush} {
			d := sample(channel, notice)
			if channel == booking.ChannelPush && english.Notices[notice].Push == nil {
				continue
			}
			link := testWriter.facts(d, english).Link
			address, err := url.Parse(link)
			require.NoError(t, err)
			assert.Equal(t, "https://boxoffice.example", address.Scheme+"://"+address.Host)
			id, token := d.BookingID, address.Query().Get("key")
			if address.Path == "/b" {
				id, token, _ = links.ReadShort(address.RawQuery)
			}
			assert.Equal(t, d.BookingID, id, link)
			assert.True(t, testLinks().Verify(token, links.Read, id), "%s by %s: %s", notice, channel, link)
			if channel == booking.ChannelEmail {
				assert.Contains(t, mustWrite(t, d).HTML, template.HTMLEscapeString(link))
			}
		}
	}
}

// sample is a booking as a notice would find it.
func sample(channel booking.Channel, notice booking.Notice) *dispatch {
	d := &dispatch{
		Notification: booking.Notification{
			BookingID: "6f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0", Channel: channel, Notice: notice,
		},
		name: "Asha Rao", email: "asha@example.com", phone: "+919800000001",
		bookingStatus: booking.StatusConfirmed,
		show: booking.ShowSummary{
			MovieTitle: "Dune: Part Two", TheaterName: "Aurora Koramangala", ScreenName: "Screen 3",
			Address:  "12 80 Feet Road, Koramangala 4th Block, Bengaluru 560034",
			StartsAt: time.Date(2026, 11, 6, 14, 0, 0, 0, time.UTC),
			TimeZone: "Asia/Kolkata",
		},
		seats:     []string{"C10", "C8", "C9"},
		total:     booking.Money{Amount: 153000, Currency: "INR"},
		refund:    booking.Money{Currency: "INR"},
		ticket:    "BX-7K2M-9QRT",
		movieSlug: "dune-part-two",
	}
	if notice == booking.NoticeConfirmed {
		for i, title := range []string{"Perfect Days", "12th Fail", "All We Imagine as Light"} {
			d.more = append(d.more, MoreMovie{Title: title, Slug: fmt.Sprint("movie-", i), Theater: "Aurora Koramangala",
				StartsAt: d.show.StartsAt.Add(time.Duration(i) * 3 * time.Hour), TimeZone: "Asia/Kolkata"})
		}
	}
	switch notice {
	case booking.NoticeRescheduled:
		d.change = change{
			id: "1c2d3e4f-5a6b-5c7d-8e9f-0a1b2c3d4e5f", reason: "The projector has to be repaired.",
			from: d.show.StartsAt.Add(-26 * time.Hour), to: d.show.StartsAt, decideBy: d.show.StartsAt.Add(-4 * time.Hour),
			byDefault: booking.ChoiceKeep,
		}
	case booking.NoticeMoved, booking.NoticeRefunded:
		d.refund.Amount = 18000
	case booking.NoticeDisputed:
		d.bookingStatus = booking.StatusCancelled
	case booking.NoticeCancelled, booking.NoticeShowCancelled:
		d.bookingStatus, d.refund.Amount = booking.StatusCancelled, 135000
	case booking.NoticeExpired, booking.NoticePaymentReturned:
		d.bookingStatus, d.ticket = booking.StatusExpired, ""
	case booking.NoticePaymentFailed:
		d.bookingStatus, d.ticket = booking.StatusPaymentFailed, ""
	}
	switch notice {
	case booking.NoticePaymentReturned:
		d.returned = d.total
	case booking.NoticeShowCancelled:
		d.change = change{id: "1c2d3e4f-5a6b-5c7d-8e9f-0a1b2c3d4e5f", reason: "The hall is flooded."}
		for i, theater := range []string{"Aurora Koramangala", "Aurora Koramangala", "Lotus Cinémas"} {
			d.offers = append(d.offers, offer{
				ShowID: fmt.Sprintf("9b2d3c1a-4a59-5687-9706-a5b4c3d2e1f%d", i), Theater: theater, Same: i < 2,
				StartsAt: d.show.StartsAt.Add(time.Duration(i+1) * 24 * time.Hour), TimeZone: "Asia/Kolkata",
			})
		}
	}
	return d
}

func TestEveryNoticeHasAllTexts(t *testing.T) {
	t.Parallel()
	require.Len(t, english.Notices, len(allNotices))
	for _, notice := range allNotices {
		texts, ok := english.Notices[notice]
		require.True(t, ok, notice)
		assert.NotEmpty(t, texts.Name, notice)
		assert.NotEmpty(t, texts.Button, notice)
		assert.NotEmpty(t, texts.Lines, notice)
		assert.NotEmpty(t, rows[notice], notice)
		for what, sentence := range map[string]sentence{
			"subject": texts.Subject, "preheader": texts.Preheader, "heading": texts.Heading, "sms": texts.SMS,
			"greeting": english.Greeting, "anonymous": english.Anonymous, "footer": english.Footer,
			"by_email": english.ByEmail, "by_sms": english.BySMS, "by_push": english.ByPush,
		} {
			assert.NotNil(t, sentence.Template, "%s of %s", what, notice)
		}
		for _, key := range rows[notice] {
			assert.NotEmpty(t, english.Labels[key], "label %s of %s", key, notice)
		}
	}
}

// Every branch of every sentence is filled: with and without money to give back,
// confirmed and not.
func TestEverySentenceFills(t *testing.T) {
	t.Parallel()
	for _, notice := range allNotices {
		for _, channel := range []booking.Channel{booking.ChannelEmail, booking.ChannelSMS} {
			for _, confirmed := range []bool{false, true} {
				for _, refund := range []int64{0, 100} {
					d := sample(channel, notice)
					d.refund.Amount, d.bookingStatus = refund, booking.StatusCancelled
					if confirmed {
						d.bookingStatus = booking.StatusConfirmed
						d.change.byDefault = booking.ChoiceRefund
					} else {
						d.change, d.offers = change{}, nil
					}
					message, err := testWriter.write(d)
					require.NoError(t, err, "%s %s", notice, channel)
					for _, text := range []string{message.Subject, message.Text, message.HTML} {
						assert.NotContains(t, text, "<no value>")
						assert.NotContains(t, text, "{{")
						assert.NotContains(t, text, "ZgotmplZ", "html/template refused a value")
					}
					assert.NotEmpty(t, testWriter.timeline(d))
				}
			}
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, notice := range allNotices {
		t.Run(string(notice), func(t *testing.T) {
			t.Parallel()
			message, err := testWriter.write(sample(booking.ChannelEmail, notice))
			require.NoError(t, err)
			golden(t, string(notice)+".html", message.HTML)
			golden(t, string(notice)+".txt", "Subject: "+message.Subject+"\n\n"+message.Text)
			message, err = testWriter.write(sample(booking.ChannelSMS, notice))
			require.NoError(t, err)
			golden(t, string(notice)+".sms", message.Text+"\n")
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./internal/notify -run TestGolden -update")
	assert.Equal(t, string(want), got, "if this is meant: go test ./internal/notify -run TestGolden -update")
}

func TestLocalTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, want string
		at         time.Time
	}{
		{"Asia/Kolkata", "Friday 6 November 2026, 19:30 IST", time.Date(2026, 11, 6, 14, 0, 0, 0, time.UTC)},
		{"Asia/Dubai", "Friday 6 November 2026, 18:00 UTC+04:00", time.Date(2026, 11, 6, 14, 0, 0, 0, time.UTC)},
		// The clocks go back on 25 October 2026 at 01:00 UTC.
		{"Europe/London", "Sunday 25 October 2026, 01:30 BST", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)},
		{"Europe/London", "Sunday 25 October 2026, 01:30 GMT", time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC)},
		{"America/New_York", "Saturday 7 March 2026, 20:00 EST", time.Date(2026, 3, 8, 1, 0, 0, 0, time.UTC)},
		{"America/New_York", "Sunday 8 March 2026, 20:00 EDT", time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)},
		{"Nowhere/Land", "Friday 6 November 2026, 14:00 UTC", time.Date(2026, 11, 6, 14, 0, 0, 0, time.UTC)},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, local(booking.ShowSummary{StartsAt: test.at, TimeZone: test.zone}, english, english.Date))
	}
}

const hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\r\nBcc: victim@example.com\x00\x1b[2J\u202e{{.Link}}\u2028"

// Scenario 62: what a title or a name brings along stays text.
func TestFault62_HostileTitlesAndNamesStayText(t *testing.T) {
	t.Parallel()
	for _, notice := range allNotices {
		d := sample(booking.ChannelEmail, notice)
		d.name, d.ticket = hostile, hostile
		d.show.MovieTitle, d.show.TheaterName, d.show.Address, d.show.ScreenName = hostile, hostile, hostile, hostile
		d.change.reason = hostile
		for i := range d.offers {
			d.offers[i].Theater = hostile
		}
		mail, err := testWriter.write(d)
		require.NoError(t, err)
		assert.Equal(t, elements(t, mustWrite(t, sample(booking.ChannelEmail, notice)).HTML)["a"], elements(t, mail.HTML)["a"])
		assert.Empty(t, elements(t, mail.HTML)["script"], notice)
		assert.Empty(t, elements(t, mail.HTML)["img"], notice)
		assert.Contains(t, mail.HTML, template.HTMLEscapeString("<script>"))
		for _, header := range []string{mail.Subject, mail.ToName} {
			assert.False(t, strings.ContainsAny(header, "\r\n\x00\x1b\u2028\u202e"), "%q", header)
		}
		for line := range strings.Lines(mail.Text) {
			assert.False(t, strings.HasPrefix(line, "Bcc:"), "%q", line)
		}

		d.Channel = booking.ChannelSMS
		sms, err := testWriter.write(d)
		require.NoError(t, err)
		assert.False(t, strings.ContainsAny(sms.Text, "\r\n\x00\x1b\u2028\u202e"), "%q", sms.Text)
	}
}

func mustWrite(t *testing.T, d *dispatch) booking.Message {
	t.Helper()
	message, err := testWriter.write(d)
	require.NoError(t, err)
	return message
}

// elements counts the elements of a document as a browser would see them.
func elements(t *testing.T, document string) map[string]int {
	t.Helper()
	found := map[string]int{}
	tokens := html.NewTokenizer(bytes.NewBufferString(document))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, tokens.Err(), io.EOF)
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			found[string(name)]++
		}
	}
}

func TestGreetingLeavesOutBait(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"Asha Rao":                       "Asha Rao",
		"  Zoë \t O’Neill-Smith ":        "Zoë O’Neill-Smith",
		"J. R. Smith Jr.":                "J. R. Smith Jr.",
		"अनन्या":                         "अनन्या",
		"A.R.Rahman":                     "A. R. Rahman",
		"St.John Smyth":                  "St. John Smyth",
		"Ravi S/O Kumar":                 "Ravi S/O Kumar",
		"அ.முத்து":                       "அ. முத்து",
		"Win now http://evil.example":    "",
		"javascript:alert":               "",
		"//evil.example":                 "",
		`evil\example`:                   "",
		"evil.example":                   "",
		"WWW.EVIL.EXAMPLE/win":           "",
		"evil。example":                   "",
		"evil．example":                   "",
		"Evil.Example":                   "Evil. Example",
		"you won, write to me@evil.test": "",
		strings.Repeat("long ", 20):      "",
	}
	for name, want := range tests {
		assert.Equal(t, want, greetable(name), name)
	}
	d := sample(booking.ChannelEmail, booking.NoticeConfirmed)
	d.name = "Claim your prize at evil.example"
	message := mustWrite(t, d)
	assert.NotContains(t, message.HTML+message.Text+message.Subject+message.ToName, "evil.example")
	assert.Contains(t, message.Text, "Hello,")
}

func TestSeatsReadNaturally(t *testing.T) {
	t.Parallel()
	d := sample(booking.ChannelEmail, booking.NoticeConfirmed)
	d.seats = []string{"D1", "C10", "C2", "C9", "D10"}
	f := testWriter.facts(d, english)
	assert.Equal(t, "C2, C9, C10, D1, D10", f.Seats)
	assert.Equal(t, "C2,C9,C10 +2", f.ShortSeats)
}

// Scenario 44: the clocks go back between the two times, and before the deadline.
func TestFault44_MovedShowsSayLocalTimes(t *testing.T) {
	t.Parallel()
	d := sample(booking.ChannelEmail, booking.NoticeRescheduled)
	d.show.TimeZone = "Europe/London"
	d.change.from = time.Date(2026, 10, 24, 19, 30, 0, 0, time.UTC)
	d.change.decideBy = time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	d.change.to = time.Date(2026, 10, 25, 19, 30, 0, 0, time.UTC)
	d.show.StartsAt = d.change.to
	d.change.byDefault = booking.ChoiceRefund
	mail := mustWrite(t, d)
	for _, text := range []string{mail.Text, mail.HTML} {
		assert.Contains(t, text, "from Saturday 24 October 2026, 20:30 BST to Sunday 25 October 2026, 19:30 GMT")
		assert.Contains(t, text, "by Sunday 25 October 2026, 01:30 BST")
		assert.Contains(t, text, "you get all your money back")
	}
	d.Channel = booking.ChannelSMS
	assert.Contains(t, mustWrite(t, d).Text, "Sun 25 Oct 19:30 GMT (was Sat 24 Oct 20:30 BST)")
	assert.Contains(t, mustWrite(t, d).Text, "by Sun 25 Oct 01:30 BST, else it is refunded")
}

func TestAMoveBeforeThereWereChoices(t *testing.T) {
	t.Parallel()
	d := sample(booking.ChannelEmail, booking.NoticeRescheduled)
	d.change = change{}
	mail := mustWrite(t, d)
	assert.Contains(t, mail.Text, "Your seats and your ticket stay valid")
	assert.NotContains(t, mail.Text, "Choose by")
	assert.NotContains(t, mail.Text, "Instead of")
}
