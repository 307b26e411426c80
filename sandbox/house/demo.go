package house

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Seed makes a site of a running sandbox, or gives it other settings and the shows that it
// lacks; a repeat keeps all that is held and sold. address is the sandbox's own, for example
// http://127.0.0.1:8090.
func Seed(ctx context.Context, client *http.Client, address, site string, settings Settings) error {
	raw, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("seed house %s: %w", site, err)
	}
	at := strings.TrimRight(address, "/") + "/house/" + url.PathEscape(site)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, at, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("seed house %s: %w", site, err)
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("seed house %s: %w", site, err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	switch {
	case err != nil:
		return fmt.Errorf("seed house %s: %w", site, err)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("seed house %s: HTTP %d: %s", site, answer.StatusCode, said)
	}
	return nil
}

func demoCategories() []Category {
	return []Category{
		{ID: "stalls", Name: "Stalls", Price: 1200}, {ID: "gallery", Name: "Gallery", Price: 1500}, {ID: "sofas", Name: "Sofas", Price: 2100},
	}
}

// demoScreens are two rooms. Both have an aisle, a wheelchair space with a companion's seat,
// and a row of sofas.
func demoScreens(categories []Category) []Screen {
	category := func(i int) string { return categories[min(i, len(categories)-1)].ID }
	room := func(id, name string, rows, seats int) Screen {
		screen := Screen{ID: id, Name: name}
		for i := range rows {
			row := demoRow(string(rune('A'+i)), category(2*i/rows), "standard", seats)
			if i == 0 {
				row.Seats[0].Type, row.Seats[1].Type = "wheelchair", "companion"
			}
			screen.Rows = append(screen.Rows, row)
		}
		screen.Rows = append(screen.Rows, demoRow(string(rune('A'+rows)), category(2), "sofa", seats/8*4)) // the aisle parts no pair
		return screen
	}
	return []Screen{room("1", "Room 1", 8, 14), room("2", "Room 2", 5, 10)}
}

func demoRow(label, category, kind string, seats int) Row {
	row := Row{Label: label, Category: category}
	for n := 1; n <= seats; n++ {
		x := float64(n)
		if n > seats/2 {
			x++ // the aisle
		}
		row.Seats = append(row.Seats, Seat{Name: strconv.Itoa(n), X: x, Type: kind})
	}
	return row
}
