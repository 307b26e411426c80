package sandbox

import (
	"errors"
	"net/http"
	"net/url"
)

// challengeAddress leads from the checkout page to the 3-D Secure page. It is
// relative, so that it also works behind another name, and remembers that a
// failure goes back to the form.
func challengeAddress(pi *paymentIntent, returnURL string) string {
	return pageAddress("/3ds/", pi, returnURL, url.Values{"from": {"checkout"}})
}

// pageAddress is a page about the intent. The client secret shows that the browser
// may see it.
func pageAddress(page string, pi *paymentIntent, returnURL string, q url.Values) string {
	q.Set("client_secret", pi.ClientSecret)
	if returnURL != "" {
		q.Set("return_url", returnURL)
	}
	return page + pi.ID + "?" + q.Encode()
}

// serveChallenge plays the bank's page.
func (s *Server) serveChallenge(w http.ResponseWriter, req *http.Request) {
	pi := s.showIntent(w, req)
	if pi == nil {
		return
	}
	if pi.Status != statusRequiresAction {
		s.afterChallenge(w, req, pi)
		return
	}
	renderPage(w, s.log, http.StatusOK, "threeds", map[string]any{
		"Page": newCheckoutPage(pi, req), "Action": "/3ds/" + pi.ID + "?" + req.URL.RawQuery,
	})
}

func (s *Server) serveChallengeAnswer(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	answer := req.PostFormValue("answer")
	if answer != "complete" && answer != "fail" {
		s.pageNotFound(w, "The answer must be complete or fail.")
		return
	}
	pi := s.showIntent(w, req)
	if pi == nil {
		return
	}
	settled, err := s.settleChallenge(pi.ID, answer == "complete")
	if err != nil {
		s.log.Error("sandbox: settle 3-D Secure", "error", err)
		s.pageNotFound(w, "The payment could not be processed.")
		return
	}
	s.afterChallenge(w, req, settled)
}

// settleChallenge charges after a success, else lets the customer try again.
func (s *Server) settleChallenge(id string, complete bool) (*paymentIntent, error) {
	c := s.stripe.innerCall(id)
	var pi *paymentIntent
	err := s.change(func(t *tx) (err error) {
		if pi, err = get[paymentIntent](t, bucketIntents, id); err != nil || pi.Status != statusRequiresAction {
			return err
		}
		method, err := get[storedMethod](t, bucketMethods, pi.PaymentMethod.id)
		if err != nil {
			return err
		}
		if complete {
			pi, err = s.stripe.charge(t, c, pi, method, outcome{Result: resultApprove})
			return err
		}
		return s.stripe.fail(t, c, pi, method, cardError(outcome{
			Code:    "payment_intent_authentication_failure",
			Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
		}))
	})
	var refused *stripeError
	if errors.As(err, &refused) {
		err = nil // pi holds the failure
	}
	return pi, err
}

// afterChallenge sends the browser on: to the merchant, or back to the form.
func (s *Server) afterChallenge(w http.ResponseWriter, req *http.Request, pi *paymentIntent) {
	q := req.URL.Query()
	back := q.Get("return_url")
	paid := pi.Status == statusSucceeded || pi.Status == statusRequiresCapture
	if webAddress(back) && (paid || q.Get("from") != "checkout") {
		http.Redirect(w, req, returnAddress(back, pi), http.StatusSeeOther)
		return
	}
	http.Redirect(w, req, newCheckoutPage(pi, req).Action, http.StatusSeeOther)
}
