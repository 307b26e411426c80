package notify

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// pushNotices are the notices that are sent by push.
func pushNotices() (notices []booking.Notice) {
	for _, notice := range allNotices {
		if english.Notices[notice].Push != nil {
			notices = append(notices, notice)
		}
	}
	return notices
}

func TestEveryPushIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, language := range pushLanguages {
		codes = append(codes, language.Language)
		assert.Contains(t, []string{"ltr", "rtl"}, language.Direction)
		for _, notice := range allNotices {
			wanted, text := english.Notices[notice].Push != nil, language.Notices[notice].Push
			assert.Equal(t, wanted, text != nil, "%s in %s", notice, language.Language)
			if text != nil {
				assert.NotNil(t, text.Title.Template, "title of %s in %s", notice, language.Language)
				assert.NotNil(t, text.Body.Template, "body of %s in %s", notice, language.Language)
			}
		}
		for notice := range language.Notices {
			assert.Contains(t, allNotices, notice, language.Language)
		}
		if language.Language != "en" {
			assert.Len(t, language.Weekdays, 7, language.Language)
			assert.Len(t, language.Months, 12, language.Language)
		}
	}
	assert.Equal(t, []string{"en", "hi", "ar"}, codes, "the languages of the web app")
}

// Every branch says the same in each language: it has the same values.
func TestEveryPushFillsInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, notice := range pushNotices() {
		for name, change := range map[string]func(*dispatch){
			"as usual":     func(*dispatch) {},
			"nothing back": func(d *dispatch) { d.refund.Amount = 0 },
			"same time":    func(d *dispatch) { d.change.from = d.change.to },
			"no choice":    func(d *dispatch) { d.change = change{} },
			"in two scripts": func(d *dispatch) {
				d.show.MovieTitle, d.show.TheaterName = "عمر المختار", "सिनेमा"
			},
		} {
			d := sample(booking.ChannelPush, notice)
			change(d)
			messages, err := testWriter.writePushes(d)
			require.NoError(t, err, "%s, %s", notice, name)
			require.Len(t, messages, len(pushLanguages))
			for _, language := range pushLanguages {
				message, f := messages[language.Language], testWriter.facts(d, language)
				text := message.Subject + "\n" + message.Text
				assert.NotContains(t, text, "<no value>")
				assert.Equal(t, strings.Count(text, "\u2068"), strings.Count(text, "\u2069"), text)
				given := testWriter.facts(d, english)
				all := messages["en"].Subject + "\n" + messages["en"].Text
				for what, values := range map[string][2]string{
					"movie": {given.Movie, f.Movie}, "theater": {given.Theater, f.Theater}, "screen": {given.Screen, f.Screen},
					"time": {given.ShortWhen, f.ShortWhen}, "former time": {given.ShortOldWhen, f.ShortOldWhen},
					"deadline": {given.ShortDecideBy, f.ShortDecideBy}, "seats": {given.ShortSeats, f.ShortSeats}, "refund": {given.Refund, f.Refund},
				} {
					if values[0] != "" {
						assert.Equal(t, strings.Contains(all, values[0]), strings.Contains(text, values[1]), "%s of %s, %s, in %s: %s", what, notice, name, language.Language, text)
					}
				}
			}
		}
	}
}

func TestGoldenPush(t *testing.T) {
	t.Parallel()
	for _, notice := range pushNotices() {
		messages, err := testWriter.writePushes(sample(booking.ChannelPush, notice))
		require.NoError(t, err)
		for code, message := range messages {
			name := string(notice) + ".push"
			if code != "en" {
				name = string(notice) + "." + code + ".push"
			}
			golden(t, name, message.Subject+"\n"+message.Text+"\n")
			seen := strings.NewReplacer("\u2068", "", "\u2069", "").Replace(message.Text)
			assert.LessOrEqual(t, utf8.RuneCountInString(seen), 150, "a browser shows no more: %s", name)
			assert.Equal(t, code, message.Push.Language)
		}
	}
}

