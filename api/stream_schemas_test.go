package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eventSchema is what the document says of one event of a stream.
func eventSchema(t *testing.T, path string) *openapi3.Schema {
	t.Helper()
	served, err := Document()
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	content := document.Paths.Find(path).Get.Responses.Status(http.StatusOK).Value.Content
	require.Contains(t, content, "text/event-stream")
	return content["text/event-stream"].Schema.Value
}

// asDocumented is an event as the document describes it.
func asDocumented(t *testing.T, event [3]string) map[string]any {
	t.Helper()
	var data any
	require.NoError(t, json.Unmarshal([]byte(event[2]), &data), event[2])
	return map[string]any{"event": event[0], "id": event[1], "data": data}
}

// The document and the streams tell of the same events: clients make their types from it.
func TestEventsOfSeatsAreAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	schema := eventSchema(t, "/v1/shows/{id}/seats/stream")
	path := "/v1/shows/" + w.show + "/seats/stream"
	events := w.watch(t, "", path)
	seen := map[string]int{}
	check := func(event [3]string) [3]string {
		t.Helper()
		seen[event[0]]++
		require.NoError(t, schema.VisitJSON(asDocumented(t, event)), "%v", event)
		return event
	}
	first := check(next(t, events))
	b := w.book(t, w.customer, "k", "A01") // held
	check(next(t, events))
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/payment/check", status: http.StatusOK})
	check(next(t, events)) // sold
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: http.StatusOK})
	check(next(t, events)) // released
	every := check(next(t, w.watch(t, "", path, first[1]+"x")))
	assert.Equal(t, "seats", every[0], "the state of every seat, for a client of another server")
	w.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, w.show)
	check(next(t, events))
	assert.Equal(t, map[string]int{"snapshot": 2, "seats": 4}, seen)

	// The schema tells the events apart, and takes no other.
	for _, wrong := range []string{strings.Replace(every[2], "released", "freed", 1), first[2], `[]`} {
		assert.Error(t, schema.VisitJSON(asDocumented(t, [3]string{"seats", "1", wrong})), wrong)
	}
	assert.Error(t, schema.VisitJSON(asDocumented(t, [3]string{"changes", "1", every[2]})))
}

func TestEventsOfABookingAreAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	schema := eventSchema(t, "/v1/bookings/{id}/stream")
	b := w.book(t, w.customer, "k", "A01")
	events := w.watch(t, w.customer, "/v1/bookings/"+b.ID+"/stream")
	first := next(t, events)
	require.NoError(t, schema.VisitJSON(asDocumented(t, first)), "%v", first)
	w.pay(t, b.Payment.Reference, "pm_card_visa")
	w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/payment/check", status: http.StatusOK})
	for {
		event := next(t, events)
		require.NoError(t, schema.VisitJSON(asDocumented(t, event)), "%v", event)
		if strings.Contains(event[2], `"status":"confirmed"`) && strings.Contains(event[2], `"ticket"`) {
			break
		}
	}
	assert.Error(t, schema.VisitJSON(asDocumented(t, [3]string{"snapshot", "1", first[2]})))
	assert.Error(t, schema.VisitJSON(asDocumented(t, [3]string{"booking", "1", strings.Replace(first[2], `"quote"`, `"price"`, 1)})))
}
