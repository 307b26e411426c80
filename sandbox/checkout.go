package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// checkoutPage is what the hosted payment page shows.
type checkoutPage struct {
	Intent      *paymentIntent
	Amount      string
	Description string
	Details     []detail
	Action      string // where the form goes
	ReturnURL   string
	Cards       []testCard
	Form        cardForm
	Error       string
	ErrorField  string
}

type detail struct{ Name, Value string }

// cardForm is what the customer typed, kept for the next try.
type cardForm struct{ Number, Expiry, CVC, Name string }

func (s *Server) checkoutRoutes(r *mux.Router) {
	r.HandleFunc("/checkout/{id}", s.serveCheckout).Methods("GET", "HEAD")
	r.HandleFunc("/checkout/{id}", s.servePay).Methods("POST")
	r.HandleFunc("/3ds/{id}", s.serveChallenge).Methods("GET", "HEAD")
	r.HandleFunc("/3ds/{id}", s.serveChallengeAnswer).Methods("POST")
}

// customerIntent finds the intent by the path and proves with the client
// secret that the browser may see it; nil when it may not.
func (s *Server) customerIntent(t *tx, req *http.Request) (*paymentIntent, error) {
	pi, err := get[paymentIntent](t, bucketIntents, mux.Vars(req)["id"])
	if err != nil || pi == nil || req.URL.Query().Get("client_secret") != pi.ClientSecret {
		return nil, err
	}
	return pi, nil
}

// showIntent reads the intent for a page and answers itself if it does not exist.
func (s *Server) showIntent(w http.ResponseWriter, req *http.Request) *paymentIntent {
	var pi *paymentIntent
	err := s.store.view(func(t *tx) (err error) {
		pi, err = s.customerIntent(t, req)
		return err
	})
	if err != nil {
		s.log.Error("sandbox: read payment", "error", err)
	}
	if pi == nil {
		s.pageNotFound(w, "This payment page does not exist, or its link is incomplete.")
	}
	return pi
}

func (s *Server) serveCheckout(w http.ResponseWriter, req *http.Request) {
	pi := s.showIntent(w, req)
	if pi == nil {
		return
	}
	page := newCheckoutPage(pi, req)
	if pi.LastPaymentError != nil {
		page.Error = pi.LastPaymentError.Message
	}
	if card, ok := cardByNumber(req.URL.Query().Get("card")); ok {
		page.Form.Number, page.Error = card.Display(), ""
	}
	s.renderCheckout(w, req, http.StatusOK, page)
}

// renderCheckout shows the form, or how the payment ended.
func (s *Server) renderCheckout(w http.ResponseWriter, req *http.Request, status int, page checkoutPage) {
	switch page.Intent.Status {
	case statusRequiresCapture, statusSucceeded, statusCanceled:
		done := map[string]any{"Page": page, "Paid": page.Intent.Status != statusCanceled, "Back": ""}
		if page.ReturnURL != "" {
			done["Back"] = returnAddress(page.ReturnURL, page.Intent)
		}
		renderPage(w, s.log, status, "checkout_done", done)
	case statusRequiresAction:
		http.Redirect(w, req, challengeAddress(page.Intent, page.ReturnURL), http.StatusSeeOther)
	default:
		renderPage(w, s.log, status, "checkout", page)
	}
}

func newCheckoutPage(pi *paymentIntent, req *http.Request) checkoutPage {
	page := checkoutPage{
		Intent: pi, Amount: formatMoney(pi.Amount, pi.Currency), Cards: testCards, Details: shownMetadata(pi),
		Form: cardForm{Number: testCards[0].Display(), Expiry: "12/" + strconv.Itoa(time.Now().Year()%100+3), CVC: "123", Name: "Test Customer"},
	}
	if pi.Description != nil {
		page.Description = *pi.Description
	} else {
		page.Description = pi.Metadata["description"]
	}
	if back := req.URL.Query().Get("return_url"); webAddress(back) {
		page.ReturnURL = back
	}
	page.Action = pageAddress("/checkout/", pi, page.ReturnURL, url.Values{})
	return page
}

