package api

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// trainedOn is a model's file. Forty people each like the two films of a kind.
func trainedOn(t testing.TB, ids map[string]uuid.UUID) []byte {
	t.Helper()
	data, place := recommend.Data{}, map[string]int32{}
	for _, f := range program() {
		place[f.slug] = int32(len(data.Films))
		data.Films = append(data.Films, recommend.Film{ID: ids[f.slug].String(), Facts: recommend.Facts{Genres: []string{f.genre}, Year: 2020}})
	}
	for person := range 40 {
		for _, kind := range [][]string{{"dune", "arrival"}, {"jawan", "kaithi"}, {"babe", "heidi"}, {"alien", "unrated"}} {
			if person%4 == int(place[kind[0]])%4 {
				data.People = append(data.People, []recommend.Liking{
					{Film: place[kind[0]], At: time.Unix(int64(person), 0)}, {Film: place[kind[1]], At: time.Unix(int64(person)+1, 0)}})
			}
		}
	}
	options := recommend.DefaultOptions()
	options.Lambda = 1
	model, err := recommend.Train(t.Context(), data, options)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, model.Write(&file))
	return file.Bytes()
}
