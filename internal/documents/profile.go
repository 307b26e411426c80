package documents

import (
	"time"

	"github.com/google/uuid"
)

// Profile is what a person has said about what they like, and what they need.
type Profile struct {
	// Version is 0 for a person without a profile. It is not counted from 1: one from before
	// a deletion fits no profile after it.
	Version   int64     `json:"-"`
	ChangedAt time.Time `json:"-"` // by the store's clock

	// Personalization says whether lists may be made from what the person did.
	Personalization Choice `json:"personalization,omitempty"`
	// Genres, Films and People are liked: stated, not concluded. Genres are named as in the
	// catalog.
	Genres []string    `json:"genres,omitempty"`
	Films  []uuid.UUID `json:"films,omitempty"`
	People []string    `json:"people,omitempty"`
	// Languages that the person wants to hear, as BCP 47 tags, the preferred first.
	Languages []string `json:"languages,omitempty"`
	// Subtitles that will do, too, as BCP 47 tags.
	Subtitles []string `json:"subtitles,omitempty"`
	// Certificate is the highest that is shown to this person, as in the catalog; empty for all.
	Certificate string `json:"certificate,omitempty"`
	// Accessibility has codes as in the catalog, all needed.
	Accessibility []string `json:"accessibility,omitempty"`
	// NotForMe has films that are never recommended.
	NotForMe []uuid.UUID `json:"not_for_me,omitempty"`
	// LeftOut has bookings that do not shape what is recommended.
	LeftOut []uuid.UUID `json:"left_out,omitempty"`
}

// Choice is a question that a person may not have answered.
type Choice string

// The answers.
const (
	NotSaid Choice = ""
	On      Choice = "on"
	Off     Choice = "off"
)

// The most entries that lists of a profile have.
const (
	MostStated   = 100
	MostNotForMe = 1000
	MostLeftOut  = 1000
)

// longestTag is in bytes: the catalog has 60 characters for a genre or a certificate.
const longestTag = 240

// Check finds what a store would not take. Code: validation_failed.
func (p Profile) Check() error {
	var wrong problems
	if p.Personalization != NotSaid && p.Personalization != On && p.Personalization != Off {
		wrong.Add("personalization", "Write on or off.")
	}
	wrong.texts("genres", p.Genres, MostStated, longestTag)
	wrong.number("films", len(p.Films), MostStated)
	wrong.texts("people", p.People, MostStated, 200)
	wrong.texts("languages", p.Languages, MostStated, 35)
	wrong.texts("subtitles", p.Subtitles, MostStated, 35)
	wrong.text("certificate", p.Certificate, longestTag)
	wrong.texts("accessibility", p.Accessibility, MostStated, 64)
	wrong.number("not_for_me", len(p.NotForMe), MostNotForMe)
	wrong.number("left_out", len(p.LeftOut), MostLeftOut)
	return wrong.Err()
}

// FirstVersion is the version of a new profile: later than all that were deleted.
func FirstVersion(now time.Time) int64 { return now.UnixMilli() }
