package paypal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments/paypal"
)

// TestReportedNN are what others have reported of their shops with PayPal, each with the
// report's address.

var twenty = booking.Money{Amount: 2_000, Currency: "USD"}

func open(t *testing.T, p *paypal.Provider) booking.PaymentState {
	t.Helper()
	return openFor(t, p, twenty)
}

func openFor(t *testing.T, p *paypal.Provider, price booking.Money) booking.PaymentState {
	t.Helper()
	id := uuid.NewString()
	state, err := p.Open(t.Context(), booking.PaymentRequest{
		BookingID: id, Provider: "paypal", Attempt: 1, Amount: price, Description: "Kite, 2 seats", Key: id + "-open-1",
	})
	require.NoError(t, err)
	return state
}

func step(state booking.PaymentState, what string) booking.MoneyStep {
	return booking.MoneyStep{
		BookingID: state.BookingID, Provider: "paypal", Reference: state.Reference,
		Amount: booking.Money{Amount: state.Amount, Currency: state.Currency}, Key: state.BookingID + "-" + what + "-" + state.Reference,
	}
}

// approved opens a payment that an account has approved.
func approved(t *testing.T, v vendor, p *paypal.Provider, account string) booking.PaymentState {
	t.Helper()
	state := open(t, p)
	v.approve(t, state.Reference, account)
	return state
}

// authorized opens a payment and reserves its money.
func authorized(t *testing.T, v vendor, p *paypal.Provider, account string) booking.PaymentState {
	t.Helper()
	state := approved(t, v, p, account)
	got, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	require.Equal(t, booking.PaymentAuthorized, got.Status)
	return state
}

func asked(t *testing.T, p *paypal.Provider, reference string) booking.PaymentState {
	t.Helper()
	state, err := p.Get(t.Context(), reference)
	require.NoError(t, err)
	return state
}

// The customer approved and never came back: asking is enough, and asking reserves
// nothing.
// github.com/pretix/pretix/issues/3958
func TestReported10ApprovedAndNeverCameBack(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	state := approved(t, v, p, "buyer@example.com")
	for range 3 {
		assert.Equal(t, booking.PaymentApproved, asked(t, p, state.Reference).Status)
	}
	assert.Empty(t, v.order(t, state.Reference).Units[0].Payments.Authorizations)
	got, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	assert.Equal(t, twenty.Amount, got.Authorized)
}

// The create's answer was lost: the same key gives the same order, and what is left of
// another one lapses.
// github.com/woocommerce/woocommerce-paypal-payments/issues/4458
func TestReported11AnswerToOpenLost(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	v.faulty(t, map[string]any{"vendor": "paypal", "fault": "reply_lost", "operation": "orders.create", "times": 1})
	id := uuid.NewString()
	req := booking.PaymentRequest{BookingID: id, Provider: "paypal", Attempt: 1, Amount: twenty, Key: id + "-open-1"}
	_, err := p.Open(t.Context(), req)
	require.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
	first, err := p.Open(t.Context(), req)
	require.NoError(t, err)
	again, err := p.Open(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Len(t, v.ledger(t).PayPal.Payments, 1)

	v.pull(t, "/clock", map[string]any{"advance_seconds": int(3*time.Hour/time.Second) + 60})
	_, err = p.Get(t.Context(), first.Reference)
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), "PayPal has forgotten it")
}

// The event comes before the browser is back: both may lead to authorizing, and it is done
// once.
// github.com/woocommerce/woocommerce-paypal-payments/issues/4489
func TestReported12AuthorizedOnce(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	state := approved(t, v, p, "buyer@example.com")
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			one := step(state, "authorize")
			if i%2 == 1 {
				one.Key += "-other"
			}
			got, err := p.Authorize(context.Background(), one)
			if err != nil {
				assert.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
				return
			}
			assert.Equal(t, booking.PaymentAuthorized, got.Status)
		})
	}
	group.Wait()
	assert.Len(t, v.order(t, state.Reference).Units[0].Payments.Authorizations, 1)
}

// A declined instrument: the customer goes back to the same order, and the next approval
// is another attempt even with the same key.
// github.com/woocommerce/woocommerce-paypal-payments/issues/4633
func TestReported13InstrumentDeclined(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	state := approved(t, v, p, "declined@example.com")
	declined, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentFailed, declined.Status)
	assert.NotEmpty(t, declined.Failure)
	assert.NotEmpty(t, declined.Try)
	now := asked(t, p, state.Reference)
	assert.Equal(t, booking.PaymentOpen, now.Status)
	assert.Equal(t, state.CheckoutURL, now.CheckoutURL)

	v.approve(t, state.Reference, "declined@example.com")
	second, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentFailed, second.Status)
	assert.NotEqual(t, declined.Try, second.Try, "two declines are two")

	v.approve(t, state.Reference, "buyer@example.com")
	got, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentAuthorized, got.Status)
}

