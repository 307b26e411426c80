package sandbox

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// razorpayScript stands in for https://checkout.razorpay.com/v1/checkout.js.
//
//go:embed templates/razorpay_checkout.js
var razorpayScript []byte

// razorpayReturnScript sends the browser from the hosted page back to the merchant.
//
//go:embed templates/razorpay_return.js
var razorpayReturnScript []byte

// razorpayCheckoutPage is what the hosted page shows.
type razorpayCheckoutPage struct {
	Order  *razorpayOrder
	Amount string
	Name   string
	About  string
	Cards  []razorpayCard
	Card   string
	Action string // where the forms go
	Cancel string // empty inside a frame
	Error  string
	// Failed is what goes to Callback when the customer gives up after a try that failed.
	Failed []razorpayField
	// Until is when the merchant's timeout ends, in milliseconds of Unix time; 0 without one.
	Until int64

	// Payment is the try that waits for the customer's one-time password.
	Payment string
	// Callback and Return are set once the order is paid.
	Callback string
	Return   *razorpayReturn
	Framed   bool
}

// razorpayField is a field of a form.
type razorpayField struct{ Name, Value string }

// failure is what checkout posts of a try that failed: an error without the order's own field
// and without a signature. https://razorpay.com/docs/payments/payment-gateway/callback-url
func (p *razorpayPayment) failure() []razorpayField {
	metadata := mustJSON(map[string]any{"payment_id": p.ID, "order_id": p.order()})
	return []razorpayField{
		{"error[code]", *p.ErrorCode}, {"error[description]", *p.ErrorDescription}, {"error[source]", *p.ErrorSource},
		{"error[step]", *p.ErrorStep}, {"error[reason]", *p.ErrorReason}, {"error[metadata]", string(metadata)},
	}
}

func (a *razorpayAPI) pageRoutes(r *mux.Router) {
	script := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(body)
		}
	}
	r.HandleFunc("/razorpay/v1/checkout.js", script(razorpayScript)).Methods("GET")
	r.HandleFunc("/razorpay/assets/return.js", script(razorpayReturnScript)).Methods("GET")
	r.HandleFunc("/razorpay/checkout/{id}", a.serveCheckout).Methods("GET", "HEAD")
	r.HandleFunc("/razorpay/checkout/{id}", a.servePay).Methods("POST")
}

// page reads the order for a page; nil and answered when it does not exist.
func (a *razorpayAPI) page(w http.ResponseWriter, req *http.Request) (*razorpayCheckoutPage, *storedRazorpayOrder) {
	var o *storedRazorpayOrder
	var paid *razorpayPayment
	err := a.store.view(func(t *tx) (err error) {
		if o, err = razorpayFind[storedRazorpayOrder](t, bucketRazorpayOrders, "order", mux.Vars(req)["id"]); err != nil {
			return err
		}
		if takes, err := o.takes(t); err != nil || takes {
			return err
		}
		paid, err = razorpayMoney(t, o.Order.ID)
		return err
	})
	if err != nil {
		renderPage(w, a.log, http.StatusNotFound, "notfound", map[string]any{"What": "This payment page does not exist, or its link is incomplete."})
		return nil, nil
	}
	q := req.URL.Query()
	page := &razorpayCheckoutPage{
		Order: &o.Order, Amount: formatMoney(o.Order.Amount, strings.ToLower(o.Order.Currency)), Name: q.Get("name"), About: q.Get("description"),
		Cards: razorpayCards, Card: razorpayCards[0].Display(), Action: "/razorpay/checkout/" + o.Order.ID + "?" + req.URL.RawQuery,
		Framed: q.Get("framed") != "",
	}
	if back := q.Get("cancel"); webAddress(back) {
		page.Cancel = back
	}
	if back := q.Get("callback_url"); webAddress(back) {
		page.Callback = back
	}
	page.Until, _ = strconv.ParseInt(q.Get("until"), 10, 64) // no number is no timeout
	if paid != nil {
		back := o.returned(paid)
		page.Return = &back
	}
	return page, o
}

