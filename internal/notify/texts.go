package notify

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/boxoffice/boxoffice/booking"
)

//go:embed texts/*.json
var textFiles embed.FS

// english is the language of all channels; the others have only what is sent by push. A
// language is one file of sentences, free of markup.
var english = mustReadTexts("en")

// texts are the sentences of one language.
type texts struct {
	Language  string   `json:"language"`  // BCP 47, for screen readers
	Direction string   `json:"direction"` // ltr or rtl
	Greeting  sentence `json:"greeting"`
	Anonymous sentence `json:"anonymous"`
	Footer    sentence `json:"footer"`
	ByEmail   sentence `json:"by_email"`
	BySMS     sentence `json:"by_sms"`
	ByPush    sentence `json:"by_push"`
	Offers    sentence `json:"offers"` // above the shows that a message offers
	More      string   `json:"more"`   // above other movies
	// Date and ShortDate are layouts of package time, without the zone.
	Date      string `json:"date"`
	ShortDate string `json:"short_date"`
	// Weekdays, from Sunday on, and Months are the names in dates; none for the English ones.
	Weekdays []string `json:"weekdays"`
	Months   []string `json:"months"`
	// MoneyLocale says how money is written; empty for code and number.
	MoneyLocale string                         `json:"money_locale"`
	Labels      map[string]string              `json:"labels"`
	Notices     map[booking.Notice]noticeTexts `json:"notices"`
}

// noticeTexts are the sentences of one notice.
type noticeTexts struct {
	Name      string     `json:"name"` // what the timeline calls it
	Subject   sentence   `json:"subject"`
	Preheader sentence   `json:"preheader"`
	Heading   sentence   `json:"heading"`
	Lines     []sentence `json:"lines"`
	Button    string     `json:"button"`
	SMS       sentence   `json:"sms"`
	// Push is what a browser shows; nil for what is not worth an interruption.
	Push *pushTexts `json:"push"`
}

// pushTexts are the sentences of a message to a browser.
type pushTexts struct {
	Title sentence `json:"title"`
	Body  sentence `json:"body"`
}

// sentence is plain text with {{.Placeholders}}. It is filled with text/template; the
// layout that it is put into escapes it.
type sentence struct{ *template.Template }

// UnmarshalJSON parses the sentence; a placeholder that does not exist shows up
// in the tests, which fill every sentence.
func (s *sentence) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	parsed, err := template.New("").Parse(text)
	s.Template = parsed
	return err
}

// fill puts the facts into the sentence.
func (s sentence) fill(facts any) (string, error) {
	var out strings.Builder
	if err := s.Execute(&out, facts); err != nil {
		return "", fmt.Errorf("fill sentence: %w", err)
	}
	return out.String(), nil
}

func mustReadTexts(language string) texts {
	raw, err := textFiles.ReadFile("texts/" + language + ".json")
	if err != nil {
		panic(err)
	}
	var t texts
	if err := json.Unmarshal(raw, &t); err != nil {
		panic(fmt.Sprintf("notify: texts of %s: %v", language, err))
	}
	return t
}
