package house

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"
)

// The session style is in the manner of the large vendors' ordering APIs. Each answer has
// status 200 and a result, except for 401, 404 of paths that do not exist, and 5xx.

// The results: numbers that such an API has, as far as public code names them. Those below 5
// and above 92 are this stand-in's own.
const (
	resultOK               = 0
	resultInvalid          = 4 // what is asked for does not exist
	resultUnreachable      = 5
	resultSeatsUnavailable = 8
	resultBookedHold       = 9  // the seats are booked, and the answer failed
	resultBookedSale       = 10 // the same, of a payment
	resultErrorAfter       = 14 // it was done, and something failed after it
	resultRefundRefused    = 39
	resultAlreadyCancelled = 49
	resultNoSession        = 50
	resultNotOnSale        = 51
	resultErrorBefore      = 57 // nothing was done
	resultNoOrder          = 62
	resultValueDiffers     = 69
	resultNoBooking        = 78
	resultCompleting       = 83
	resultLocked           = 92
	resultVersionGone      = 93
)

// results are what refusals of the books are called, where the operation does not say
// otherwise.
var results = map[Kind]int{
	NoShow: resultNoSession, NotOnSale: resultNotOnSale, SeatsTaken: resultSeatsUnavailable, NoSuchSeat: resultInvalid,
	HalfPair: resultInvalid, PriceChanged: resultValueDiffers, NoOrder: resultNoOrder, HoldOver: resultNoOrder,
	AlreadySold: resultLocked, Completing: resultCompleting, NotSold: resultNoBooking, AlreadyCancelled: resultAlreadyCancelled,
	TooLate: resultRefundRefused, Duplicate: resultLocked, Forgotten: resultVersionGone, Failed: resultErrorBefore,
}

func sessionRoutes(s *Server, r *mux.Router) {
	get := func(path, operation string, run sessionRun) {
		r.HandleFunc(path, s.session(operation, run)).Methods(http.MethodGet)
	}
	post := func(path, operation string, run sessionRun) {
		r.HandleFunc(path, s.session(operation, run)).Methods(http.MethodPost)
	}
	get("/sessions", opProgram, sessionProgram)
	get("/seat-plan", opSeats, sessionSeats)
	get("/bookings", opSales, sessionSales)
	get("/order", opState, sessionState)
	post("/order/tickets", opHold, sessionHold)
	post("/order/expiry", opExtend, sessionExtend)
	post("/order/payment", opConfirm, sessionConfirm)
	post("/order/cancel", opRelease, sessionRelease)
	post("/order/refund", opCancel, sessionRefund)
}

// sessionRun does one operation. Its error is a refusal or the data file's.
type sessionRun func(c *call) (sessionAnswer, error)

// sessionAnswer is what all answers have.
type sessionAnswer struct {
	Result  int    `json:"result"`
	Message string `json:"message,omitempty"`
	// SeatsUnavailable are the seats of result 8.
	SeatsUnavailable []sessionPlace `json:"seatsUnavailable,omitempty"`
	Order            *sessionOrder  `json:"order,omitempty"`
	// PollURL is where a payment that is pending is asked about.
	PollURL string `json:"pollUrl,omitempty"`

	CurrencyCode string        `json:"currencyCode,omitempty"`
	Value        []sessionShow `json:"value,omitzero"`
	Version      *int64        `json:"version,omitempty"`
	More         bool          `json:"more,omitempty"`
	Last         string        `json:"last,omitempty"`

	Plan     *sessionPlan   `json:"seatPlan,omitempty"`
	Bookings []sessionOrder `json:"bookings,omitzero"`
	Next     string         `json:"next,omitempty"`
}

// session is the handler of one operation.
func (s *Server) session(operation string, run sessionRun) http.HandlerFunc {
	m := manner{
		style: styleSession, operation: operation,
		failure: func(status int, message string) answer {
			return jsonAnswer(status, map[string]string{"message": message})
		},
		unreachable: func(*call) answer {
			return jsonAnswer(http.StatusOK, sessionAnswer{Result: resultUnreachable, Message: "The cinema cannot be reached."})
		},
		run: func(c *call) (answer, error) {
			if c.request.Header.Get("X-Access-Token") != c.Site.Token {
				return jsonAnswer(http.StatusUnauthorized, map[string]string{"message": "The access token is not valid."}), nil
			}
			said, err := run(c)
			if kind := kindOf(err); kind != "" {
				said, err = c.sessionRefusal(err), nil
			}
			return jsonAnswer(http.StatusOK, said), err
		},
	}
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		s.serve(w, r, m)
	}
}

