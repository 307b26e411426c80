package web

import (
	"bytes"
	"encoding/xml"
	"net/http"

	"github.com/boxoffice/boxoffice/internal/cache"
)

// robots lets search engines read everything: a page that they may not read cannot tell
// them that it is not for them, and the app shows nothing without the API.
func (s *server) robots(w http.ResponseWriter, r *http.Request) {
	body := []byte("User-agent: *\nAllow: /\n\nSitemap: " + s.publicURL + "/sitemap.xml\n")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	serveContent(w, r, askAgain, cache.ETag(body), body)
}

// mostAddresses is the limit of https://www.sitemaps.org/protocol.html for one file. What
// is most popular comes first.
const mostAddresses = 50_000

type sitemap struct {
	XMLName   xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	Addresses []address `xml:"url"`
}

type address struct {
	Location string `xml:"loc"`
}

func (s *server) sitemap(w http.ResponseWriter, r *http.Request) {
	slugs, err := s.pages.Slugs(r.Context())
	if err != nil {
		s.log.WarnContext(r.Context(), "the sitemap cannot be made", "error", err)
		w.Header().Set("Retry-After", "60")
		answerText(w, http.StatusServiceUnavailable, "Try again shortly.\n")
		return
	}
	addresses := []address{{s.publicURL + "/"}}
	for _, slug := range slugs.Theaters {
		addresses = append(addresses, address{s.theaterURL(slug)})
	}
	for _, slug := range slugs.Movies {
		addresses = append(addresses, address{s.movieURL(slug)})
	}
	body := bytes.NewBufferString(xml.Header)
	if err := xml.NewEncoder(body).Encode(sitemap{Addresses: addresses[:min(len(addresses), mostAddresses)]}); err != nil {
		s.log.ErrorContext(r.Context(), "the sitemap cannot be written", "error", err)
		answerText(w, http.StatusInternalServerError, "Something broke on our side.\n")
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	serveContent(w, r, askAgain, cache.ETag(body.Bytes()), body.Bytes())
}
