package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"
)

// approvePage is where the payer agrees to an order.
type approvePage struct {
	Order    *paypalOrder
	Amount   string
	Action   string
	Accounts []paypalAccount
	Back     string // to the merchant, without agreeing
	Done     string // to the merchant, when nothing is left to do here
}

func (a *paypalAPI) pageRoutes(r *mux.Router) {
	r.HandleFunc(paypalPrefix+"/checkoutnow", a.serveApprovePage).Methods("GET", "HEAD")
	r.HandleFunc(paypalPrefix+"/checkoutnow", a.serveApprove).Methods("POST")
}

// shown reads the order for a page; nil without one.
func (a *paypalAPI) shown(req *http.Request) *paypalOrder {
	var o *paypalOrder
	err := a.store.view(func(t *tx) (err error) {
		o, err = a.load(t, req.URL.Query().Get("token"), a.now())
		return err
	})
	var refusal *paypalError
	if err != nil && !errors.As(err, &refusal) {
		a.log.Error("sandbox: read PayPal order", "error", err)
	}
	return o
}

func (a *paypalAPI) serveApprovePage(w http.ResponseWriter, req *http.Request) {
	o := a.shown(req)
	if o == nil {
		a.orderGone(w)
		return
	}
	page := approvePage{
		Order: o, Amount: o.Amount.wire().Value + " " + o.Amount.Currency, Accounts: paypalAccounts,
		Action: paypalPrefix + a.approvePath(o), Back: o.returnTo(o.CancelURL, false),
	}
	if !o.agreeable() {
		page.Done = o.returnTo(o.ReturnURL, true)
		renderPage(w, a.log, http.StatusOK, "paypal_done", page)
		return
	}
	renderPage(w, a.log, http.StatusOK, "paypal", page)
}

func (a *paypalAPI) orderGone(w http.ResponseWriter) {
	renderPage(w, a.log, http.StatusNotFound, "notfound", map[string]any{
		"What": "PayPal knows no such order: its link is incomplete, or three hours have gone by.",
	})
}

// agreeable tells whether the payer may still agree, or change the account.
func (o *paypalOrder) agreeable() bool {
	return o.Status == paypalCreated || o.Status == paypalActionRequired || o.Status == paypalApproved
}

// serveApprove notes who pays. Nothing is reserved: the merchant authorizes.
func (a *paypalAPI) serveApprove(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	if err := req.ParseForm(); err != nil {
		a.orderGone(w)
		return
	}
	o, err := a.approve(req.URL.Query().Get("token"), req.PostForm.Get("account"))
	var refusal *paypalError
	switch {
	case errors.As(err, &refusal):
		a.orderGone(w)
	case err != nil:
		a.log.Error("sandbox: approve PayPal order", "error", err)
		http.Error(w, "The order could not be approved.", http.StatusInternalServerError)
	case o.ReturnURL == "":
		a.serveApprovePage(w, req)
	default:
		http.Redirect(w, req, o.returnTo(o.ReturnURL, true), http.StatusSeeOther)
	}
}

func (a *paypalAPI) approve(id, account string) (o *paypalOrder, err error) {
	err = a.store.update(func(t *tx) (err error) {
		if o, err = a.load(t, id, a.now()); err != nil || !o.agreeable() {
			return err
		}
		if err := a.agree(t, o, account, a.now()); err != nil {
			return err
		}
		return a.save(t, o)
	})
	return o, err
}

// agree notes who pays.
func (a *paypalAPI) agree(t *tx, o *paypalOrder, account string, now time.Time) error {
	o.Account, o.Status = paypalPays, paypalApproved
	for _, one := range paypalAccounts {
		if one.Email == account {
			o.Account = account
		}
	}
	o.touch(now)
	o.Ends = o.Updated.Add(paypalOrderLasts)
	return a.emit(t, o, "CHECKOUT.ORDER.APPROVED", "checkout-order", a.orderView(o))
}

// returnTo adds to the merchant's address what PayPal adds.
func (o *paypalOrder) returnTo(address string, agreed bool) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	q := u.Query()
	q.Set("token", o.ID)
	if agreed {
		q.Set("PayerID", paypalPayer(o))
	}
	u.RawQuery = q.Encode()
	return u.String()
}
