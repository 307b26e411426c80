package razorpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// client speaks Razorpay's API. Razorpay's own Go client is not used: it turns each failed
// answer into one kind of error without its status, so that a refusal and an unknown outcome look
// the same, and it takes no context. https://razorpay.com/docs/api
type client struct {
	http   *http.Client
	base   string
	id     string
	secret string
}

// maxAnswer bounds what is read of an answer; a list of 100 payments has about 200 kB.
const maxAnswer = 4 << 20

// mostListed is how many objects one list has at most.
const mostListed = 100

func newClient(o Options) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &client{
		http: &http.Client{
			Transport: transport,
			Timeout:   o.Timeout,
			// Razorpay never redirects; following would carry the key elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base:   strings.TrimRight(o.APIURL, "/") + "/v1",
		id:     o.KeyID,
		secret: o.KeySecret,
	}
}

// order is what customers pay; it may have many payments.
type order struct {
	ID        string `json:"id"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Status    string `json:"status"`
	Notes     notes  `json:"notes"`
	CreatedAt int64  `json:"created_at"`
}

// payment is one try of a customer.
type payment struct {
	ID               string `json:"id"`
	Amount           int64  `json:"amount"`
	Currency         string `json:"currency"`
	Status           string `json:"status"`
	OrderID          string `json:"order_id"`
	Captured         bool   `json:"captured"`
	Fee              int64  `json:"fee"`
	ErrorDescription string `json:"error_description"`
	Notes            notes  `json:"notes"`
	CreatedAt        int64  `json:"created_at"`
}

type refund struct {
	ID        string `json:"id"`
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount"`
	Status    string `json:"status"`
}

type dispute struct {
	ID        string `json:"id"`
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount"`
	// Deducted is what was taken from our balance.
	Deducted   int64  `json:"amount_deducted"`
	Status     string `json:"status"`
	Phase      string `json:"phase"`
	ReasonCode string `json:"reason_code"`
}

type list[T any] struct {
	Items []T `json:"items"`
}

// notes are pairs of ours. Empty ones come as a JSON array, and other programs may have put
// numbers there.
type notes map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (n *notes) UnmarshalJSON(raw []byte) error {
	var pairs map[string]any
	if json.Unmarshal(raw, &pairs) != nil {
		*n = nil // an array, which is empty
		return nil
	}
	*n = notes{}
	for name, value := range pairs {
		if text, ok := value.(string); ok {
			(*n)[name] = text
		}
	}
	return nil
}

// refusal is an answer that is no success. Its text stays out of logs and errors.
type refusal struct {
	operation string
	status    int
	code      string
	reason    string
	text      string
}

func (r refusal) Error() string {
	return fmt.Sprintf("razorpay %s: HTTP %d %s %s", r.operation, r.status, r.code, r.reason)
}

// says tells whether the answer's text has one of the phrases: Razorpay has no codes for them.
func (r refusal) says(phrases ...string) bool {
	text := strings.ToLower(r.text)
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}

// errUnreadable is an answer that is not Razorpay's, such as a gateway's page.
var errUnreadable = errors.New("unreadable answer")

// request is one call.
type request struct {
	operation string // in logs
	method    string
	path      string
	query     url.Values
	body      any
	key       string // makes a refund idempotent
}

// do sends a request and reads its answer. An error is a refusal, or nothing is known.
func (c *client) do(ctx context.Context, r request, into any) error {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return fmt.Errorf("razorpay %s: %w", r.operation, err)
		}
		body = bytes.NewReader(raw)
	}
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return fmt.Errorf("razorpay %s: %w", r.operation, err)
	}
	req.SetBasicAuth(c.id, c.secret)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("X-Refund-Idempotency", r.key)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("razorpay %s: %w", r.operation, err)
	}
	defer answer.Body.Close()
	return read(ctx, r.operation, answer, into)
}

