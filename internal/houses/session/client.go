package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// The results, as public code names them.
const (
	resultOK               = 0
	resultInvalid          = 4
	resultUnreachable      = 5
	resultSeatsUnavailable = 8
	resultMayRetry         = 11
	resultNotAdjoining     = 31
	resultRefundRefused    = 39
	resultAlreadyCancelled = 49
	resultNoSession        = 50
	resultNotOnSale        = 51
	resultErrorBefore      = 57 // nothing was done
	resultNoOrder          = 62
	resultRefunded         = 63
	resultValueDiffers     = 69
	resultNoBooking        = 78
	resultCompleting       = 83
	resultLocked           = 92
	resultVersionGone      = 93
)

// maxAnswer bounds what is read of an answer: a page of 50 shows with 500 seats each has
// about 2 MB.
const maxAnswer = 8 << 20

// reply is what every answer may have. Result is missing in what is no answer of the API.
type reply struct {
	Result           *int    `json:"result"`
	SeatsUnavailable []place `json:"seatsUnavailable"`
	Order            *order  `json:"order"`

	CurrencyCode string     `json:"currencyCode"`
	Value        *[]session `json:"value"`
	Version      *int64     `json:"version"`
	More         bool       `json:"more"`
	Last         string     `json:"last"`

	SeatPlan *seatPlan `json:"seatPlan"`
	Bookings *[]order  `json:"bookings"`
	Next     string    `json:"next"`

	date *time.Time // the house's clock, by the Date header
}

func (r *reply) result() int { return *r.Result }

// orderBody is what the calls about an order send.
type orderBody struct {
	OrderID             string   `json:"orderId"`
	PartnerReference    string   `json:"partnerReference,omitempty"`
	SessionID           string   `json:"sessionId,omitempty"`
	Tickets             []ticket `json:"tickets,omitempty"`
	PaymentValueInCents *int64   `json:"paymentValueInCents,omitempty"`
}

func (h *House) post(ctx context.Context, operation, path string, order booking.HouseOrder, body orderBody) (*reply, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("theater, %s: %w", operation, err)
	}
	return h.do(ctx, operation, http.MethodPost, path, bytes.NewReader(raw), order)
}

func (h *House) get(ctx context.Context, operation, path string, query url.Values, order booking.HouseOrder) (*reply, error) {
	return h.do(ctx, operation, http.MethodGet, path+"?"+query.Encode(), nil, order)
}

// do sends one request and reads its answer, which has a result. order is for the log.
func (h *House) do(ctx context.Context, operation, method, path string, body io.Reader, order booking.HouseOrder) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("theater, %s: %w", operation, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Access-Token", h.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := h.http.Do(req)
	if err != nil {
		return nil, h.unreadable(ctx, operation, order, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, h.unreadable(ctx, operation, order, ctx.Err())
	case err != nil:
		return nil, h.unreadable(ctx, operation, order, err)
	case len(raw) > maxAnswer:
		return nil, h.unreadable(ctx, operation, order, errors.New("the answer is too long"))
	case answer.StatusCode != http.StatusOK:
		return nil, h.status(ctx, operation, order, answer)
	}
	var said reply
	if err := json.Unmarshal(raw, &said); err != nil || said.Result == nil {
		return nil, h.unreadable(ctx, operation, order, errors.Join(errors.New("the answer has no result"), err))
	}
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		said.date = &date
	}
	return &said, nil
}

// status sorts an answer that is not of the API: what was done is unknown, unless the status
// says that the request was not taken at all.
func (h *House) status(ctx context.Context, operation string, order booking.HouseOrder, answer *http.Response) error {
	problem := fmt.Errorf("HTTP %d", answer.StatusCode)
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		// The token or the address is wrong: ours to correct, and the booking can go on then.
		h.warn(ctx, operation, order, problem)
		return booking.E(booking.CodeHouseError, "The theater's system did not let us in.").Wrap(problem)
	case http.StatusTooManyRequests:
		h.warn(ctx, operation, order, problem)
		return booking.E(booking.CodeHouseError, "The theater's system is busy.").In(retryAfter(answer)).Wrap(problem)
	}
	return h.unreadable(ctx, operation, order, problem)
}

func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}

// unreadable is every case without an answer that can be understood. The outcome is unknown.
func (h *House) unreadable(ctx context.Context, operation string, order booking.HouseOrder, err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		err = transport.Err // the address has the order's id; the rest is known
	}
	h.warn(ctx, operation, order, err)
	return booking.E(booking.CodeHouseUnavailable, "The theater's system did not answer.").Wrap(err)
}

// refusal sorts a result that is no success, and that the operation does not read otherwise.
// One that is not known may mean that something was done.
func (h *House) refusal(ctx context.Context, operation string, order booking.HouseOrder, said *reply) error {
	problem := fmt.Errorf("result %d", said.result())
	h.warn(ctx, operation, order, problem)
	switch said.result() {
	case resultSeatsUnavailable, resultNotAdjoining:
		return booking.SeatsUnavailable(nil)
	case resultNoSession, resultNotOnSale:
		return booking.E(booking.CodeShowNotOnSale, "The theater does not sell this show.").Wrap(problem)
	case resultValueDiffers:
		return booking.E(booking.CodePriceChanged, "The theater has changed its prices.").Wrap(problem)
	case resultRefundRefused:
		return booking.E(booking.CodeNotCancellable, "The theater does not take these tickets back.").Wrap(problem)
	case resultNoOrder, resultNoBooking:
		return booking.E(booking.CodeNotFound, "The theater has no such order.").Wrap(problem)
	case resultInvalid, resultAlreadyCancelled, resultRefunded:
		return booking.E(booking.CodeHouseRefused, "The theater refused the request.").Wrap(problem)
	case resultErrorBefore, resultMayRetry:
		return booking.E(booking.CodeHouseError, "The theater's system reported a failure of its own.").Wrap(problem)
	}
	// Among these: the theater cannot be reached from its vendor's system (5), the seats are
	// booked or the money was taken though the answer failed (9, 10, 14), and another request
	// is under way (83, 92).
	return booking.E(booking.CodeHouseUnavailable, "The theater's system does not know the outcome.").Wrap(problem)
}

func (h *House) warn(ctx context.Context, operation string, order booking.HouseOrder, err error) {
	h.log.LogAttrs(ctx, slog.LevelWarn, "theater's system: no success", slog.String("operation", operation),
		slog.String("booking", order.BookingID), slog.Any("error", err))
}
