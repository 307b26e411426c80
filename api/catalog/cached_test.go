package catalog

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Everything that may be asked makes a difference.
func TestCacheKeysDifferForEveryParameter(t *testing.T) {
	t.Parallel()
	for _, rd := range []*read{readHome, readCities, readMovies, readMovie, readMovieShows, readTheaters, readTheater, readTheaterShows, readShow} {
		keys := map[string]bool{(&question{read: rd}).key(1): true, (&question{read: rd}).key(2): true, (&question{read: rd, id: "x"}).key(1): true}
		for i := range rd.params {
			values := make([]string, len(rd.params))
			values[i] = "x"
			keys[(&question{read: rd, values: values}).key(1)] = true
		}
		assert.Len(t, keys, 3+len(rd.params), rd.name)
		assert.Equal(t, (&question{read: rd}).key(1), (&question{read: rd, values: make([]string, len(rd.params))}).key(1), rd.name)
	}
	assert.Panics(t, func() { (&question{read: readMovie}).get("city") }, "an answer depends only on its key")
}
