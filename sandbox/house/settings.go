package house

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Settings are what a site is made of: the body of PUT /house/{site}.
type Settings struct {
	// Style is the wire that the site speaks: "session" or "office".
	Style    string `json:"style"`
	Name     string `json:"name"`
	TimeZone string `json:"time_zone"` // IANA
	Currency string `json:"currency"`  // ISO 4217, one with two decimals
	// Token opens the session style; User and Password, the ticket-office style.
	Token    string `json:"token,omitempty"`
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
	// HoldMinutes is how long a hold lasts; default 10.
	HoldMinutes int `json:"hold_minutes,omitempty"`
	// SalesEndMinutes is how long before its start a show is sold for the last time.
	SalesEndMinutes int `json:"sales_end_minutes,omitempty"`
	// CancelMinutes is how long before the start a sale can be cancelled for the last time.
	CancelMinutes int `json:"cancel_minutes,omitempty"`
	// CachedSeconds is the age up to which the session style answers for seats from a cache.
	CachedSeconds int        `json:"cached_seconds,omitempty"`
	Categories    []Category `json:"categories,omitempty"` // default: three
	Screens       []Screen   `json:"screens,omitempty"`    // default: two
	Films         []Film     `json:"films"`
	// Times are when shows start, by the site's clock, as "15:04"; default five a day.
	Times []string `json:"times,omitempty"`
	// Days is for how many days there are shows, today among them; default 10. Shows that
	// exist stay as they are.
	Days int `json:"days,omitempty"`
}

// Category is a price category. Price is in cents.
type Category struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Price int64  `json:"price"`
}

// Film is what is shown.
type Film struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes"`
	// Format and Language are of its shows; default "2D" and "en".
	Format   string `json:"format,omitempty"`
	Language string `json:"language,omitempty"`
}

// Screen is a room with its seating, the row nearest to the screen first.
type Screen struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Rows []Row  `json:"rows"`
}

// Row is a row of seats of one category. Area and Index name it at the session style; by
// default the category's number with ten digits, and its place counted from the screen.
type Row struct {
	Label    string `json:"label"`
	Category string `json:"category"`
	Area     string `json:"area,omitempty"`
	Index    int    `json:"index,omitempty"`
	Seats    []Seat `json:"seats"`
}

// Seat is a place. Column names it at the session style, by default its place in the row.
// Type is one of standard, recliner, sofa, wheelchair and companion. A row's sofa seats are
// pairs in their order, and only sold as such.
type Seat struct {
	Name   string  `json:"name"` // as printed, without the row
	Column int     `json:"column,omitempty"`
	X      float64 `json:"x,omitempty"` // in seat widths; default the column
	Type   string  `json:"type,omitempty"`
}

// seatID is how the books name a seat: "C7".
func seatID(row Row, seat Seat) string { return row.Label + seat.Name }

var (
	seatTypes = []string{"standard", "recliner", "sofa", "wheelchair", "companion"}
	// notCents are the currencies whose minor unit is not a hundredth (ISO 4217).
	notCents = []string{
		"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
		"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", "CLF", "UYW",
	}
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
	plainID      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
)

// complete fills in what is left out and names the first field that is wrong.
func (s *Settings) complete() (field, message string) {
	if field, message := s.completeSite(); field != "" {
		return field, message
	}
	if len(s.Categories) == 0 {
		s.Categories = demoCategories()
	}
	if len(s.Screens) == 0 {
		s.Screens = demoScreens(s.Categories)
	}
	if len(s.Times) == 0 {
		s.Times = []string{"10:15", "13:30", "16:45", "20:00", "22:45"}
	}
	for i := range s.Films {
		s.Films[i].Format, s.Films[i].Language = cmp.Or(s.Films[i].Format, "2D"), cmp.Or(s.Films[i].Language, "en")
		if !plainID.MatchString(s.Films[i].ID) || s.Films[i].Title == "" || s.Films[i].Minutes < 1 || s.Films[i].Minutes > 600 {
			return fmt.Sprintf("films[%d]", i), "needs an id of letters, digits, _ and -, a title, and 1 to 600 minutes"
		}
	}
	for i, at := range s.Times {
		if _, err := time.Parse("15:04", at); err != nil {
			return fmt.Sprintf("times[%d]", i), `must be a time such as "20:00"`
		}
	}
	for i, c := range s.Categories {
		if c.ID == "" || c.Price < 1 {
			return fmt.Sprintf("categories[%d]", i), "needs an id and a price in cents"
		}
	}
	return s.completeScreens()
}

