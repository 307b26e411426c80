package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

const password = "correct horse battery staple"

// phones counts through the numbers that Ofcom reserves for drama, 07700 900000
// to 900999, so that every customer of a test has an inbox of their own.
var phones atomic.Int64

// Customer is a client with an account, at one replica of the API.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Phone string `json:"phone"`

	api     string
	session *session
	witness *witness
}

// session is what a customer's devices share. Tokens live for minutes, and some
// customers stay longer.
type session struct {
	mu                     sync.Mutex
	email, password, token string
}

func (s *session) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

// Register makes an account and logs in.
func Register(ctx context.Context, api string, seen *witness) (*Customer, error) {
	c := &Customer{api: api, session: &session{}, witness: seen}
	name := strings.ToLower(rand.Text()[:12])
	account := map[string]string{
		"email": name + "@customers.example", "password": password, "name": "Customer " + name,
		"phone": fmt.Sprintf("+447700900%03d", phones.Add(1)%1000),
	}
	if _, err := c.call(ctx, http.MethodPost, "/v1/accounts", account, c); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	return c, c.login(ctx, c.Email, password)
}

// Login logs in to an existing account.
func Login(ctx context.Context, api, email, password string) (*Customer, error) {
	c := &Customer{api: api, Email: email, session: &session{}, witness: newWitness()}
	return c, c.login(ctx, email, password)
}

func (c *Customer) login(ctx context.Context, email, password string) error {
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	_, err := send(ctx, request{method: http.MethodPost, address: c.api + "/v1/sessions",
		body: map[string]string{"email": email, "password": password}}, &tokens)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.session.email, c.session.password, c.session.token = email, password, tokens.AccessToken
	return nil
}

// At is the same customer, talking to another replica.
func (c *Customer) At(api string) *Customer {
	there := *c
	there.api = api
	return &there
}

// call makes a request as this customer, who logs in again when the token is too
// old.
func (c *Customer) call(ctx context.Context, method, path string, body, out any, header ...string) (Answer, error) {
	answer, err := c.callOnce(ctx, method, path, body, out, header...)
	c.session.mu.Lock()
	email, password := c.session.email, c.session.password
	c.session.mu.Unlock()
	if StatusOf(err) != http.StatusUnauthorized || email == "" {
		return answer, err
	}
	if err := c.login(ctx, email, password); err != nil {
		return answer, err
	}
	return c.callOnce(ctx, method, path, body, out, header...)
}

func (c *Customer) callOnce(ctx context.Context, method, path string, body, out any, header ...string) (Answer, error) {
	headers := map[string]string{}
	if token := c.session.current(); token != "" {
		headers["Authorization"] = "Bearer " + token
	}
	for i := 0; i+1 < len(header); i += 2 {
		headers[header[i]] = header[i+1]
	}
	return send(ctx, request{method: method, address: c.api + path, header: headers, body: body}, out)
}

// Order is the body of a request to book.
type Order struct {
	ShowID  string       `json:"show_id"`
	Seats   []string     `json:"seats"`
	Payment OrderPayment `json:"payment"`
}

// OrderPayment chooses the provider.
type OrderPayment struct {
	Provider string `json:"provider"`
}

// For orders seats of a show, to be paid with Stripe.
func For(show string, seats ...string) Order { return ForWith("stripe", show, seats...) }

// ForWith orders seats of a show, to be paid with a provider.
func ForWith(provider, show string, seats ...string) Order {
	return Order{ShowID: show, Seats: seats, Payment: OrderPayment{Provider: provider}}
}

// Book holds seats under a key of the caller's choice.
func (c *Customer) Book(ctx context.Context, key string, order any) (booking.Booking, Answer, error) {
	var b booking.Booking
	answer, err := c.call(ctx, http.MethodPost, "/v1/bookings", order, &b, "Idempotency-Key", key)
	if err == nil {
		c.witness.saw(c, b)
	}
	return b, answer, err
}

// Booking reads one booking.
func (c *Customer) Booking(ctx context.Context, id string) (booking.Booking, error) {
	return c.about(ctx, http.MethodGet, "/v1/bookings/"+id, nil)
}

// Cancel lets a hold go, or cancels what was bought.
func (c *Customer) Cancel(ctx context.Context, id string) (booking.Booking, error) {
	return c.about(ctx, http.MethodPost, "/v1/bookings/"+id+"/cancel", map[string]string{"reason": "Changed plans."})
}

// CheckPayment is what the browser does when it comes back from the checkout.
func (c *Customer) CheckPayment(ctx context.Context, id string) (booking.Booking, error) {
	return c.about(ctx, http.MethodPost, "/v1/bookings/"+id+"/payment/check", nil)
}

// ReopenPayment asks for a new payment of the same booking.
func (c *Customer) ReopenPayment(ctx context.Context, id string) (booking.Booking, error) {
	return c.about(ctx, http.MethodPost, "/v1/bookings/"+id+"/payment", OrderPayment{Provider: "stripe"})
}

func (c *Customer) about(ctx context.Context, method, path string, body any) (booking.Booking, error) {
	var b booking.Booking
	_, err := c.call(ctx, method, path, body, &b)
	if err == nil {
		c.witness.saw(c, b)
	}
	return b, err
}

// Persist does what a good client does: it asks again while the answer is "try
// again shortly", when that answer says (Retry-After, RFC 9110, section 10.2.3), or
// none at all. Every call it is used with may be repeated.
func Persist(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if status := StatusOf(err); err == nil || status != 0 && status != http.StatusServiceUnavailable {
			return err
		}
		select {
		case <-time.After(comeBackIn(err)):
		case <-ctx.Done():
			return err
		}
	}
}

// comeBackIn is when to ask again.
func comeBackIn(err error) time.Duration {
	var problem *Problem
	if errors.As(err, &problem) {
		if seconds, err := strconv.Atoi(problem.Header.Get("Retry-After")); err == nil {
			return time.Duration(seconds) * time.Second
		}
	}
	return 200 * time.Millisecond
}

// Get reads anything else.
func (c *Customer) Get(ctx context.Context, path string, out any) (Answer, error) {
	return c.call(ctx, http.MethodGet, path, nil, out)
}

// SeatMap is a show's seats at a moment.
type SeatMap struct {
	ShowID  string         `json:"show_id"`
	Version int64          `json:"version"`
	Layout  booking.Layout `json:"layout"`
	Held    []string       `json:"held"`
	Sold    []string       `json:"sold"`
	Paused  bool           `json:"paused"`
}

// Seats reads a show's seats. It takes no log-in.
func Seats(ctx context.Context, api, show string) (SeatMap, error) {
	var seats SeatMap
	_, err := send(ctx, request{method: http.MethodGet, address: api + "/v1/shows/" + show + "/seats"}, &seats)
	return seats, err
}

// NewKey makes an Idempotency-Key.
func NewKey() string { return rand.Text() }