// Where PayPal goes on calling a declined order approved, its try tells that it is the one
// that was declined, until the customer approves it again.
func TestReported13DeclinedStaysApproved(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.pull(t, "/settings", map[string]any{"declined_stays_approved": true})
	p := v.provider(t, currentWebhook)
	state := approved(t, v, p, "declined@example.com")
	declined, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	require.Equal(t, booking.PaymentFailed, declined.Status)
	now := asked(t, p, state.Reference)
	assert.Equal(t, booking.PaymentApproved, now.Status)
	assert.Equal(t, declined.Try, now.Try)
	again, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	assert.Equal(t, declined.Try, again.Try, "the same decline")

	v.approve(t, state.Reference, "buyer@example.com")
	assert.NotEqual(t, declined.Try, asked(t, p, state.Reference).Try)
	got, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentAuthorized, got.Status)
}

// 201 is success of the call and not of the payment.
// github.com/woocommerce/woocommerce-paypal-payments/issues/301, /304, /312
func TestReported14PendingAndDenied(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	authorize := func(account string) booking.PaymentState {
		state := approved(t, v, p, account)
		got, err := p.Authorize(t.Context(), step(state, "authorize"))
		require.NoError(t, err)
		return got
	}
	denied := authorize("denied@example.com")
	assert.Equal(t, booking.PaymentFailed, denied.Status)
	assert.NotEmpty(t, denied.Failure)
	assert.Equal(t, denied.Try, asked(t, p, denied.Reference).Try, "one decline, however often it is told")
	_, err := p.Capture(t.Context(), step(denied, "capture"))
	assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))
	ended, err := p.Void(t.Context(), step(denied, "void"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentVoided, ended.Status)

	for decision, want := range map[string]booking.PaymentStatus{"CREATED": booking.PaymentAuthorized, "DENIED": booking.PaymentFailed} {
		waiting := authorize("review@example.com")
		assert.Equal(t, booking.PaymentInDoubt, waiting.Status)
		assert.Zero(t, waiting.Authorized)
		id := v.order(t, waiting.Reference).Units[0].Payments.Authorizations[0].ID
		v.pull(t, "/authorizations/"+id+"/decide", map[string]any{"status": decision})
		assert.Equal(t, want, asked(t, p, waiting.Reference).Status)
	}
	given := authorize("review@example.com")
	given, err = p.Void(t.Context(), step(given, "void"))
	require.NoError(t, err)
	assert.Equal(t, booking.PaymentVoided, given.Status, "a review need not be waited for")

	for decision, want := range map[string]booking.PaymentStatus{"COMPLETED": booking.PaymentCaptured, "DECLINED": booking.PaymentFailed} {
		state := authorized(t, v, p, "pending-capture@example.com")
		taken, err := p.Capture(t.Context(), step(state, "capture"))
		require.NoError(t, err)
		assert.Equal(t, booking.PaymentInDoubt, taken.Status)
		assert.Zero(t, taken.Captured)
		_, err = p.Void(t.Context(), step(state, "void"))
		assert.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err), "it may still come")
		_, err = p.Refund(t.Context(), step(state, "refund"))
		assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))
		id := v.order(t, state.Reference).Units[0].Payments.Captures[0].ID
		v.pull(t, "/captures/"+id+"/decide", map[string]any{"status": decision})
		assert.Equal(t, want, asked(t, p, state.Reference).Status)
	}
	refused := authorized(t, v, p, "declined-capture@example.com")
	_, err = p.Capture(t.Context(), step(refused, "capture"))
	assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err))
	assert.Zero(t, v.box().Books(t)["USD"].Captured-twenty.Amount, "one capture of all these was money")
}

// The answer to authorize or capture is lost, or is empty: the outcome is unknown, PayPal
// is asked, and the money is taken once.
// github.com/umbraco/Umbraco.Commerce.Issues/issues/395
func TestReported15AnswerLostOrEmpty(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	empty := &emptyAnswers{}
	web := httptest.NewServer(empty.before(v.url))
	defer web.Close()
	o := v.options(currentWebhook)
	o.APIURL = web.URL + "/paypal"
	p, err := paypal.New(o)
	require.NoError(t, err)

	state := approved(t, v, p, "buyer@example.com")
	empty.next("/authorize")
	_, err = p.Authorize(t.Context(), step(state, "authorize"))
	require.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
	got, err := p.Authorize(t.Context(), step(state, "authorize"))
	require.NoError(t, err)
	require.Equal(t, booking.PaymentAuthorized, got.Status)

	empty.next("/capture")
	_, err = p.Capture(t.Context(), step(state, "capture"))
	require.Equal(t, booking.CodeProviderUnavailable, booking.CodeOf(err))
	got, err = p.Capture(t.Context(), step(state, "capture"))
	require.NoError(t, err)
	assert.Equal(t, twenty.Amount, got.Captured)
	assert.Equal(t, twenty.Amount, v.box().Books(t)["USD"].Captured)
}

