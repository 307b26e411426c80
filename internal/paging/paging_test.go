package paging

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPagesHaveASize(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{-1: 20, 0: 20, 1: 1, 100: 100, 101: 100} {
		assert.Equal(t, want, Size(limit), "%d", limit)
	}
	page, next := Cut([]int{1, 2, 3}, 2, strconv.Itoa)
	assert.Equal(t, []int{1, 2}, page)
	assert.Equal(t, "2", next)
	page, next = Cut([]int{1, 2}, 2, strconv.Itoa)
	assert.Equal(t, []int{1, 2}, page)
	assert.Empty(t, next)
}

// Clients hold cursors over a deploy: these are what released programs gave.
func TestReleasedCursorsAreRead(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("929efa9f-8a68-4279-863e-e85cb3696b81")
	key, err := ReadKey("eyJvIjoidGl0bGUiLCJrIjoiQW3DqWxpZSIsImkiOiI5MjllZmE5Zi04YTY4LTQyNzktODYzZS1lODVjYjM2OTZiODEifQ", "title", func(string) bool { return true })
	require.NoError(t, err)
	assert.Equal(t, Key{"title", "Amélie", id}, key)
	key, err = ReadKey("eyJrIjoiTG90dXMiLCJpIjoiOTI5ZWZhOWYtOGE2OC00Mjc5LTg2M2UtZTg1Y2IzNjk2YjgxIn0", "", func(string) bool { return true })
	require.NoError(t, err)
	assert.Equal(t, Key{"", "Lotus", id}, key)
	at, last, err := ReadLatest("MjAyNi0xMS0yNlQyMDo0NDowMy41WiA5MjllZmE5Zi04YTY4LTQyNzktODYzZS1lODVjYjM2OTZiODE")
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 11, 26, 20, 44, 3, 500_000_000, time.UTC), at)
	assert.Equal(t, id.String(), last)
	offset, err := ReadOffset("NDA", 100)
	require.NoError(t, err)
	assert.Equal(t, 40, offset)
}

func TestForeignCursorsAreRefused(t *testing.T) {
	t.Parallel()
	valid := func(text string) bool { return text != "bad" }
	for _, cursor := range []string{"!", "e30", Key{Order: "title", Text: "x", ID: uuid.New()}.String(), Key{Text: "bad", ID: uuid.New()}.String(), Key{Text: "x"}.String()} {
		_, err := ReadKey(cursor, "", valid)
		assert.Error(t, err, cursor)
	}
	for _, cursor := range []string{"!", "", "eA"} {
		_, _, err := ReadLatest(cursor)
		assert.Error(t, err, cursor)
	}
	for _, cursor := range []string{"!", Offset(-1), Offset(101), "eA"} {
		_, err := ReadOffset(cursor, 100)
		assert.Error(t, err, cursor)
	}
}
