package notify

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"text/template"

	"golang.org/x/text/language"

	"github.com/boxoffice/boxoffice/booking"
)

//go:embed texts/letters/*.json
var letterFiles embed.FS

var (
	letterHTML = htmltemplate.Must(htmltemplate.ParseFS(layouts, "layouts/letter.html.tmpl"))
	letterText = template.Must(template.ParseFS(layouts, "layouts/letter.txt.tmpl"))
)

// letterTexts are the sentences of letters in one language.
type letterTexts struct {
	Language     string                 `json:"language"`
	Direction    string                 `json:"direction"`
	Greeting     sentence               `json:"greeting"`
	Anonymous    sentence               `json:"anonymous"`
	Footer       sentence               `json:"footer"`        // of what a person asked for
	NoticeFooter sentence               `json:"notice_footer"` // of news
	CodeLabel    string                 `json:"code_label"`
	Letters      map[string]letterWords `json:"letters"`
}

type letterWords struct {
	Subject sentence   `json:"subject"`
	Heading sentence   `json:"heading"`
	Lines   []sentence `json:"lines"`
	Button  string     `json:"button"` // empty without a link
	SMS     sentence   `json:"sms"`
}

// letterLanguages are the languages that letters are written in. English comes first: it is
// for everyone whose language is not here.
var letterLanguages = []letterTexts{readLetters("en"), readLetters("hi"), readLetters("ar")}

func readLetters(name string) letterTexts {
	raw, err := letterFiles.ReadFile("texts/letters/" + name + ".json")
	if err != nil {
		panic(err)
	}
	var t letterTexts
	if err := json.Unmarshal(raw, &t); err != nil {
		panic(fmt.Sprintf("notify: letters of %s: %v", name, err))
	}
	return t
}

func letterLanguage(wanted string) letterTexts {
	if tag, err := language.Parse(wanted); err == nil {
		base, _ := tag.Base()
		for _, t := range letterLanguages {
			if t.Language == base.String() {
				return t
			}
		}
	}
	return letterLanguages[0]
}

// letterPages are the pages of the app that letters open. A token stands behind the #: it
// is not sent to servers, and stands in no log.
var letterPages = map[string]struct{ page, purpose string }{
	"confirm_email":    {"/verify", "email"},
	"reset_password":   {"/reset", "reset"},
	"email_changed":    {"/email-undo", "undo_email"},
	"password_changed": {"/login", ""},
	"session_copied":   {"/account", ""},
	"factor_changed":   {"/account", ""},
	"recovery_used":    {"/account", ""},
	"passkey_added":    {"/account", ""},
	"passkey_removed":  {"/account", ""},
	"passkey_copied":   {"/account", ""},
	"identity_changed": {"/account", ""},
}

// codePurposes are the letters with a code.
var codePurposes = map[string]string{"confirm_email": "email", "confirm_phone": "phone", "new_email": "new_email", "link_identity": "link"}

// letterFacts are what sentences may speak of.
type letterFacts struct{ Brand, Name, Code, Host string }

// writtenLetter is what the layouts show.
type writtenLetter struct {
	letterFacts
	Language, Direction, Subject, Heading, Greeting string
	Lines                                           []string
	CodeLabel, Button, Link, Footer                 string
}

// write puts a letter into words.
func (l *Letters) write(row dueLetter) (booking.Message, error) {
	t := letterLanguage(row.language)
	words, known := t.Letters[row.kind]
	if !known {
		return booking.Message{}, fmt.Errorf("there is no letter %q", row.kind)
	}
	public, err := url.Parse(l.publicURL)
	if err != nil {
		return booking.Message{}, fmt.Errorf("the public address: %w", err)
	}
	f := letterFacts{Brand: l.brand, Name: greetable(row.name), Host: public.Hostname()}
	if purpose := codePurposes[row.kind]; purpose != "" {
		f.Code = l.codes.Code(purpose, row.proof)
	}
	if row.channel == string(booking.ChannelSMS) {
		text, err := words.SMS.fill(f)
		return booking.Message{NotificationID: row.id, To: row.recipient, Text: text}, err
	}
	w := writtenLetter{letterFacts: f, Language: t.Language, Direction: t.Direction, CodeLabel: t.CodeLabel, Button: words.Button}
	if page, has := letterPages[row.kind]; has {
		w.Link = l.publicURL + page.page
		if page.purpose != "" {
			w.Link += "#token=" + l.codes.Token(page.purpose, row.proof)
		}
	}
	if err := w.fill(row.kind, t, words); err != nil {
		return booking.Message{}, fmt.Errorf("write letter %s: %w", row.kind, err)
	}
	var html, text bytes.Buffer
	if err := letterHTML.Execute(&html, w); err != nil {
		return booking.Message{}, fmt.Errorf("lay out letter %s: %w", row.kind, err)
	}
	if err := letterText.Execute(&text, w); err != nil {
		return booking.Message{}, fmt.Errorf("lay out letter %s as text: %w", row.kind, err)
	}
	return booking.Message{
		NotificationID: row.id, To: row.recipient, ToName: f.Name, Subject: w.Subject, Text: text.String(), HTML: html.String(),
	}, nil
}

func (w *writtenLetter) fill(kind string, t letterTexts, words letterWords) error {
	greeting, footer := t.Greeting, t.Footer
	if w.Name == "" {
		greeting = t.Anonymous
	}
	if page := letterPages[kind]; page.page != "" && page.purpose == "" {
		footer = t.NoticeFooter
	}
	for _, part := range []struct {
		into *string
		text sentence
	}{{&w.Subject, words.Subject}, {&w.Heading, words.Heading}, {&w.Greeting, greeting}, {&w.Footer, footer}} {
		filled, err := part.text.fill(w.letterFacts)
		if err != nil {
			return err
		}
		*part.into = filled
	}
	for _, line := range words.Lines {
		filled, err := line.fill(w.letterFacts)
		if err != nil {
			return err
		}
		w.Lines = append(w.Lines, filled)
	}
	return nil
}