// A failure that is told after success, late or twice, changes nothing: the state is what
// PayPal says when asked.
// github.com/Automattic/camptix/issues/124
func TestReported18FailedAfterCaptured(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	state := authorized(t, v, p, "buyer@example.com")
	_, err := p.Capture(t.Context(), step(state, "capture"))
	require.NoError(t, err)
	id := v.order(t, state.Reference).Units[0].Payments.Captures[0].ID
	body := []byte(`{"id":"WH-LATE","event_type":"PAYMENT.CAPTURE.DENIED","resource":{"id":"` + id + `","status":"DECLINED"}}`)
	for range 2 {
		event, err := p.Webhook(t.Context(), body, v.certs.sign(t, body, currentWebhook, time.Now()))
		require.NoError(t, err)
		assert.Equal(t, booking.PaymentCaptured, asked(t, p, event.Reference).Status)
	}
}

// JPY, HUF and TWD go without decimals; a price that PayPal cannot write is refused and
// never rounded; INR is not received.
// github.com/nopSolutions/nopCommerce/issues/6310, magento/magento2/issues/10954
func TestReported19WholeCurrencies(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider(t, currentWebhook)
	for currency, price := range map[string]int64{"JPY": 1_800, "HUF": 299_000, "TWD": 32_000} {
		state := openFor(t, p, booking.Money{Amount: price, Currency: currency})
		v.approve(t, state.Reference, "buyer@example.com")
		_, err := p.Authorize(t.Context(), step(state, "authorize"))
		require.NoError(t, err)
		got, err := p.Capture(t.Context(), step(state, "capture"))
		require.NoError(t, err)
		assert.Equal(t, price, got.Captured, currency)
		assert.Equal(t, price, v.box().Books(t)[currency].Captured, currency)
	}
	for _, price := range []booking.Money{
		{Amount: 299_050, Currency: "HUF"}, {Amount: 32_001, Currency: "TWD"}, {Amount: 45_000, Currency: "INR"}, {Amount: 4_570, Currency: "KWD"},
	} {
		limits, received := paypal.Limits(price.Currency)
		assert.False(t, received && limits.Fits(price.Amount), "when the price is set: %s", price)
		_, err := p.Open(t.Context(), booking.PaymentRequest{BookingID: uuid.NewString(), Attempt: 1, Amount: price, Key: uuid.NewString()})
		assert.Equal(t, booking.CodePaymentRefused, booking.CodeOf(err), "%s", price)
	}
}

// Two bookings at once are two orders, and each step of each has a request id of its own.
// github.com/paypal/agent-toolkit/issues/98
func TestReported21RequestIDs(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	var mu sync.Mutex
	keys := map[string]string{}
	watch := httptest.NewServer((&emptyAnswers{}).before(v.url))
	defer watch.Close()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if key := req.Header.Get("PayPal-Request-Id"); key != "" {
			mu.Lock()
			if before, used := keys[key]; used {
				assert.Equal(t, before, req.URL.Path, "one key, two steps")
			}
			assert.LessOrEqual(t, len(key), 108)
			keys[key] = req.URL.Path
			mu.Unlock()
		}
		(&emptyAnswers{}).before(watch.URL).ServeHTTP(w, req)
	}))
	defer web.Close()
	o := v.options(currentWebhook)
	o.APIURL = web.URL + "/paypal"
	p, err := paypal.New(o)
	require.NoError(t, err)
	var group sync.WaitGroup
	references := make([]string, 2)
	for i := range references {
		group.Go(func() {
			state := authorized(t, v, p, "buyer@example.com")
			_, err := p.Capture(context.Background(), step(state, "capture"))
			assert.NoError(t, err)
			part := step(state, "refund")
			for _, total := range []int64{500, 1_200} {
				part.Amount.Amount = total
				_, err = p.Refund(context.Background(), part)
				assert.NoError(t, err)
			}
			references[i] = state.Reference
		})
	}
	group.Wait()
	assert.NotEqual(t, references[0], references[1])
	assert.Len(t, keys, 10, "open, authorize, capture and two refunds, twice")
	assert.EqualValues(t, 2_400, v.box().Books(t)["USD"].Refunded)
}