func (s *Settings) completeSite() (field, message string) {
	if s.HoldMinutes == 0 {
		s.HoldMinutes = 10
	}
	if s.Days == 0 {
		s.Days = 10
	}
	_, err := time.LoadLocation(s.TimeZone)
	switch {
	case s.Style != styleSession && s.Style != styleOffice:
		return "style", "must be session or office"
	case s.TimeZone == "" || err != nil:
		return "time_zone", "must be an IANA time zone"
	case !currencyCode.MatchString(s.Currency) || slices.Contains(notCents, s.Currency):
		return "currency", "must be a currency with two decimals"
	case s.Style == styleSession && s.Token == "":
		return "token", "is required for the style session"
	case s.Style == styleOffice && (s.User == "" || s.Password == ""):
		return "user", "and a password are required for the style office"
	case s.HoldMinutes < 1 || s.HoldMinutes > 24*60:
		return "hold_minutes", "must be between 1 and 1440"
	case s.SalesEndMinutes < 0 || s.CancelMinutes < 0 || s.CachedSeconds < 0:
		return "sales_end_minutes", "cancel_minutes and cached_seconds must not be negative"
	case s.Days < 0 || s.Days > 60:
		return "days", "must be between 1 and 60"
	case len(s.Films) == 0:
		return "films", "must have one at least"
	}
	s.Name = cmp.Or(s.Name, "The simulated theater")
	return "", ""
}

func (s *Settings) completeScreens() (field, message string) {
	for i := range s.Screens {
		screen := &s.Screens[i]
		at := fmt.Sprintf("screens[%d]", i)
		screen.Name = cmp.Or(screen.Name, screen.ID)
		if !plainID.MatchString(screen.ID) {
			return at, "needs an id of letters, digits, _ and -"
		}
		seen := map[string]bool{}
		for j := range screen.Rows {
			if message := s.completeRow(&screen.Rows[j], j, seen); message != "" {
				return at + ".rows[" + strconv.Itoa(j) + "]", message
			}
		}
		if len(seen) == 0 {
			return at, "has no seats"
		}
	}
	return "", ""
}

func (s *Settings) completeRow(row *Row, place int, seen map[string]bool) (message string) {
	category := slices.IndexFunc(s.Categories, func(c Category) bool { return c.ID == row.Category })
	if category < 0 {
		return "has a category that is not among the categories"
	}
	row.Area = cmp.Or(row.Area, fmt.Sprintf("%010d", category+1))
	row.Index = cmp.Or(row.Index, place+1)
	sofas := 0
	for k := range row.Seats {
		seat := &row.Seats[k]
		seat.Column = cmp.Or(seat.Column, k+1)
		seat.X = cmp.Or(seat.X, float64(seat.Column))
		seat.Type = cmp.Or(seat.Type, "standard")
		id := seatID(*row, *seat)
		switch {
		case row.Label == "" || seat.Name == "":
			return "needs a label, and a name for each seat"
		case seen[id]:
			return "has seat " + id + " a second time"
		case !slices.Contains(seatTypes, seat.Type):
			return "has a seat type that is none of standard, recliner, sofa, wheelchair and companion"
		case seat.Type == "sofa":
			sofas++
		}
		seen[id] = true
	}
	if sofas%2 != 0 {
		return "has half a sofa"
	}
	return ""
}