func (a *razorpayAPI) serveCheckout(w http.ResponseWriter, req *http.Request) {
	page, _ := a.page(w, req)
	if page == nil {
		return
	}
	for _, card := range razorpayCards {
		if card.Number == req.URL.Query().Get("card") {
			page.Card = card.Display()
		}
	}
	a.render(w, http.StatusOK, page)
}

// servePay takes the customer's card, its one-time password, or a UPI address.
func (a *razorpayAPI) servePay(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	if err := req.ParseForm(); err != nil {
		renderPage(w, a.log, http.StatusBadRequest, "notfound", map[string]any{"What": "The form could not be read."})
		return
	}
	page, o := a.page(w, req)
	if page == nil {
		return
	}
	p, err := a.payByForm(req, o)
	var refusal *razorpayError
	switch {
	case errors.As(err, &refusal):
		page.Error = refusal.Description
	case err != nil:
		a.log.Error("sandbox: razorpay checkout", "error", err)
		page.Error = "The payment could not be processed. Please try again."
	case p.Status == razorpayCreated:
		page.Payment = p.ID
	case p.Status == razorpayFailed:
		page.Error = *p.ErrorDescription
		if page.Callback != "" {
			page.Failed = p.failure()
		}
	default:
		back := o.returned(p)
		page.Return = &back
	}
	if number := req.PostForm.Get("number"); number != "" {
		page.Card = number
	}
	a.render(w, http.StatusOK, page)
}

// payByForm is one step of the customer. A card's first step ends at its one-time password.
func (a *razorpayAPI) payByForm(req *http.Request, o *storedRazorpayOrder) (p *razorpayPayment, err error) {
	form, now := req.PostForm, time.Now().UTC()
	err = a.store.update(func(t *tx) (err error) {
		if id := form.Get("payment"); id != "" {
			if p, err = razorpayFind[razorpayPayment](t, bucketRazorpayPayments, "pay", id); err != nil {
				return err
			}
			if p.Status != razorpayCreated || p.order() != o.Order.ID {
				return razorpayRefusal("", "This try has ended. Start again.")
			}
			return a.decide(t, now, p, razorpayOTP(form.Get("otp"), form.Get("number")))
		}
		means := razorpayCardMeans(form.Get("number"))
		if vpa := strings.TrimSpace(form.Get("vpa")); vpa != "" {
			means = razorpayUPIMeans(vpa)
		}
		c := &razorpayCall{id: o.Order.ID, now: now}
		if _, p, err = a.try(t, c, means, razorpayTry{Notes: notesOf(req.URL.Query())}); err != nil {
			return err
		}
		if means.method == "card" && means.why != razorpayCardRefused {
			return nil
		}
		return a.decide(t, now, p, means.why)
	})
	return p, err
}

// razorpayOTP reads a one-time password: 4 to 10 digits pass.
// https://razorpay.com/docs/payments/payments/test-card-details
func razorpayOTP(otp, number string) *razorpayDecline {
	if len(otp) < 4 || len(otp) > 10 || strings.Trim(otp, "0123456789") != "" {
		return razorpayWrongOTP
	}
	return razorpayCardMeans(number).why
}

// notesOf are the notes that the merchant's page gave to checkout.js.
func notesOf(q url.Values) razorpayNotes {
	var notes razorpayNotes
	_ = json.Unmarshal([]byte(q.Get("notes")), &notes) // without them the payment has none
	return notes
}

// razorpayPagePolicy lets the page send itself back and stand in the merchant's frame.
const razorpayPagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; base-uri 'none'"

func (a *razorpayAPI) render(w http.ResponseWriter, status int, page *razorpayCheckoutPage) {
	var body bytes.Buffer
	if err := pages["razorpay"].ExecuteTemplate(&body, "layout", page); err != nil {
		a.log.Error("sandbox: render page", "page", "razorpay", "error", err)
		http.Error(w, "The page could not be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", razorpayPagePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
