package activities

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/booking"
)

const price = 45_000

// script is a provider that gives scripted answers first, and then answers from its state.
type script struct {
	state booking.PaymentState
	fail  map[string][]error // by operation, in order; nil is no failure
	calls []string           // "capture key"
	// undecided: a capture and a void change nothing.
	undecided bool
}

func (s *script) Name() string { return "stripe" }

func (s *script) call(operation, key string, do func()) (booking.PaymentState, error) {
	s.calls = append(s.calls, operation+" "+key)
	if waiting := s.fail[operation]; len(waiting) > 0 {
		err := waiting[0]
		s.fail[operation] = waiting[1:]
		if err != nil {
			return booking.PaymentState{}, err
		}
	}
	do()
	return s.state, nil
}

func (s *script) Open(_ context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	return s.call("open", req.Key, func() {})
}

func (s *script) Get(context.Context, string) (booking.PaymentState, error) {
	return s.call("get", "", func() {})
}

func (s *script) Capture(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return s.call("capture", step.Key, func() {
		if s.undecided {
			return
		}
		s.state.Status, s.state.Captured, s.state.Authorized = booking.PaymentCaptured, s.state.Authorized, 0
	})
}

func (s *script) Void(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return s.call("void", step.Key, func() {
		if !s.undecided {
			s.state.Status, s.state.Authorized = booking.PaymentVoided, 0
		}
	})
}

func (s *script) Refund(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return s.call("refund", step.Key, func() {
		s.state.Status, s.state.Refunded = booking.PaymentRefunded, step.Amount.Amount
	})
}

// ledger is books that count.
type ledger struct {
	recorded []booking.PaymentState
	doubts   int
	spent    map[string]int
}

func (l *ledger) Record(_ context.Context, state booking.PaymentState) error {
	l.recorded = append(l.recorded, state)
	return nil
}
func (l *ledger) MarkInDoubt(context.Context, string, string, string) error { l.doubts++; return nil }
func (l *ledger) Adopt(context.Context, string, string, string) error       { return nil }
func (l *ledger) SpentKeys(_ context.Context, step string) (int, error)     { return l.spent[step], nil }
func (l *ledger) SpendKey(_ context.Context, step string, n int) (int, error) {
	l.spent[step] = max(l.spent[step], n)
	return l.spent[step], nil
}

var (
	unanswered = booking.E(booking.CodeProviderUnavailable, "No answer.")
	answered5  = booking.E(booking.CodeProviderError, "Answered 500.")
	stored5    = booking.E(booking.CodeProviderError, "Answered 500.").Wrap(booking.ErrKeySpent)
	refused4   = booking.E(booking.CodePaymentRefused, "Refused.")
	step       = booking.MoneyStep{
		BookingID: "b", Provider: "stripe", Reference: "pi_1", Amount: booking.Money{Amount: price, Currency: "INR"},
	}
)

func payment(status booking.PaymentStatus) booking.PaymentState {
	p := booking.PaymentState{Provider: "stripe", Reference: "pi_1", BookingID: "b", Status: status, Amount: price, Currency: "INR"}
	switch status {
	case booking.PaymentAuthorized:
		p.Authorized = price
	case booking.PaymentCaptured:
		p.Captured = price
	default:
	}
	return p
}

// run runs one activity over a script: local is its first try, on the fast path.
func run(t *testing.T, s *script, activity func(*Payments) any, local bool) (booking.PaymentState, *ledger, error) {
	t.Helper()
	return runWith(t, s, nil, activity, local)
}

func runWith(t *testing.T, s *script, guard Vendor, activity func(*Payments) any, local bool) (booking.PaymentState, *ledger, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	books := &ledger{spent: map[string]int{}}
	payments := &Payments{Providers: map[string]PaymentProvider{"stripe": s}, Books: books}
	if guard != nil {
		payments.Vendors = map[string]Vendor{"stripe": guard}
	}
	env.RegisterActivity(payments)
	execute := env.ExecuteActivity
	if local {
		execute = env.ExecuteLocalActivity
	}
	value, err := execute(activity(payments), step)
	var state booking.PaymentState
	if err == nil {
		require.NoError(t, value.Get(&state))
	}
	return state, books, err
}

func capturing(p *Payments) any { return p.CapturePayment }
func giving(p *Payments) any    { return p.GiveBack }
func closing(p *Payments) any   { return p.CloseUnpaid }