func TestPushLanguageOfABrowser(t *testing.T) {
	t.Parallel()
	for wanted, want := range map[string]string{
		"en": "en", "en-IN": "en", "hi": "hi", "hi-IN": "hi", "hi-u-nu-latn": "hi", "ar": "ar", "ar-EG": "ar", "ar-AE": "ar",
		"mr": "en", "ur": "en", "de": "en", "fa": "en", "": "en", "%%": "en",
	} {
		assert.Equal(t, want, pushLanguage(wanted).Language, wanted)
	}
}

func TestValuesKeepTheirDirection(t *testing.T) {
	t.Parallel()
	d := sample(booking.ChannelPush, booking.NoticeConfirmed)
	messages, err := testWriter.writePushes(d)
	require.NoError(t, err)
	assert.Equal(t, "Booked: Dune: Part Two", messages["en"].Subject, "all is from left to right")
	assert.Equal(t, "تم الحجز: \u2068Dune: Part Two\u2069", messages["ar"].Subject)
	assert.Equal(t, "rtl", messages["ar"].Push.Direction)

	d.show.MovieTitle = "عمر\u2069 المختار" // its own sign must not end the isolation
	messages, err = testWriter.writePushes(d)
	require.NoError(t, err)
	assert.Equal(t, "Booked: \u2068عمر المختار\u2069", messages["en"].Subject)
	assert.Equal(t, "बुक हो गया: \u2068عمر المختار\u2069", messages["hi"].Subject)
}

func TestDatesAndMoneyInEveryLanguage(t *testing.T) {
	t.Parallel()
	at := func(month time.Month, day int) booking.ShowSummary {
		return booking.ShowSummary{StartsAt: time.Date(2026, month, day, 20, 0, 0, 0, time.UTC), TimeZone: "Asia/Kolkata"}
	}
	hi, ar := pushLanguage("hi"), pushLanguage("ar")
	assert.Equal(t, "शनि, 7 नवंबर 01:30 IST", local(at(11, 6), hi, hi.ShortDate))
	assert.Equal(t, "السبت 7 نوفمبر 01:30 IST", local(at(11, 6), ar, ar.ShortDate))
	for month := time.January; month <= time.December; month++ {
		for day := 1; day <= 7; day++ {
			for _, language := range []texts{hi, ar} {
				for _, layout := range []string{language.Date, language.ShortDate} {
					assert.NotRegexp(t, "[A-Za-z]", strings.TrimSuffix(local(at(month, day), language, layout), " IST"))
				}
			}
		}
	}
	assert.Equal(t, "INR 135000.50", english.amount(booking.Money{Amount: 13500050, Currency: "INR"}))
	assert.Equal(t, "₹1,35,000.50", hi.amount(booking.Money{Amount: 13500050, Currency: "INR"}))
	assert.Equal(t, "\u200f135,000.50\u00a0₹", ar.amount(booking.Money{Amount: 13500050, Currency: "INR"}))
	assert.Equal(t, "\u200f135,000.50\u00a0د.إ.\u200f", ar.amount(booking.Money{Amount: 13500050, Currency: "AED"}))
	assert.Equal(t, "JP¥1,500", hi.amount(booking.Money{Amount: 1500, Currency: "JPY"}))
	assert.Equal(t, "XXQ 15.00", hi.amount(booking.Money{Amount: 1500, Currency: "XXQ"}), "a currency that nobody knows")
	for _, language := range pushLanguages {
		assert.Empty(t, language.amount(booking.Money{Currency: "INR"}))
	}
}

func TestPushIconIsOneOfTheApp(t *testing.T) {
	t.Parallel()
	assert.FileExists(t, "../../web/public"+pushIcon)
	message, err := testWriter.writePush(sample(booking.ChannelPush, booking.NoticeConfirmed), english)
	require.NoError(t, err)
	assert.Equal(t, "https://boxoffice.example/icon-192.png", message.Push.Icon)
}
