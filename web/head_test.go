package web_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html/atom"

	"github.com/boxoffice/boxoffice/web"
)

const hostileText = `</script></title><script>alert(1)</script>"'><img src=x onerror=alert(1)> &amp; {{.}} <!--head-->` + "\u2028"

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err, "%q", s)
	return n
}

// described is what a page says in its head, as a browser reads it.
type described struct {
	title, canonical string
	meta             map[string]string // by name or property
	data             []map[string]any
}

func describe(t *testing.T, page string) described {
	t.Helper()
	d := described{meta: map[string]string{}}
	for _, node := range nodesOf(t, page) {
		attributes := map[string]string{}
		for _, attribute := range node.Attr {
			attributes[attribute.Key] = attribute.Val
		}
		switch {
		case node.DataAtom == atom.Title:
			d.title = node.FirstChild.Data
		case node.DataAtom == atom.Meta:
			d.meta[attributes["name"]+attributes["property"]] = attributes["content"]
		case node.DataAtom == atom.Link && attributes["rel"] == "canonical":
			d.canonical = attributes["href"]
		case attributes["type"] == "application/ld+json":
			var data map[string]any
			require.NoError(t, json.Unmarshal([]byte(node.FirstChild.Data), &data), node.FirstChild.Data)
			d.data = append(d.data, data)
		}
	}
	return d
}

func TestHeadOfAMovie(t *testing.T) {
	t.Parallel()
	got := describe(t, ask(serve(t, demo(), built()), "GET", "/movies/dune-part-two").body)
	const address = "https://tickets.example/movies/dune-part-two"
	assert.Equal(t, "Dune: Part Two · Boxoffice", got.title)
	assert.Equal(t, address, got.canonical)
	for name, content := range map[string]string{
		"description": "Paul Atreides unites with the Fremen.", "og:title": "Dune: Part Two",
		"og:description": "Paul Atreides unites with the Fremen.", "og:type": "video.movie", "og:url": address,
		"og:image": "https://posters.example/dune.jpg", "og:site_name": "Boxoffice",
	} {
		assert.Equal(t, content, got.meta[name], name)
	}
	require.Len(t, got.data, 1)
	assert.Equal(t, map[string]any{
		"@context": "https://schema.org", "@type": "Movie", "name": "Dune: Part Two", "url": address,
		"description": "Paul Atreides unites with the Fremen.", "image": "https://posters.example/dune.jpg",
		"datePublished": "2024-03-01", "duration": "PT166M", "genre": []any{"Science fiction"}, "inLanguage": []any{"en"},
		"contentRating": "UA", "aggregateRating": map[string]any{
			"@type": "AggregateRating", "ratingValue": 4.25, "ratingCount": 8.0, "bestRating": 5.0, "worstRating": 1.0,
		},
	}, got.data[0])
}

func TestHeadOfAMovieOfWhichLittleIsKnown(t *testing.T) {
	t.Parallel()
	page := ask(serve(t, known{movie: web.Movie{Slug: "new", Title: "New"}}, built()), "GET", "/movies/new").body
	got := describe(t, page)
	assert.Equal(t, "Shows and tickets for New.", got.meta["description"])
	assert.NotContains(t, page, "og:image")
	require.Len(t, got.data, 1)
	assert.Equal(t, map[string]any{
		"@context": "https://schema.org", "@type": "Movie", "name": "New", "url": "https://tickets.example/movies/new",
	}, got.data[0])
}

func TestHeadOfATheater(t *testing.T) {
	t.Parallel()
	got := describe(t, ask(serve(t, demo(), built()), "GET", "/theaters/aurora").body)
	assert.Equal(t, "https://tickets.example/theaters/aurora", got.canonical)
	assert.Equal(t, "website", got.meta["og:type"])
	assert.Contains(t, got.meta["description"], "1 Main Road")
	require.Len(t, got.data, 1)
	graph, _ := got.data[0]["@graph"].([]any)
	require.Len(t, graph, 2)
	house := map[string]any{
		"@type": "MovieTheater", "name": "Aurora Koramangala", "url": "https://tickets.example/theaters/aurora",
		"address": map[string]any{"@type": "PostalAddress", "streetAddress": "1 Main Road", "addressLocality": "Bengaluru"},
	}
	show := "https://tickets.example/shows/" + anID
	assert.Equal(t, map[string]any{
		"@type": "ScreeningEvent", "name": "Dune: Part Two", "url": show,
		"startDate": "2026-11-06T19:30:00+05:30", "endDate": "2026-11-06T22:30:00+05:30",
		"eventStatus": "https://schema.org/EventScheduled", "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
		"videoFormat": "IMAX", "inLanguage": "en", "location": house,
		"workPresented": map[string]any{"@type": "Movie", "name": "Dune: Part Two", "url": "https://tickets.example/movies/dune-part-two"},
		"offers": []any{
			map[string]any{"@type": "Offer", "name": "standard", "price": "450.50", "priceCurrency": "INR", "url": show},
			map[string]any{"@type": "Offer", "name": "recliner", "price": "900.00", "priceCurrency": "INR", "url": show},
		},
	}, graph[1])
	house["geo"] = map[string]any{"@type": "GeoCoordinates", "latitude": 12.9, "longitude": 77.6}
	assert.Equal(t, house, graph[0])
}

