package razorpay

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// Open makes an order that customers pay and of which nothing is taken before Capture. Razorpay
// lets no order expire: the saga voids it.
//
// A repeat finds the order by its receipt, which is made from the key. Razorpay documents an own
// way (unique_receipt) for some accounts only; it is asked for, and not relied on. A second order
// of a lost answer does no harm: no customer ever sees it.
func (p *Provider) Open(ctx context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	if err := chargeable(req.Amount); err != nil {
		return booking.PaymentState{}, err
	}
	receipt := receiptOf(req)
	found, err := p.client.ordersByReceipt(ctx, receipt)
	if err != nil {
		return booking.PaymentState{}, p.fail(ctx, "", err)
	}
	if len(found) > 0 {
		return p.reopened(ctx, req, found)
	}
	made, err := p.client.createOrder(ctx, p.orderOf(req, receipt))
	if err != nil {
		return booking.PaymentState{}, p.fail(ctx, "", err)
	}
	return p.reopened(ctx, req, []order{made})
}

// reopened answers with an order that is there; of several, with the first.
func (p *Provider) reopened(ctx context.Context, req booking.PaymentRequest, found []order) (booking.PaymentState, error) {
	made := slices.MinFunc(found, func(a, b order) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	if made.Amount != req.Amount.Amount || made.Currency != req.Amount.Currency {
		return booking.PaymentState{}, booking.E(booking.CodePaymentRefused, "The payment was opened for another amount before.")
	}
	if made.Status == isCreated { // not one try to pay
		return p.fold(made, nil).state, nil
	}
	return p.Get(ctx, made.ID)
}

func (p *Provider) orderOf(req booking.PaymentRequest, receipt string) map[string]any {
	return map[string]any{
		"amount": req.Amount.Amount, "currency": req.Amount.Currency, "receipt": receipt, "unique_receipt": true,
		"notes": notes{noteBooking: req.BookingID, noteAttempt: strconv.Itoa(req.Attempt)},
		// These count before what the dashboard says.
		"payment": map[string]any{
			"capture": "manual",
			"capture_options": map[string]any{
				"manual_expiry_period": int(p.captureWithin / time.Minute), "refund_speed": "normal",
			},
		},
	}
}

// receiptOf is the merchant's own number of an order, of 40 characters at most: the booking and
// the attempt, as they are in the key.
func receiptOf(req booking.PaymentRequest) string {
	receipt := strings.Replace(req.Key, "-open-", "-", 1)
	if receipt == "" {
		receipt = req.BookingID + "-" + strconv.Itoa(req.Attempt)
	}
	if len(receipt) > 40 {
		sum := sha256.Sum256([]byte(receipt))
		return hex.EncodeToString(sum[:20])
	}
	return receipt
}

// disputesWithin bounds how long a payment waits for the list of disputes.
const disputesWithin = 3 * time.Second

// Get asks where a payment stands: its order, the order's payments and, once one is captured,
// its refunds and disputes. The state has no disputes when their list fails.
func (p *Provider) Get(ctx context.Context, reference string) (booking.PaymentState, error) {
	_, state, err := p.lookWhole(ctx, reference)
	return state, err
}

// look reads an order with its payments, or a payment that has no order.
func (p *Provider) look(ctx context.Context, reference string) (folded, error) {
	if isID("pay", reference) {
		one, err := p.client.payment(ctx, reference)
		switch {
		case err != nil:
			return folded{}, p.fail(ctx, reference, err)
		case one.OrderID != "":
			return folded{}, noSuch() // it is known by its order
		}
		return p.stray(one), nil
	}
	if !isID("order", reference) {
		return folded{}, noSuch()
	}
	o, err := p.client.order(ctx, reference)
	if err != nil {
		return folded{}, p.fail(ctx, reference, err)
	}
	payments, err := p.client.paymentsOf(ctx, reference)
	if err != nil {
		return folded{}, p.fail(ctx, reference, err)
	}
	return p.fold(o, payments), nil
}

// complete adds what was given back and what banks asked back. Whether money was captured or
// refunded does not depend on the list of disputes, so the answer goes on without one that
// fails. Events and reconciliation tell of disputes again.
func (p *Provider) complete(ctx context.Context, f folded) (booking.PaymentState, error) {
	if err := p.giveBack(ctx, &f); err != nil {
		return booking.PaymentState{}, err
	}
	within, cancel := context.WithTimeout(ctx, disputesWithin)
	defer cancel()
	if err := p.argue(within, &f); err != nil {
		p.log.WarnContext(ctx, "a payment of razorpay without its disputes", "payment", f.state.Reference, "code", booking.CodeOf(err))
	}
	return f.state, nil
}

// giveBack adds the refunds. The order's own figures do not tell which refunds are pending or
// have failed.
func (p *Provider) giveBack(ctx context.Context, f *folded) error {
	if f.paid == nil || !f.paid.taken() {
		return nil
	}
	refunds, err := p.client.refundsOf(ctx, f.paid.ID)
	if err != nil {
		return p.fail(ctx, f.state.Reference, err)
	}
	f.give(refunds)
	return nil
}

// argue adds the disputes, all or none.
func (p *Provider) argue(ctx context.Context, f *folded) error {
	if f.paid == nil || !f.paid.taken() {
		return nil
	}
	disputes, err := p.client.disputesSince(ctx, f.paid.CreatedAt)
	if err != nil {
		return p.fail(ctx, f.state.Reference, err)
	}
	f.argue(disputes)
	return nil
}

// Capture takes the money: all of it, as Razorpay knows no parts. What was released by Void is
// refused. A payment that is captured already is no error, unless another amount was wanted.
// Captures have no idempotency key at Razorpay, so it asks before, and after a refusal.
func (p *Provider) Capture(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	f, err := p.look(ctx, step.Reference)
	if err != nil {
		return booking.PaymentState{}, err
	}
	if f.state.Status != booking.PaymentAuthorized {
		return p.captured(ctx, f, step)
	}
	if step.Amount != f.paid.money() {
		return f.state, booking.E(booking.CodePaymentRefused, "%s cannot be taken of %s.", step.Amount, f.paid.money())
	}
	taken, err := p.client.capture(ctx, *f.paid)
	if err != nil {
		if err = p.fail(ctx, step.Reference, err); !isRefusal(err) {
			return f.state, err
		}
		if f, err = p.look(ctx, step.Reference); err != nil {
			return booking.PaymentState{}, err
		}
		return p.captured(ctx, f, step)
	}
	at := slices.IndexFunc(f.payments, func(one payment) bool { return one.ID == taken.ID })
	if at < 0 {
		return f.state, p.answeredNo("capture", step.Reference)
	}
	f.payments[at] = taken
	f = p.fold(f.order, f.payments)
	if f.state.Captured != step.Amount.Amount {
		return f.state, p.answeredNo("capture", step.Reference)
	}
	return f.state, nil // nothing was refunded or disputed yet
}

// captured answers for a payment that cannot be captured now.
func (p *Provider) captured(ctx context.Context, f folded, step booking.MoneyStep) (booking.PaymentState, error) {
	state, err := p.complete(ctx, f)
	switch taken := (booking.Money{Amount: state.Captured, Currency: state.Currency}); {
	case err != nil:
		return state, err
	case taken == step.Amount:
		return state, nil
	case taken.Amount > 0:
		return state, booking.E(booking.CodePaymentMismatch, "The provider took %s instead of %s.", taken, step.Amount)
	case state.Status == booking.PaymentAuthorized:
		return state, p.answeredNo("capture", step.Reference)
	default:
		return state, booking.E(booking.CodePaymentRefused, "The payment can no longer be taken.")
	}
}

// Void releases a payment that was not captured. Razorpay has no such call: we note on the
// order which payments we will not capture, and Razorpay gives them back when the time for
// their capture has passed (Options.CaptureWithin), in 5 to 7 working days. A payment that had
// ended otherwise is no error: the answer has its state.
//
// The note and a capture are not atomic at Razorpay. A capture that was under way may still
// win; the state says so when it is asked for later.
func (p *Provider) Void(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	f, err := p.look(ctx, step.Reference)
	if err != nil {
		return booking.PaymentState{}, err
	}
	if f.order.ID == "" || f.paid != nil && f.paid.taken() || f.state.Status == booking.PaymentVoided {
		return p.complete(ctx, f)
	}
	pairs := notes{}
	for name, value := range f.order.Notes {
		pairs[name] = value
	}
	pairs[noteReleased] = releasedWith(pairs[noteReleased], f.held)
	if _, err := p.client.note(ctx, f.order.ID, pairs); err != nil {
		return f.state, p.fail(ctx, step.Reference, err)
	}
	if f, err = p.look(ctx, step.Reference); err != nil {
		return booking.PaymentState{}, err
	}
	return p.complete(ctx, f)
}

// releasedWith adds payments to the note; of very many, the newest stay.
func releasedWith(note string, held []string) string {
	var all []string
	if note != "" && note != nonePaid {
		all = strings.Split(note, ",")
	}
	all = append(all, held...)
	if len(all) == 0 {
		return nonePaid
	}
	return strings.Join(all[max(0, len(all)-mostReleased):], ",")
}

// Refund makes sure that step.Amount was given back in the end, finished or pending. It asks
// first and refunds only the difference, so that a retry after a lost answer refunds nothing
// more, with any key.
func (p *Provider) Refund(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	f, state, err := p.lookWhole(ctx, step.Reference)
	if err != nil || state.Refunded >= step.Amount.Amount {
		return state, err
	}
	switch {
	case state.Currency != step.Amount.Currency:
		return state, booking.E(booking.CodePaymentMismatch, "The payment was made in %s, not in %s.", state.Currency, step.Amount.Currency)
	case state.Captured < step.Amount.Amount:
		return state, booking.E(booking.CodePaymentRefused, "%s cannot be given back: %s was paid.",
			step.Amount, booking.Money{Amount: state.Captured, Currency: state.Currency})
	}
	// Calls that saw the same total ask for the same refund, and share a key. What was refunded
	// and what came back only grow, so no later refund has this key.
	key := f.paid.ID + "-" + strconv.FormatInt(state.Refunded+state.RefundsFailed, 10)
	_, refused := p.client.refund(ctx, f.paid.ID, key, map[string]any{
		"amount": step.Amount.Amount - state.Refunded, "speed": "normal", "notes": notes{noteBooking: step.BookingID},
	})
	if refused != nil {
		if refused = p.fail(ctx, step.Reference, refused); !isRefusal(refused) {
			return state, refused
		}
	}
	_, state, err = p.lookWhole(ctx, step.Reference)
	if err == nil && state.Refunded < step.Amount.Amount {
		if err = refused; err == nil {
			err = p.answeredNo("refund", step.Reference)
		}
	}
	return state, err
}

func (p *Provider) lookWhole(ctx context.Context, reference string) (folded, booking.PaymentState, error) {
	f, err := p.look(ctx, reference)
	if err != nil {
		return f, booking.PaymentState{}, err
	}
	state, err := p.complete(ctx, f)
	return f, state, err
}

// isID keeps what is no id of Razorpay's out of URLs.
func isID(prefix, id string) bool {
	rest, ok := strings.CutPrefix(id, prefix+"_")
	return ok && rest != "" && len(rest) <= 40 && strings.Trim(rest, idCharacters) == ""
}

const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
