package search

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/search/judged"
)

// films are the real titles. Without the file the test is skipped, and says so.
func films(t testing.TB) []judged.Film {
	t.Helper()
	list, err := judged.Films()
	if errors.Is(err, judged.ErrNoFilms) {
		t.Skip("NOT JUDGED:", err)
	}
	require.NoError(t, err)
	return list
}

// moviesOf makes catalog movies of films; their slugs are their places.
func moviesOf(list []judged.Film) []Movie {
	out := make([]Movie, len(list))
	for i, f := range list {
		out[i] = Movie{
			ID: uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "film %d", i)), Title: f.Title,
			Slug: fmt.Sprint(i), Year: f.Year, Genres: f.Genres, Languages: []string{"en"},
		}
		for _, c := range f.Cast {
			out[i].Credits = append(out[i].Credits, Credit{Name: c, Job: "actor"})
		}
	}
	return out
}