// What people wrote arrives as they wrote it, and nowhere as HTML.
func TestTextsOfAllKindsStayTexts(t *testing.T) {
	t.Parallel()
	for _, title := range []string{
		hostileText, `Say "Cheese" & 'Run'`, "الرسالة", "סרט \u200f(2026)", "君の名は。", "<!-- <script> ]]>", `\u003c/script\u003e`, "a&lt;b",
	} {
		pages := demo()
		pages.movie.Title, pages.movie.Synopsis, pages.movie.Genres, pages.movie.Certificate = title, title, []string{title}, title
		pages.theater.Name, pages.theater.Shows[0].Movie = title, title
		handler := serve(t, pages, built())

		got := describe(t, ask(handler, "GET", "/movies/dune-part-two").body)
		assert.Equal(t, title+" · Boxoffice", got.title)
		assert.Equal(t, title, got.meta["og:title"])
		require.Len(t, got.data, 1, title)
		assert.Equal(t, title, got.data[0]["name"])
		assert.Equal(t, []any{title}, got.data[0]["genre"])

		got = describe(t, ask(handler, "GET", "/theaters/aurora").body)
		assert.Equal(t, title+", Bengaluru", got.meta["og:title"])
		require.Len(t, got.data, 1, title)
		graph, _ := got.data[0]["@graph"].([]any)
		require.Len(t, graph, 2, title)
		screening, _ := graph[1].(map[string]any)
		assert.Equal(t, title, screening["name"])
	}
}

func TestAddressesOfPostersAreNoPrograms(t *testing.T) {
	t.Parallel()
	pages := demo()
	pages.movie.PosterURL = `https://posters.example/"><script>alert(1)</script>.jpg`
	page := ask(serve(t, pages, built()), "GET", "/movies/dune-part-two").body
	assert.Equal(t, pages.movie.PosterURL, describe(t, page).meta["og:image"])
	assert.NotContains(t, page, "<script>alert")
}

func TestLongTextsAreCutBetweenWords(t *testing.T) {
	t.Parallel()
	pages := demo()
	for synopsis, ends := range map[string]string{
		strings.Repeat("Desert power. ", 40):    "Desert power. Desert power.…",
		strings.Repeat("砂の惑星", 100):             "惑星砂の惑…",
		strings.Repeat("short\n\n  text ", 3):   "short text short text short text",
		strings.Repeat("é", 199) + " one more.": strings.Repeat("é", 199) + "…",
	} {
		pages.movie.Synopsis = synopsis
		got := describe(t, ask(serve(t, pages, built()), "GET", "/movies/dune-part-two").body).meta["description"]
		assert.True(t, strings.HasSuffix(got, ends), got)
		assert.LessOrEqual(t, len([]rune(got)), 200)
	}
}

func TestCrawlersFindTheCatalog(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	assert.Contains(t, ask(handler, "GET", "/robots.txt").body, "Sitemap: https://tickets.example/sitemap.xml\n")
	assert.Equal(t, []string{"https://tickets.example/", "https://tickets.example/theaters/aurora", "https://tickets.example/movies/dune-part-two"},
		sitemapOf(t, ask(handler, "GET", "/sitemap.xml").body))
}

// A sitemap of more than 50,000 addresses is refused as a whole.
func TestSitemapOfALargeCatalog(t *testing.T) {
	t.Parallel()
	addresses := sitemapOf(t, ask(serve(t, large{}, built()), "GET", "/sitemap.xml").body)
	require.Len(t, addresses, 50_000)
	assert.Equal(t, "https://tickets.example/movies/m-0", addresses[1], "the most popular are there")
}

type large struct{ known }

func (large) Slugs(context.Context) (s web.Slugs, err error) {
	for i := range 60_000 {
		s.Movies = append(s.Movies, fmt.Sprintf("m-%d", i))
	}
	return s, nil
}

func sitemapOf(t *testing.T, body string) []string {
	t.Helper()
	var read struct {
		XMLName   xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		Locations []string `xml:"url>loc"`
	}
	require.NoError(t, xml.Unmarshal([]byte(body), &read))
	return read.Locations
}