func read(ctx context.Context, operation string, answer *http.Response, into any) error {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("razorpay %s: %w", operation, ctx.Err())
	case err != nil || len(raw) > maxAnswer:
		return fmt.Errorf("razorpay %s: %w", operation, errUnreadable)
	}
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		if json.Unmarshal(raw, into) != nil {
			return fmt.Errorf("razorpay %s: %w", operation, errUnreadable)
		}
		return nil
	}
	var said struct {
		Error *struct{ Code, Description, Reason string }
	}
	if json.Unmarshal(raw, &said) != nil || said.Error == nil {
		return fmt.Errorf("razorpay %s: HTTP %d: %w", operation, answer.StatusCode, errUnreadable)
	}
	return refusal{operation, answer.StatusCode, said.Error.Code, said.Error.Reason, said.Error.Description}
}

func (c *client) createOrder(ctx context.Context, body map[string]any) (order, error) {
	var made order
	err := c.do(ctx, request{operation: "create order", method: http.MethodPost, path: "/orders", body: body}, &made)
	return made, named(made.ID, err)
}

func (c *client) ordersByReceipt(ctx context.Context, receipt string) ([]order, error) {
	var found list[order]
	err := c.do(ctx, request{operation: "find order", method: http.MethodGet, path: "/orders", query: url.Values{"receipt": {receipt}}}, &found)
	return found.Items, err
}

func (c *client) order(ctx context.Context, id string) (order, error) {
	var found order
	err := c.do(ctx, request{operation: "get order", method: http.MethodGet, path: "/orders/" + id}, &found)
	return found, named(found.ID, err)
}

func (c *client) paymentsOf(ctx context.Context, orderID string) ([]payment, error) {
	var found list[payment]
	err := c.do(ctx, request{operation: "get payments of order", method: http.MethodGet, path: "/orders/" + orderID + "/payments"}, &found)
	return found.Items, err
}

func (c *client) note(ctx context.Context, orderID string, pairs notes) (order, error) {
	var changed order
	err := c.do(ctx, request{
		operation: "note on order", method: http.MethodPatch, path: "/orders/" + orderID, body: map[string]any{"notes": pairs},
	}, &changed)
	return changed, named(changed.ID, err)
}

func (c *client) payment(ctx context.Context, id string) (payment, error) {
	var found payment
	err := c.do(ctx, request{operation: "get payment", method: http.MethodGet, path: "/payments/" + id}, &found)
	return found, named(found.ID, err)
}

func (c *client) capture(ctx context.Context, p payment) (payment, error) {
	var taken payment
	err := c.do(ctx, request{
		operation: "capture", method: http.MethodPost, path: "/payments/" + p.ID + "/capture",
		body: map[string]any{"amount": p.Amount, "currency": p.Currency},
	}, &taken)
	return taken, named(taken.ID, err)
}

func (c *client) refund(ctx context.Context, paymentID, key string, body map[string]any) (refund, error) {
	var made refund
	err := c.do(ctx, request{
		operation: "refund", method: http.MethodPost, path: "/payments/" + paymentID + "/refund", body: body, key: key,
	}, &made)
	return made, named(made.ID, err)
}

func (c *client) refundsOf(ctx context.Context, paymentID string) ([]refund, error) {
	return all[refund](ctx, c, request{operation: "get refunds of payment", method: http.MethodGet, path: "/payments/" + paymentID + "/refunds"})
}

// disputesSince are the account's disputes; Razorpay lists them by time only.
func (c *client) disputesSince(ctx context.Context, from int64) ([]dispute, error) {
	return all[dispute](ctx, c, request{
		operation: "list disputes", method: http.MethodGet, path: "/disputes", query: url.Values{"from": {strconv.FormatInt(from, 10)}},
	})
}

// all reads a list to its end.
func all[T any](ctx context.Context, c *client, r request) ([]T, error) {
	var found []T
	for {
		page, err := onePage[T](ctx, c, r, len(found), mostListed)
		found = append(found, page...)
		if err != nil || len(page) < mostListed {
			return found, err
		}
	}
}

func onePage[T any](ctx context.Context, c *client, r request, skip, count int) ([]T, error) {
	query := url.Values{"count": {strconv.Itoa(count)}, "skip": {strconv.Itoa(skip)}}
	for name, values := range r.query {
		query[name] = values
	}
	r.query = query
	var page list[T]
	err := c.do(ctx, r, &page)
	return page.Items, err
}

// named makes an answer without an id an unreadable one: some gateways answer 200 and nothing.
func named(id string, err error) error {
	if err == nil && id == "" {
		return errUnreadable
	}
	return err
}
