package seatmap

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/shows"
)

func TestTheSeatMapSaysWhenAccessibleSeatsAreReleased(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.AccessibleShow(3 * time.Hour)
	feed := h.feed(h.Bus)
	read := func(show string) (shows.SeatMap, string) {
		feed.Changed(show)
		picture, err := feed.SeatMap(t.Context(), show)
		require.NoError(t, err)
		document, err := picture.Document()
		require.NoError(t, err)
		return picture.SeatMap, document.ETag
	}
	first, tag := read(show)
	require.NotNil(t, first.AccessibleUntil)
	var starts time.Time
	require.NoError(t, h.Pool.QueryRow(t.Context(), `SELECT starts_at FROM shows WHERE id = $1`, show).Scan(&starts))
	assert.True(t, first.AccessibleUntil.Equal(starts.Add(-2*time.Hour)), "%s, %s", first.AccessibleUntil, starts)
	h.Exec(`UPDATE theaters SET accessible_release_minutes = 30`)
	changed, newTag := read(show)
	assert.True(t, changed.AccessibleUntil.Equal(starts.Add(-30*time.Minute)))
	assert.NotEqual(t, tag, newTag)

	plain, _ := read(h.Show())
	assert.Nil(t, plain.AccessibleUntil)
	body, err := json.Marshal(plain)
	require.NoError(t, err)
	assert.NotContains(t, string(body), "accessible_until")
}
