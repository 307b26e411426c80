package stripe

import (
	"context"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/boxoffice/boxoffice/booking"
)

// chargeRefunds has to be expanded to know which refunds failed afterward: a
// failed one leaves no mark on the charge's own figures.
// https://docs.stripe.com/refunds#failed-refunds
const chargeRefunds = latestCharge + ".refunds"

// addDisputes asks for the disputes of a payment whose charge says that there
// are some. Others cost no request.
// https://docs.stripe.com/disputes/how-disputes-work
func (p *Provider) addDisputes(ctx context.Context, intent *stripe.PaymentIntent, s *booking.PaymentState) error {
	if intent.LatestCharge == nil || !intent.LatestCharge.Disputed {
		return nil
	}
	params := &stripe.DisputeListParams{PaymentIntent: stripe.String(intent.ID)}
	params.Context = ctx
	params.Limit = stripe.Int64(100)
	list := p.disputes.List(params)
	for list.Next() {
		dispute := list.Dispute()
		status := disputeStatus(dispute.Status)
		s.Disputes = append(s.Disputes, booking.Dispute{
			Reference: dispute.ID, Status: status, Reason: string(dispute.Reason),
			Amount: fromStripe(dispute.Amount, strings.ToUpper(string(dispute.Currency))),
			// A transaction for each movement of the account's balance: withdrawn, reinstated.
			// https://docs.stripe.com/api/disputes/object#dispute_object-balance_transactions
			Untaken: status == booking.DisputeWon && len(dispute.BalanceTransactions) == 0,
		})
	}
	if err := list.Err(); err != nil {
		return p.fail(ctx, "list disputes", intent.ID, err)
	}
	return nil
}

// disputeStatus reads Stripe's word. One that we do not know is taken for an
// open dispute: money may be gone, and a person looks at it.
func disputeStatus(said stripe.DisputeStatus) booking.DisputeStatus {
	switch said {
	case stripe.DisputeStatusWarningNeedsResponse, stripe.DisputeStatusWarningUnderReview:
		return booking.DisputeInquiry
	case stripe.DisputeStatusWarningClosed:
		return booking.DisputeClosed
	case stripe.DisputeStatusWon:
		return booking.DisputeWon
	case stripe.DisputeStatusLost:
		return booking.DisputeLost
	default:
		return booking.DisputeOpen
	}
}

// failedRefunds sums the refunds that came back. Only an expanded charge has
// them.
func failedRefunds(intent *stripe.PaymentIntent) int64 {
	if intent.LatestCharge == nil || intent.LatestCharge.Refunds == nil {
		return 0
	}
	var sum int64
	for _, refund := range intent.LatestCharge.Refunds.Data {
		if refund.Status == stripe.RefundStatusFailed || refund.Status == stripe.RefundStatusCanceled {
			sum += refund.Amount
		}
	}
	return sum
}