func shownMetadata(pi *paymentIntent) []detail {
	var out []detail
	for name, value := range pi.Metadata {
		if name != "description" {
			out = append(out, detail{strings.ReplaceAll(name, "_", " "), value})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// servePay confirms the intent with the card, through the same code as the
// API's confirm. A second click on Pay finds the payment made.
func (s *Server) servePay(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	if err := req.ParseForm(); err != nil {
		s.pageNotFound(w, "The form could not be read.")
		return
	}
	pi := s.showIntent(w, req)
	if pi == nil {
		return
	}
	page := newCheckoutPage(pi, req)
	page.Form = cardForm{
		Number: req.PostForm.Get("number"), Expiry: req.PostForm.Get("expiry"),
		CVC: req.PostForm.Get("cvc"), Name: req.PostForm.Get("name"),
	}
	paid, refusal, err := s.pay(pi.ID, page.Form, page.ReturnURL)
	switch {
	case err != nil:
		s.log.Error("sandbox: pay", "error", err)
		page.Error = "The payment could not be processed. Please try again."
		renderPage(w, s.log, http.StatusInternalServerError, "checkout", page)
	case refusal != nil:
		page.Error, page.ErrorField = refusal.Message, refusal.Param
		renderPage(w, s.log, refusal.Status, "checkout", page)
	case paid == nil:
		s.pageNotFound(w, "This payment is gone: the sandbox was reset.")
	case paid.Status == statusRequiresAction:
		http.Redirect(w, req, challengeAddress(paid, page.ReturnURL), http.StatusSeeOther)
	case page.ReturnURL != "" && paid.Status != statusCanceled:
		http.Redirect(w, req, returnAddress(page.ReturnURL, paid), http.StatusSeeOther)
	default:
		page.Intent = paid
		s.renderCheckout(w, req, http.StatusOK, page)
	}
}

// pay confirms, unless the intent is past that.
func (s *Server) pay(id string, form cardForm, returnURL string) (pi *paymentIntent, refusal *stripeError, err error) {
	c := s.stripe.innerCall(id)
	c.form.child("return_url").set(returnURL)
	err = s.change(func(t *tx) (err error) {
		pi, err = get[paymentIntent](t, bucketIntents, id)
		if err != nil || pi == nil || confirmable(pi) != nil {
			return err
		}
		method, wrong := newMethodFromCard(form.card(), c.now)
		if wrong != nil {
			return wrong
		}
		if err = t.put(bucketMethods, method.Method.ID, method); err != nil {
			return err
		}
		pi, err = s.stripe.confirm(t, c, pi, method)
		return err
	})
	if errors.As(err, &refusal) {
		return nil, refusal, nil
	}
	return pi, nil, err
}

// change is an update that also commits what a declined payment leaves behind.
func (s *Server) change(fn func(*tx) error) error {
	var declined *stripeError
	err := s.store.update(func(t *tx) error {
		err := fn(t)
		if errors.As(err, &declined) && declined.changed {
			return nil
		}
		declined = nil
		return err
	})
	if err == nil && declined != nil {
		return declined
	}
	return err
}

func (f cardForm) card() cardInput {
	month, year, _ := strings.Cut(strings.ReplaceAll(f.Expiry, " ", ""), "/")
	m, _ := strconv.ParseInt(month, 10, 64)
	y, _ := strconv.ParseInt(year, 10, 64)
	in := cardInput{Number: f.Number, ExpMonth: m, ExpYear: y, CVC: strings.TrimSpace(f.CVC), Name: f.Name}
	if in.CVC == "" {
		in.CVC = "-" // the page asks for it, so an empty one is wrong
	}
	return in
}

// innerCall is a call that comes from a page instead of the API.
func (a *stripeAPI) innerCall(id string) *call {
	return &call{id: id, form: &form{}, requestID: newRequestID(), now: time.Now().UTC()}
}

// returnAddress adds to the merchant's address what Stripe adds.
func returnAddress(back string, pi *paymentIntent) string {
	u, err := url.Parse(back)
	if err != nil {
		return back
	}
	status := "failed"
	switch pi.Status {
	case statusSucceeded, statusRequiresCapture:
		status = "succeeded"
	case statusCanceled:
		status = "canceled"
	}
	q := u.Query()
	q.Set("payment_intent", pi.ID)
	q.Set("payment_intent_client_secret", pi.ClientSecret)
	q.Set("redirect_status", status)
	u.RawQuery = q.Encode()
	return u.String()
}
