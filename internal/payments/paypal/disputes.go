package paypal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

const disputesPath = "/v1/customer/disputes"

// dispute is a case. https://developer.paypal.com/docs/api/customer-disputes/v1/
type dispute struct {
	ID     string `json:"dispute_id"`
	Reason string `json:"reason"`
	Status string `json:"status"`
	Stage  string `json:"dispute_life_cycle_stage"`
	Amount *money `json:"dispute_amount"`

	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	// Moves are what the case moved, and whose money it was.
	// https://developer.paypal.com/api/customer-disputes/v1/definitions/fund_movement_list
	Moves []struct {
		Party string `json:"party"`
	} `json:"fund_movements"`
	Transactions []struct {
		ID     string `json:"seller_transaction_id"` // the capture
		Custom string `json:"custom"`
	} `json:"disputed_transactions"`
}

type disputeList struct {
	Items []dispute `json:"items"`
	Links links     `json:"links"`
}

// disputesWithin bounds the question for cases on the way to money: a list that hangs is
// one that failed.
const disputesWithin = 3 * time.Second

// tryDisputes is addDisputes for steps that need the payment's money first. Cases are news
// beside it, so a list that cannot be had leaves them out, and nothing waits for it: an app
// without the right to read cases gets 403 for ever. Our books keep the cases that they
// know; reconciliation brings the others.
func (p *Provider) tryDisputes(ctx context.Context, now *seen) {
	ctx, done := context.WithTimeout(ctx, disputesWithin)
	defer done()
	if err := p.addDisputes(ctx, now); err != nil {
		p.log.WarnContext(ctx, "paypal's disputes of a payment are unknown", "payment", now.Reference, "error", err)
	}
}

// addDisputes asks for the cases of the captures that have brought money. An order does
// not tell of them; others cost no request. An error leaves the state without them.
func (p *Provider) addDisputes(ctx context.Context, now *seen) error {
	if now.order == nil || now.Captured == 0 {
		return nil
	}
	var all []booking.Dispute
	for _, one := range now.unit().Payments.Captures {
		if !one.isMoney() || !isID(one.ID) {
			continue
		}
		var list disputeList
		query := url.Values{"disputed_transaction_id": {one.ID}, "page_size": {"50"}}
		if _, err := p.api.do(ctx, request{method: http.MethodGet, path: disputesPath + "?" + query.Encode()}, &list); err != nil {
			return fmt.Errorf("list disputes: %w", err)
		}
		for _, item := range list.Items {
			full, err := p.dispute(ctx, item)
			if err != nil {
				return fmt.Errorf("get dispute: %w", err)
			}
			all = append(all, full)
		}
	}
	now.Disputes = all
	return nil
}

// dispute reads a case. How a resolved one ended, and what it moved, is only in its full form.
func (p *Provider) dispute(ctx context.Context, d dispute) (booking.Dispute, error) {
	if d.Status == "RESOLVED" && (d.Outcome.Code == "" || d.Moves == nil) && isID(d.ID) {
		full := dispute{}
		if _, err := p.api.do(ctx, request{method: http.MethodGet, path: disputesPath + "/" + d.ID}, &full); err != nil {
			return booking.Dispute{}, err
		}
		d = full
	}
	amount, err := d.Amount.minor()
	if err != nil {
		return booking.Dispute{}, err
	}
	status := d.status()
	return booking.Dispute{Reference: d.ID, Status: status, Amount: amount, Reason: d.Reason,
		Untaken: status == booking.DisputeWon && !d.movedOurs()}, nil
}

// movedOurs tells whether the case moved the seller's money.
func (d dispute) movedOurs() bool {
	for _, move := range d.Moves {
		if move.Party == "SELLER" {
			return true
		}
	}
	return false
}

// status reads PayPal's words. Words that we do not know are taken for an open dispute:
// money may be gone, and a person looks at it.
func (d dispute) status() booking.DisputeStatus {
	inquiry := d.Stage == "INQUIRY"
	if d.Status != "RESOLVED" {
		if inquiry {
			return booking.DisputeInquiry
		}
		return booking.DisputeOpen
	}
	switch d.Outcome.Code {
	case "RESOLVED_BUYER_FAVOUR", "ACCEPTED":
		return booking.DisputeLost
	case "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "DENIED":
		if inquiry {
			return booking.DisputeClosed
		}
		return booking.DisputeWon
	default:
		return booking.DisputeOpen
	}
}