func TestCapture(t *testing.T) {
	t.Parallel()
	half := payment(booking.PaymentCaptured)
	half.Captured = price / 2
	tests := []struct {
		name  string
		state booking.PaymentState
		fail  map[string][]error
		slow  bool
		calls []string
		code  booking.Code
		spent int
	}{
		{name: "at once", state: payment(booking.PaymentAuthorized), calls: []string{"capture b-capture-pi_1"}},
		{name: "the slow path asks first", state: payment(booking.PaymentAuthorized), slow: true,
			calls: []string{"get ", "capture b-capture-pi_1"}},
		{name: "the fast path had done it", state: payment(booking.PaymentCaptured), slow: true, calls: []string{"get "}},
		{name: "TestFault12: asked before a new key is made", state: payment(booking.PaymentAuthorized),
			fail: map[string][]error{"capture": {answered5, stored5}},
			calls: []string{"capture b-capture-pi_1", "get ", "capture b-capture-pi_1", "get ",
				"capture b-capture-pi_1-2"}, spent: 1},
		{name: "a failure that is not kept keeps the key", state: payment(booking.PaymentAuthorized),
			fail:  map[string][]error{"capture": {answered5}},
			calls: []string{"capture b-capture-pi_1", "get ", "capture b-capture-pi_1"}},
		{name: "no new key as long as the failure is not kept", state: payment(booking.PaymentAuthorized),
			fail:  map[string][]error{"capture": {answered5, answered5, answered5}},
			calls: []string{"capture b-capture-pi_1", "get ", "capture b-capture-pi_1", "get "}, code: booking.CodeProviderError},
		{name: "an answer that never came keeps the key", state: payment(booking.PaymentAuthorized),
			fail: map[string][]error{"capture": {unanswered}}, calls: []string{"capture b-capture-pi_1"},
			code: booking.CodeProviderUnavailable},
		{name: "no new key when the question fails", state: payment(booking.PaymentAuthorized),
			fail:  map[string][]error{"capture": {answered5}, "get": {unanswered}},
			calls: []string{"capture b-capture-pi_1", "get "}, code: booking.CodeProviderUnavailable},
		{name: "two keys a try", state: payment(booking.PaymentAuthorized),
			fail: map[string][]error{"capture": {answered5, stored5, stored5, answered5}},
			calls: []string{"capture b-capture-pi_1", "get ", "capture b-capture-pi_1", "get ",
				"capture b-capture-pi_1-2", "get "}, code: booking.CodeProviderError, spent: 2},
		{name: "refused permanently", state: payment(booking.PaymentAuthorized), fail: map[string][]error{"capture": {refused4}},
			calls: []string{"capture b-capture-pi_1"}, code: booking.CodePaymentRefused},
		{name: "voided meanwhile", state: payment(booking.PaymentVoided), slow: true, calls: []string{"get "},
			code: booking.CodePaymentRefused},
		{name: "TestFault22: half is a failure", state: half, slow: true, calls: []string{"get "}, code: booking.CodePaymentMismatch},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &script{state: test.state, fail: test.fail}
			_, books, err := run(t, s, capturing, !test.slow)
			assert.Equal(t, test.calls, s.calls)
			assert.Equal(t, test.spent, books.spent["b-capture-pi_1"])
			assert.Equal(t, test.code, typeOf(err))
		})
	}
}

// In every state of the payment, no money stays with us afterward.
func TestGiveBack(t *testing.T) {
	t.Parallel()
	for status, calls := range map[booking.PaymentStatus][]string{
		booking.PaymentOpen:       {"get ", "void b-void-pi_1"},
		booking.PaymentAuthorized: {"get ", "void b-void-pi_1"},
		booking.PaymentCaptured:   {"get ", "refund b-refund-pi_1-45000"},
		booking.PaymentVoided:     {"get "},
		booking.PaymentRefunded:   {"get "},
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			s := &script{state: payment(status)}
			after, books, err := run(t, s, giving, true)
			require.NoError(t, err)
			assert.Equal(t, calls, s.calls)
			assert.True(t, closed(after))
			assert.Equal(t, []booking.PaymentState{after}, books.recorded)
		})
	}
}

func TestCloseUnpaidLeavesWhatIsPaid(t *testing.T) {
	t.Parallel()
	for status, calls := range map[booking.PaymentStatus][]string{
		booking.PaymentOpen:       {"get ", "void b-void-pi_1"},
		booking.PaymentFailed:     {"get ", "void b-void-pi_1"},
		booking.PaymentInDoubt:    {"get ", "void b-void-pi_1"},
		booking.PaymentAuthorized: {"get "},
		booking.PaymentCaptured:   {"get "},
		booking.PaymentVoided:     {"get "},
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			s := &script{state: payment(status)}
			_, _, err := run(t, s, closing, true)
			require.NoError(t, err)
			assert.Equal(t, calls, s.calls)
		})
	}
}

// A provider that has not decided is asked again. It has answered, so it counts as well: its
// other payments stay on the fast path.
func TestWhatIsNotDecidedIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, activity := range map[string]func(*Payments) any{"close": closing, "capture": capturing, "give back": giving} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{state: payment(booking.PaymentInDoubt), undecided: true}
			guard := &wellness{}
			state, books, err := runWith(t, s, guard, activity, true)
			assert.Equal(t, booking.CodeProviderUnavailable, typeOf(err))
			assert.Zero(t, state)
			assert.Equal(t, booking.PaymentInDoubt, books.recorded[0].Status)
			assert.Equal(t, []error{nil}, guard.seen)
		})
	}
}

// wellness is a vendor's guard that remembers what it saw.
type wellness struct{ seen []error }

func (w *wellness) Try(ctx context.Context, call func(context.Context) error) error {
	err := call(ctx)
	w.seen = append(w.seen, err)
	return err
}

func (w *wellness) Report(ctx context.Context, call func(context.Context) error) error {
	return w.Try(ctx, call)
}

func TestErrorsKeepTheirCauseInside(t *testing.T) {
	t.Parallel()
	secret := errors.New("password authentication failed for user boxoffice")
	for _, err := range []error{secret, booking.E(booking.CodeUnavailable, "Away.").Wrap(secret)} {
		s := &script{state: payment(booking.PaymentOpen), fail: map[string][]error{"get": {err}}}
		_, _, err := run(t, s, giving, false)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "password")
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		assert.False(t, app.NonRetryable())
	}
}

func typeOf(err error) booking.Code {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return booking.Code(app.Type())
	}
	return ""
}
