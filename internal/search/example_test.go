package search_test

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/search"
)

// A title is found by its sound, with a typo, and without its accents.
func ExampleIndex_Search() {
	index := search.Build(search.Snapshot{Movies: []search.Movie{
		{ID: uuid.New(), Slug: "amelie", Title: "Amélie", OriginalTitle: "Le Fabuleux Destin d'Amélie Poulain", Year: 2001},
		{ID: uuid.New(), Slug: "solaris", Title: "Солярис", Aliases: []string{"Solaris"}, Year: 1972},
		{ID: uuid.New(), Slug: "the-godfather-part-ii", Title: "The Godfather Part II", Year: 1974},
	}})
	for _, text := range []string{"amelei", "solaris", "godfather 2"} {
		fmt.Println(text, "→", index.Search(search.Query{Text: text}).Items[0].Slug)
	}
	// Output:
	// amelei → amelie
	// solaris → solaris
	// godfather 2 → the-godfather-part-ii
}
