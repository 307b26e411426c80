package paypal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
)

// listPage is how many transactions are read at a time: each costs two to four requests
// more.
const listPage = 50

// ListPayments gives the orders of which something was authorized, captured, refunded or
// disputed in the span: by the transaction search, then by the list of disputes. PayPal
// needs up to three hours to list a transaction, so a span should end that long ago, and
// it may last 31 days at most. An order that was not authorized is in no list.
// https://developer.paypal.com/docs/api/transaction-search/v1/
func (p *Provider) ListPayments(ctx context.Context, span booking.PaymentSpan) (booking.PaymentPage, error) {
	if token, disputes := strings.CutPrefix(span.Cursor, "disputes:"); disputes {
		return p.listDisputed(ctx, span, token)
	}
	page := 1
	if span.Cursor != "" {
		var err error
		if page, err = strconv.Atoi(span.Cursor); err != nil || page < 1 {
			return booking.PaymentPage{}, booking.E(booking.CodeValidation, "No such page of PayPal's transactions: %q.", span.Cursor)
		}
	}
	var list struct {
		Details []struct {
			Info transaction `json:"transaction_info"`
		} `json:"transaction_details"`
		Pages int `json:"total_pages"`
	}
	query := url.Values{
		"start_date": {stamp(span.From)}, "end_date": {stamp(span.Until.Add(-time.Millisecond))},
		"fields": {"transaction_info"}, "balance_affecting_records_only": {"N"},
		"page_size": {strconv.Itoa(listPage)}, "page": {strconv.Itoa(page)},
	}
	path := "/v1/reporting/transactions?" + query.Encode()
	if _, err := p.api.do(ctx, request{method: http.MethodGet, path: path}, &list); err != nil {
		return booking.PaymentPage{}, p.fail(ctx, "list transactions", "", err)
	}
	next := "disputes:"
	if page < list.Pages {
		next = strconv.Itoa(page + 1)
	}
	orders, err := each(ctx, len(list.Details), func(ctx context.Context, i int) (string, error) {
		return p.orderOfTransaction(ctx, list.Details[i].Info)
	})
	if err != nil {
		return booking.PaymentPage{}, err
	}
	payments, err := p.payments(ctx, orders)
	return booking.PaymentPage{Payments: payments, Next: next}, err
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (p *Provider) listDisputed(ctx context.Context, span booking.PaymentSpan, token string) (booking.PaymentPage, error) {
	query := url.Values{
		"update_time_after": {stamp(span.From)}, "update_time_before": {stamp(span.Until.Add(-time.Millisecond))}, "page_size": {"50"},
	}
	if token != "" {
		query.Set("next_page_token", token)
	}
	var list disputeList
	if _, err := p.api.do(ctx, request{method: http.MethodGet, path: disputesPath + "?" + query.Encode()}, &list); err != nil {
		return booking.PaymentPage{}, p.fail(ctx, "list disputes", "", err)
	}
	orders, err := each(ctx, len(list.Items), func(ctx context.Context, i int) (string, error) {
		return p.orderOfDispute(ctx, list.Items[i].ID)
	})
	if err != nil {
		return booking.PaymentPage{}, err
	}
	page := booking.PaymentPage{}
	if next, err := url.Parse(list.Links.to("next")); err == nil && next.Query().Get("next_page_token") != "" {
		page.Next = "disputes:" + next.Query().Get("next_page_token")
	}
	page.Payments, err = p.payments(ctx, orders)
	return page, err
}

// transaction is a line of the transaction search. Its reference is what it is about: the
// order of an authorization, the authorization of a payment, the capture of a refund.
type transaction struct {
	ID        string `json:"transaction_id"`
	Event     string `json:"transaction_event_code"`
	About     string `json:"paypal_reference_id"`
	AboutKind string `json:"paypal_reference_id_type"`
}

// orderOfTransaction looks at the family of the event code: payments, authorizations, refunds
// and reversals. https://developer.paypal.com/docs/transaction-search/transaction-event-codes/
func (p *Provider) orderOfTransaction(ctx context.Context, t transaction) (string, error) {
	switch {
	case strings.HasPrefix(t.Event, "T13"):
		return p.orderOf(ctx, authorizationsPath, t.ID)
	case strings.HasPrefix(t.Event, "T00"):
		return p.orderOf(ctx, capturesPath, t.ID)
	case strings.HasPrefix(t.Event, "T11"), strings.HasPrefix(t.Event, "T12"):
		return p.orderOf(ctx, capturesPath, t.About)
	}
	return "", nil
}

func (p *Provider) orderOfDispute(ctx context.Context, id string) (string, error) {
	if !isID(id) {
		return "", nil
	}
	var full dispute
	if _, err := p.api.do(ctx, request{method: http.MethodGet, path: disputesPath + "/" + id}, &full); err != nil {
		return "", p.fail(ctx, "get dispute", "", err)
	}
	for _, one := range full.Transactions {
		if orderID, err := p.orderOf(ctx, capturesPath, one.ID); err != nil || orderID != "" {
			return orderID, err
		}
	}
	return "", nil
}

// payments asks for each order, once, with its disputes. One that is gone was never
// authorized.
func (p *Provider) payments(ctx context.Context, orders []string) ([]booking.PaymentState, error) {
	slices.Sort(orders)
	orders = slices.DeleteFunc(slices.Compact(orders), func(id string) bool { return !isID(id) })
	states, err := each(ctx, len(orders), func(ctx context.Context, i int) (booking.PaymentState, error) {
		_, state, err := p.look(ctx, "get", orders[i])
		if booking.CodeOf(err) == booking.CodeNotFound {
			return booking.PaymentState{}, nil
		}
		if err == nil {
			if err = p.addDisputes(ctx, &state); err != nil {
				err = p.fail(ctx, "read disputes", orders[i], err)
			}
		}
		return state.PaymentState, err
	})
	return slices.DeleteFunc(states, func(s booking.PaymentState) bool { return s.Reference == "" }), err
}

// atOnce is how many questions of one list are asked side by side.
const atOnce = 8

func each[T any](ctx context.Context, n int, ask func(ctx context.Context, i int) (T, error)) ([]T, error) {
	answers := make([]T, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() (err error) {
			answers[i], err = ask(ctx, i)
			return err
		})
	}
	return answers, group.Wait()
}

