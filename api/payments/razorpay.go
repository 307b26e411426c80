package payments

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// RazorpayCheckout is the page that runs Razorpay's script, and the customer's way back.
type RazorpayCheckout struct {
	// KeyID is the key's public part.
	KeyID string
	// ScriptURL is Razorpay's script; default https://checkout.razorpay.com/v1/checkout.js.
	ScriptURL string
	// Signed tells whether Razorpay made the return of an order and a payment.
	Signed func(order, paymentID, signature string) bool
}

const (
	razorpayName = "razorpay"
	// linkParameter carries the booking's own key (links.Parameter), as at our other page.
	linkParameter = "key"
	// orderParameter carries the order, which Razorpay does not name after each failure.
	orderParameter = "order"
	razorpayScript = "https://checkout.razorpay.com/v1/checkout.js"
	// razorpayHosts are those that Razorpay's script talks to.
	razorpayHosts = "https://checkout.razorpay.com https://*.razorpay.com"
	// hintTimeout bounds how long a returning browser waits for the provider's answer. The
	// booking's page asks again.
	hintTimeout = 3 * time.Second
)

var (
	razorpayTemplate = template.Must(template.ParseFS(pages, "pages/razorpay.html"))
	razorpayOrder    = regexp.MustCompile(`^order_[0-9A-Za-z]{1,40}$`)
)

// hosts are the hosts that the page may talk to.
func (c *RazorpayCheckout) hosts() string {
	script, err := url.Parse(cmp.Or(c.ScriptURL, razorpayScript))
	if err != nil || script.Host == "checkout.razorpay.com" {
		return razorpayHosts
	}
	return script.Scheme + "://" + script.Host
}

func (s *service) mountRazorpay() {
	if s.Razorpay == nil {
		return
	}
	s.Get("/pay/razorpay/{id}", s.payRazorpay)
	s.Get("/pay/assets/razorpay.js", s.razorpayScript)
	s.Post("/pay/razorpay/return", s.returnRazorpay)
}

// bookingOfOrder finds whose order it is, by our own records.
func (s *service) bookingOfOrder(ctx context.Context, order string) (booking.Booking, error) {
	if !razorpayOrder.MatchString(order) {
		return booking.Booking{}, booking.E(booking.CodeNotFound, "There is no such payment.")
	}
	id, err := s.Payments.BookingOf(ctx, razorpayName, order)
	if err != nil {
		return booking.Booking{}, err
	}
	return s.Bookings.Booking(ctx, id)
}