func jsonAnswer(status int, body any) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // every body is of this package
	}
	return answer{status: status, contentType: "application/json", body: raw}
}

// sessionRefusal is the answer to a refusal of the books.
func (c *call) sessionRefusal(err error) sessionAnswer {
	result, known := results[kindOf(err)]
	if !known {
		result = resultInvalid
	}
	return sessionAnswer{Result: result, Message: err.Error()}
}

// utc writes a time as this style does: UTC, with an offset.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// sessionPlace is the address of a seat.
type sessionPlace struct {
	AreaCode    string `json:"areaCode"`
	RowIndex    int    `json:"rowIndex"`
	ColumnIndex int    `json:"columnIndex"`
}

func placeOf(show *Show, seat string) sessionPlace {
	row, at, _ := show.place(seat)
	return sessionPlace{row.Area, row.Index, at.Column}
}

// seatAt is the books' name of the seat; empty for a place that does not exist.
func seatAt(show *Show, p sessionPlace) string {
	for _, row := range show.Rows {
		for _, seat := range row.Seats {
			if (sessionPlace{row.Area, row.Index, seat.Column}) == p {
				return seatID(row, seat)
			}
		}
	}
	return ""
}

// sessionShow is a session: a show, with its seating.
type sessionShow struct {
	SessionID   string          `json:"sessionId"`
	FilmID      string          `json:"filmId"`
	FilmTitle   string          `json:"filmTitle"`
	RunMinutes  int             `json:"runMinutes"`
	ScreenName  string          `json:"screenName"`
	Showtime    string          `json:"showtimeUtc"`
	End         string          `json:"endUtc"`
	SalesCutOff string          `json:"salesCutOffUtc"`
	Format      string          `json:"format"`
	Language    string          `json:"language"`
	Status      string          `json:"status"` // Open or Cancelled
	Version     string          `json:"version"`
	TicketTypes []sessionTicket `json:"ticketTypes"`
	Rows        []sessionRow    `json:"rows"`
}

type sessionTicket struct {
	Code         string `json:"ticketTypeCode"`
	Description  string `json:"description"`
	PriceInCents int64  `json:"priceInCents"`
}

type sessionRow struct {
	Name           string        `json:"name"`
	AreaCode       string        `json:"areaCode"`
	RowIndex       int           `json:"rowIndex"`
	TicketTypeCode string        `json:"ticketTypeCode"`
	Seats          []sessionSeat `json:"seats"`
}

type sessionSeat struct {
	Name        string  `json:"name"`
	ColumnIndex int     `json:"columnIndex"`
	X           float64 `json:"x"`
	Kind        string  `json:"kind"`
}

var sessionKinds = map[string]string{
	"standard": "Normal", "recliner": "Recliner", "sofa": "Sofa", "wheelchair": "Special", "companion": "Companion",
}

func (c *call) session(show Show) sessionShow {
	status := "Open"
	if show.Cancelled {
		status = "Cancelled"
	}
	out := sessionShow{
		SessionID: show.ID, FilmID: show.Film.ID, FilmTitle: show.Film.Title, RunMinutes: show.Film.Minutes, ScreenName: show.ScreenName,
		Showtime: utc(show.StartsAt), End: utc(show.EndsAt), SalesCutOff: utc(show.OpenUntil),
		Format: show.Film.Format, Language: show.Film.Language, Status: status, Version: strconv.FormatInt(show.Version, 10),
	}
	for _, category := range show.Categories {
		out.TicketTypes = append(out.TicketTypes, sessionTicket{category.ID, category.Name, category.Price})
	}
	for _, row := range show.Rows {
		line := sessionRow{Name: row.Label, AreaCode: row.Area, RowIndex: row.Index, TicketTypeCode: row.Category}
		for _, seat := range row.Seats {
			line.Seats = append(line.Seats, sessionSeat{seat.Name, seat.Column, seat.X, sessionKinds[seat.Type]})
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}
