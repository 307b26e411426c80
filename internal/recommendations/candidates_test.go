package recommendations

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
)

// largeCity is a program of films that have many shows each, by turns in Hindi and in Tamil, of which
// every third has captions.
func largeCity(films, shows int) *program {
	p := &program{readAt: time.Now()}
	start := time.Date(2027, 1, 8, 9, 0, 0, 0, time.UTC)
	for range films {
		f := film{Film: recommend.Film{ID: uuid.NewString()}, card: Movie{Certificate: "CBFC U"}}
		for i := range shows {
			at := start.Add(time.Duration(i) * time.Hour)
			f.shows = append(f.shows, &showing{
				Show:  Show{ID: uuid.New(), Theater: Theater{ID: uuid.New()}, StartsAt: at, Language: []string{"hi", "ta"}[i%2], PriceFrom: booking.Money{Amount: 20000, Currency: "INR"}},
				local: at, day: at.Format(time.DateOnly), free: 2, captions: i%3 == 0,
			})
		}
		p.films = append(p.films, f.counted())
	}
	return p
}

func TestCandidatesHaveTheShowsThatFit(t *testing.T) {
	t.Parallel()
	city := largeCity(2, 48)
	for _, c := range []struct {
		name      string
		profile   documents.Profile
		day       string
		shows     int
		languages []string
	}{
		{"all", documents.Profile{}, "", 48, []string{"hi", "ta"}},
		{"of a day", documents.Profile{}, "2027-01-09", 24, []string{"hi", "ta"}},
		{"of a language", documents.Profile{Languages: []string{"ta"}}, "", 24, []string{"ta"}},
		{"with captions", documents.Profile{Accessibility: []string{"captions"}}, "", 16, []string{"hi", "ta"}},
		{"of a day and a language, with captions", documents.Profile{Languages: []string{"ta"}, Accessibility: []string{"captions"}}, "2027-01-08", 2, []string{"ta"}},
		{"of another day", documents.Profile{}, "2027-02-01", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list, films := (&person{id: uuid.New(), profile: c.profile}).candidates(city, c.day)
			if c.shows == 0 {
				assert.Empty(t, list)
				return
			}
			require.Len(t, list, 2)
			for _, candidate := range list {
				assert.Len(t, films[candidate.ID].shows, c.shows)
				assert.Equal(t, 2*c.shows, candidate.Free)
				assert.ElementsMatch(t, c.languages, candidate.Languages, "each once")
				assert.Equal(t, films[candidate.ID].shows[0].StartsAt, candidate.Opens)
			}
		})
	}
	assert.Len(t, city.films[0].shows, 48, "a program never changes")
}

// A list of a large city must not be slow because of shows that are in no list.
func BenchmarkCandidates(b *testing.B) {
	city := largeCity(60, 200)
	for _, profile := range []documents.Profile{{}, {Languages: []string{"ta"}, Accessibility: []string{"captions"}}} {
		p := &person{id: uuid.New(), profile: profile}
		b.Run(fmt.Sprint(len(profile.Languages)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, films := p.candidates(city, "")
				for _, f := range city.films[:10] {
					choose(recommend.Habits{}, films[f.ID].shows, nil)
				}
			}
		})
	}
}
