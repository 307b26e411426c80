package sandbox

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// paypalTransaction is one line of the transaction search.
type paypalTransaction struct {
	at   time.Time
	id   string
	view paypalView
}

// runPaypalTransactions lists authorizations, captures and refunds that were made in the
// span, the oldest first. Of the real list it has transaction_info, and only these
// parameters; and it knows a transaction at once, which may take PayPal three hours.
// https://developer.paypal.com/docs/api/transaction-search/v1/
func runPaypalTransactions(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	from, err := paypalParamTime(c, "start_date")
	if err != nil {
		return nil, err
	}
	until, err := paypalParamTime(c, "end_date")
	if err != nil {
		return nil, err
	}
	if until.Before(from) || until.Sub(from) > 31*24*time.Hour {
		return nil, paypalBadRequest("INVALID_DATE_RANGE", "Date range is greater than 31 days.").at("end_date", c.query["end_date"])
	}
	all, err := a.transactions(t, from, until, c.query["balance_affecting_records_only"] != "N")
	if err != nil {
		return nil, err
	}
	size, page := readLimit(c.query["page_size"], 100, 500), readLimit(c.query["page"], 1, 1<<20)
	details := []paypalView{}
	for _, one := range all[min((page-1)*size, len(all)):min(page*size, len(all))] {
		details = append(details, paypalView{"transaction_info": one.view})
	}
	return &paypalResult{status: http.StatusOK, body: paypalView{
		"transaction_details": details, "account_number": paypalMerchant, "start_date": paypalOffset(from), "end_date": paypalOffset(until),
		"last_refreshed_datetime": paypalOffset(c.now), "page": page, "total_items": len(all), "total_pages": (len(all) + size - 1) / size,
		"links": []paypalLink{a.link("self", "GET", "/v1/reporting/transactions?page="+strconv.Itoa(page))},
	}}, nil
}

// paypalOffset writes times as the transaction search does, without a colon in the zone.
func paypalOffset(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }

func paypalParamTime(c *paypalCall, name string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, c.query[name]); err == nil {
			return at, nil
		}
	}
	return time.Time{}, paypalBadRequest("INVALID_PARAMETER_SYNTAX", "The date is missing or not in Internet date and time format.").at(name, c.query[name])
}

// The event codes of an authorization, a payment through the checkout and a refund.
// https://developer.paypal.com/docs/transaction-search/transaction-event-codes/
const (
	paypalCodeAuthorization = "T1300"
	paypalCodePayment       = "T0006"
	paypalCodeRefund        = "T1107"
)

