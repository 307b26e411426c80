package web

import (
	"context"
	_ "embed"
	"html/template"
	"strings"
	"unicode/utf8"
)

//go:embed head.tmpl
var headText string

// The templates escape what they fill in, as HTML and as JSON.
var headTemplates = template.Must(template.New("").Parse(headText))

// head is what one address says about itself. Without a URL it says nothing to messengers
// in which the address is shared.
type head struct {
	Title       string
	Description string
	URL         string // the canonical one
	Type        string // Open Graph's
	Image       string
	NoIndex     bool
	Data        any // JSON-LD
}

func (h head) render() (title, rest string, err error) {
	var first, second strings.Builder
	if err := headTemplates.ExecuteTemplate(&first, "title", h); err != nil {
		return "", "", err
	}
	if err := headTemplates.ExecuteTemplate(&second, "head", h); err != nil {
		return "", "", err
	}
	return first.String(), second.String(), nil
}

// plainHeads are those of pages that are the same for all.
var plainHeads = map[string]head{
	"/":       {Description: "Movie tickets: what is on, where and when. Choose your seats on the map and pay in a minute."},
	"/search": {Title: "Search", Description: "Find movies, theaters and shows."},
	"/about":  {Title: "About", Description: "How booking with Boxoffice works, and what happens to your money and your data."},
}

func (s *server) plainHead(path string) head {
	if strings.HasPrefix(path, "/shows/") {
		// The show is not looked up: the app says when it does not exist.
		return head{Title: "Seats", Description: "The seats of a show on a map: which are free right now, and what they cost."}
	}
	h, there := plainHeads[path]
	if there {
		h.URL, h.Type = s.publicURL+path, "website"
	}
	return h
}

func (s *server) movieHead(ctx context.Context, slug string) (head, bool, error) {
	m, found, err := s.pages.Movie(ctx, slug)
	if err != nil || !found {
		return head{}, found, err
	}
	h := head{
		Title: m.Title, Description: shorten(m.Synopsis), URL: s.movieURL(m.Slug), Type: "video.movie",
		Image: m.PosterURL, Data: s.movieData(m),
	}
	if h.Description == "" {
		h.Description = "Shows and tickets for " + m.Title + "."
	}
	return h, true, nil
}

func (s *server) theaterHead(ctx context.Context, slug string) (head, bool, error) {
	t, found, err := s.pages.Theater(ctx, slug)
	if err != nil || !found {
		return head{}, found, err
	}
	return head{
		Title: t.Name + ", " + t.City, Description: "Shows and tickets at " + t.Name + ", " + t.Address + ".",
		URL: s.theaterURL(t.Slug), Type: "website", Data: s.theaterData(t),
	}, true, nil
}

func (s *server) movieURL(slug string) string   { return s.publicURL + "/movies/" + slug }
func (s *server) theaterURL(slug string) string { return s.publicURL + "/theaters/" + slug }
func (s *server) showURL(id string) string      { return s.publicURL + "/shows/" + id }

// mostDescribed is about what search engines show, in letters.
const mostDescribed = 200

// shorten cuts a text to one line, between words where there are spaces.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= mostDescribed {
		return text
	}
	cut := string([]rune(text)[:mostDescribed-1])
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)/2 {
		cut = cut[:at]
	}
	return cut + "…"
}