// orderOf finds the order of an authorization or a capture; empty when it has none, as
// payments that were made past the Orders API have none, or does not exist.
func (p *Provider) orderOf(ctx context.Context, path, id string) (string, error) {
	if !isID(id) {
		return "", nil
	}
	var of related
	_, err := p.api.do(ctx, request{method: http.MethodGet, path: path + id}, &of)
	switch {
	case isGone(err):
		return "", nil
	case err != nil:
		return "", p.fail(ctx, "find the order of "+strings.Trim(path[len("/v2/payments/"):], "/"), id, err)
	}
	return p.orderFrom(ctx, of)
}

// orderFrom reads the order out of what belongs to it, or asks what is above.
func (p *Provider) orderFrom(ctx context.Context, of related) (string, error) {
	ids := of.Supplementary.IDs
	switch {
	case isID(ids.OrderID):
		return ids.OrderID, nil
	case of.Links.up("orders") != "":
		return of.Links.up("orders"), nil
	case of.Links.up("captures") != "":
		return p.orderOf(ctx, capturesPath, of.Links.up("captures"))
	case of.Links.up("authorizations") != "":
		return p.orderOf(ctx, authorizationsPath, of.Links.up("authorizations"))
	case ids.CaptureID != "":
		return p.orderOf(ctx, capturesPath, ids.CaptureID)
	case ids.AuthorizationID != "":
		return p.orderOf(ctx, authorizationsPath, ids.AuthorizationID)
	}
	return "", nil
}