func (a *paypalAPI) transactions(t *tx, from, until time.Time, balanceOnly bool) ([]paypalTransaction, error) {
	var all []paypalTransaction
	add := func(o *paypalOrder, at time.Time, id, code, about, status string, amount paypalAmount, fee *paypalAmount) {
		if at.Before(from) || at.After(until) {
			return
		}
		view := paypalView{
			"transaction_id": id, "transaction_event_code": code, "paypal_reference_id": about, "paypal_reference_id_type": "TXN",
			"transaction_initiation_date": paypalOffset(at), "transaction_updated_date": paypalOffset(at),
			"transaction_amount": amount.wire(), "transaction_status": status,
		}
		if about == o.ID {
			view["paypal_reference_id_type"] = "ODR"
		}
		if fee != nil {
			negative := fee.wire()
			negative.Value = "-" + negative.Value
			view["fee_amount"] = negative
		}
		all = append(all, paypalTransaction{at, id, view.maybe("custom_field", o.CustomID).maybe("invoice_id", o.InvoiceID)})
	}
	err := each(t, bucketPaypalOrders, func(_ string, o *paypalOrder) (bool, error) {
		for _, one := range o.Authorizations {
			if !balanceOnly {
				add(o, one.Created, one.ID, paypalCodeAuthorization, o.ID, paypalListStatus(one.Status), one.Amount, nil)
			}
		}
		for _, one := range o.Captures {
			fee := paypalFee(one.Amount)
			add(o, one.Created, one.ID, paypalCodePayment, one.Authorization, paypalListStatus(one.Status), one.Amount, &fee)
		}
		for _, one := range o.Refunds {
			negative := one.Amount.with(-one.Amount.Units)
			add(o, one.Created, one.ID, paypalCodeRefund, one.Capture, paypalListStatus(one.Status), negative, nil)
		}
		return true, nil
	})
	slices.SortFunc(all, func(a, b paypalTransaction) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return all, err
}

// paypalListStatus is D for denied, P for pending, V for reversed, S for the rest.
func paypalListStatus(status string) string {
	switch status {
	case paypalDenied, paypalDeclined, paypalFailed, paypalCancelled:
		return "D"
	case paypalPending:
		return "P"
	case paypalVoided:
		return "V"
	default:
		return "S"
	}
}

// runPaypalDisputes lists cases, the newest first.
// https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_list
func runPaypalDisputes(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	bounds := map[string]time.Time{}
	for _, name := range []string{"start_time", "update_time_after", "update_time_before"} {
		if c.query[name] == "" {
			continue
		}
		at, err := paypalParamTime(c, name)
		if err != nil {
			return nil, err
		}
		bounds[name] = at
	}
	type found struct {
		order *paypalOrder
		one   *paypalDispute
	}
	var all []found
	err := a.disputable(t, c.query["disputed_transaction_id"], func(_ string, o *paypalOrder) (bool, error) {
		for _, one := range o.Disputes {
			before, bounded := bounds["update_time_before"]
			wrong := c.query["disputed_transaction_id"] != "" && c.query["disputed_transaction_id"] != one.Capture
			if wrong || one.Created.Before(bounds["start_time"]) || one.Updated.Before(bounds["update_time_after"]) || bounded && one.Updated.After(before) {
				continue
			}
			all = append(all, found{o, one})
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b found) int { return b.one.Created.Compare(a.one.Created) })
	size, skip := readLimit(c.query["page_size"], 10, 50), 0
	if token, err := base64.RawURLEncoding.DecodeString(c.query["next_page_token"]); err == nil && len(token) > 0 {
		skip, _ = strconv.Atoi(string(token))
	}
	items := []paypalView{}
	for _, one := range all[min(skip, len(all)):min(skip+size, len(all))] {
		items = append(items, a.disputeView(one.order, one.one, false))
	}
	links := []paypalLink{a.link("self", "GET", "/v1/customer/disputes")}
	if skip+size < len(all) {
		token := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(skip + size)))
		links = append(links, a.link("next", "GET", "/v1/customer/disputes?next_page_token="+token))
	}
	return &paypalResult{status: http.StatusOK, body: paypalView{"items": items, "links": links}}, nil
}

// disputable walks the orders that may have the wanted cases: the one of a transaction, or
// all.
func (a *paypalAPI) disputable(t *tx, captureID string, fn func(string, *paypalOrder) (bool, error)) error {
	if captureID == "" {
		return each(t, bucketPaypalOrders, fn)
	}
	for _, id := range t.lookup("paypal", "capture", captureID) {
		o, err := get[paypalOrder](t, bucketPaypalOrders, id)
		if err != nil || o == nil {
			return err
		}
		if _, err := fn(id, o); err != nil {
			return err
		}
	}
	return nil
}

func runPaypalGetDispute(a *paypalAPI, t *tx, c *paypalCall) (*paypalResult, error) {
	o, err := a.loadFor(t, "dispute", c.id, c.now)
	if err != nil {
		return nil, err
	}
	for _, one := range o.Disputes {
		if one.ID == c.id {
			return &paypalResult{status: http.StatusOK, body: a.disputeView(o, one, true)}, nil
		}
	}
	return nil, paypalNotFound()
}
