package search

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/search/judged"
)

// corpus is a small catalog with the names that are hard: other scripts,
// numbers, initials, films of one name.
var corpus = sync.OnceValue(func() []Movie {
	raw, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		panic(err)
	}
	var list []struct {
		Slug          string   `json:"slug"`
		Title         string   `json:"title"`
		OriginalTitle string   `json:"original_title"`
		Aliases       []string `json:"aliases"`
		Year          int      `json:"year"`
		Popularity    float64  `json:"popularity"`
		Genres        []string `json:"genres"`
		Languages     []string `json:"languages"`
		Certificate   string   `json:"certificate"`
		Credits       []Credit `json:"credits"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		panic(err)
	}
	movies := make([]Movie, len(list))
	for i, m := range list {
		movies[i] = Movie{
			ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(m.Slug)), Slug: m.Slug, Title: m.Title,
			OriginalTitle: m.OriginalTitle, Aliases: m.Aliases, Year: m.Year, Popularity: m.Popularity,
			Genres: m.Genres, Languages: m.Languages, Certificate: m.Certificate, Credits: m.Credits,
		}
	}
	return movies
})

// written is a query made by hand. Any of Want may come first; a name after @
// is a person's. Nothing wanted means that nothing may be found.
type written struct {
	Kind  string   `json:"kind"`
	Query string   `json:"query"`
	Want  []string `json:"want"`
}

func writtenQueries(t *testing.T) []written {
	raw, err := os.ReadFile("testdata/judged.json")
	require.NoError(t, err)
	var list []written
	require.NoError(t, json.Unmarshal(raw, &list))
	return list
}

// right says whether an answer is what was wanted, and shows what it was.
func (w written) right(a Answer) (bool, string) {
	var got, all []string
	for _, p := range a.People {
		all = append(all, "@"+p.Name)
	}
	for _, m := range a.Items {
		all = append(all, m.Slug)
	}
	shown := fmt.Sprintf("%v, did you mean %q", all[:min(6, len(all))], a.DidYouMean)
	if len(w.Want) == 0 {
		return len(all)+len(a.Theaters) == 0, shown
	}
	if strings.HasPrefix(w.Want[0], "@") {
		for _, p := range a.People[:min(1, len(a.People))] {
			got = append(got, "@"+p.Name)
		}
	} else {
		for _, m := range a.Items[:min(1, len(a.Items))] {
			got = append(got, m.Slug)
		}
	}
	return len(got) == 1 && slices.Contains(w.Want, got[0]), shown
}

func TestWritten(t *testing.T) {
	t.Parallel()
	x := Build(Snapshot{Movies: corpus()})
	counts := map[string]*judged.Verdict{}
	for _, w := range writtenQueries(t) {
		right, shown := w.right(x.Search(Query{Text: w.Query}))
		if counts[w.Kind] == nil {
			counts[w.Kind] = &judged.Verdict{}
		}
		counts[w.Kind].Queries++
		if right {
			counts[w.Kind].First++
		}
		assert.True(t, right, "%s %q wanted %v, got %s", w.Kind, w.Query, w.Want, shown)
	}
	for kind, v := range counts {
		t.Logf("%-16s %3d queries  @1 %.3f", kind, v.Queries, v.At1())
	}
}