// payRazorpay is the page that opens Razorpay's checkout. It shows what is paid and nothing else
// of the booking: every browser that knows the order's id may pay it. An order stays payable at
// Razorpay for ever, so the page does not open one that would only be given back.
func (s *service) payRazorpay(w http.ResponseWriter, r *http.Request) error {
	order := mux.Vars(r)["id"]
	b, err := s.bookingOfOrder(r.Context(), order)
	if err != nil {
		return err
	}
	left := time.Until(b.HoldExpiresAt)
	if left <= 0 || !payable(b, order) {
		leadTo(w, bookingPage(r, b.ID, ""))
		return nil
	}
	var body bytes.Buffer
	err = razorpayTemplate.Execute(&body, map[string]any{
		"KeyID": s.Razorpay.KeyID, "Script": cmp.Or(s.Razorpay.ScriptURL, razorpayScript), "Left": max(1, int(left/time.Second)),
		"Order": order, "Booking": b.ID, "Total": b.Quote.Total.String(), "Amount": b.Quote.Total.Amount, "Currency": b.Quote.Total.Currency,
	})
	if err != nil {
		return fmt.Errorf("page to pay at: %w", err)
	}
	hosts := s.Razorpay.hosts()
	header := w.Header()
	// The sources that checkout.js needs. No other page has them.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: "+hosts+"; "+
		"script-src 'self' "+hosts+"; frame-src "+hosts+"; connect-src 'self' "+hosts+"; base-uri 'none'; frame-ancestors 'none'")
	// Some banks' pages come in a window of their own.
	header.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
	header.Set("Cache-Control", "no-store")
	rest.Write(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// payable tells whether the booking waits for the money of this order.
func payable(b booking.Booking, order string) bool {
	return b.Status == booking.StatusHeld && b.Payment != nil && b.Payment.Provider == razorpayName && b.Payment.Reference == order &&
		(b.Payment.Status == booking.PaymentOpen || b.Payment.Status == booking.PaymentFailed)
}

// bookingPage is the address of a booking, with the key that the browser came with.
func bookingPage(r *http.Request, bookingID, query string) string {
	if key := r.URL.Query().Get(linkParameter); key != "" {
		if query != "" {
			query += "&"
		}
		query += linkParameter + "=" + url.QueryEscape(key)
	}
	if query != "" {
		query = "?" + query
	}
	return "/bookings/" + bookingID + query
}

// leadTo sends the browser on, by GET.
func leadTo(w http.ResponseWriter, address string) {
	header := w.Header()
	header.Set("Location", address)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

func (s *service) razorpayScript(w http.ResponseWriter, r *http.Request) error {
	body, err := pages.ReadFile("pages/razorpay.js")
	if err != nil {
		return fmt.Errorf("page to pay at: %w", err)
	}
	rest.WriteCached(w, r, scriptFresh, "text/javascript; charset=utf-8", body)
	return nil
}

// returnRazorpay takes the customer's way back from checkout: a form with the payment, the order
// and a signature, or, of a payment that failed, with an error only. The browser may be another
// one than the one that began, so the booking is found by the order. What the form says proves
// nothing about money: signed, it is a reason to ask the provider, as the booking's page does.
// The customer cannot do anything about a form that is wrong, so the browser is sent on always.
func (s *service) returnRazorpay(w http.ResponseWriter, r *http.Request) error {
	form, err := returnedForm(w, r)
	if err != nil {
		s.Logger.WarnContext(r.Context(), "return from razorpay that cannot be read", "request_id", rest.RequestID(r.Context()), "error", err)
	}
	b, order, err := s.returnedTo(r.Context(), ordersOf(form, r.URL.Query()))
	if err != nil {
		s.Logger.WarnContext(r.Context(), "return from razorpay to no booking", "request_id", rest.RequestID(r.Context()), "error", err)
		leadTo(w, "/")
		return nil
	}
	switch {
	case form.Get("razorpay_order_id") == order && s.Razorpay.Signed(order, form.Get("razorpay_payment_id"), form.Get("razorpay_signature")):
		s.hint(r.Context(), b.ID)
	case form.Get("razorpay_payment_id") != "":
		s.Logger.WarnContext(r.Context(), "return from razorpay with a wrong signature", "request_id", rest.RequestID(r.Context()), "booking", b.ID)
	}
	leadTo(w, bookingPage(r, b.ID, "paid"))
	return nil
}

func returnedForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errors.New("no form") // its text may be a customer's
	}
	return form, nil
}

// ordersOf are the orders that a return may be about, the surest first: a form after a payment
// names it, an error has it in its metadata, if there is any, and our page has put it into the
// address. https://razorpay.com/docs/payments/payment-gateway/callback-url
func ordersOf(form, query url.Values) []string {
	var metadata struct {
		Order string `json:"order_id"`
	}
	// Without metadata, or with some that cannot be read, the address tells.
	_ = json.Unmarshal([]byte(form.Get("error[metadata]")), &metadata)
	return []string{
		form.Get("razorpay_order_id"), metadata.Order, form.Get("error[metadata][order_id]"), query.Get(orderParameter),
	}
}

// returnedTo finds the booking of the first order that is one of ours.
func (s *service) returnedTo(ctx context.Context, orders []string) (booking.Booking, string, error) {
	for _, order := range orders {
		b, err := s.bookingOfOrder(ctx, order)
		if booking.CodeOf(err) != booking.CodeNotFound {
			return b, order, err
		}
	}
	return booking.Booking{}, "", booking.E(booking.CodeNotFound, "There is no such payment.")
}

// hint lets the booking's workflow ask the provider. The customer goes on whatever it answers.
func (s *service) hint(ctx context.Context, bookingID string) {
	ctx, cancel := context.WithTimeout(ctx, hintTimeout)
	defer cancel()
	if err := s.Saga.Update(ctx, bookingID, workflows.UpdateCheck); err != nil {
		s.Logger.InfoContext(ctx, "check after a return from razorpay", "request_id", rest.RequestID(ctx), "booking", bookingID, "error", err)
	}
}
