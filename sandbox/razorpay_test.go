package sandbox

import (
	"bufio"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	razorpay "github.com/razorpay/razorpay-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	razorpayTestKey    = "rzp_test_sandbox"
	razorpayTestSecret = "the key's secret"
	razorpayHookSecret = "the webhook's secret"
)

type pairs = map[string]any

// razorpayBench is a bench with Razorpay's own client.
type razorpayBench struct {
	*bench
	client *razorpay.Client
}

func newRazorpayBench(t *testing.T, change ...func(*Options)) *razorpayBench {
	t.Helper()
	still := func(o *Options) { o.RazorpayRefundAfter = time.Hour }
	b := newBench(t, append([]func(*Options){still}, change...)...)
	return &razorpayBench{b, razorpayClient(b.url)}
}

// razorpayClient is razorpay-go v1.4.0 as it is; only the address differs.
func razorpayClient(address string) *razorpay.Client {
	client := razorpay.NewClient(razorpayTestKey, razorpayTestSecret)
	client.BaseURL = address + "/razorpay"
	return client
}

func razorpayOrderParams(receipt string) pairs {
	return pairs{
		"amount": 45000, "currency": "INR", "receipt": receipt, "notes": pairs{"booking_id": "b-1", "attempt": 1},
		"payment": pairs{"capture": "manual", "capture_options": pairs{"manual_expiry_period": 1440, "refund_speed": "normal"}},
	}
}

func (b *razorpayBench) order() string {
	b.t.Helper()
	made, err := b.client.Order.Create(razorpayOrderParams(""), nil)
	require.NoError(b.t, err)
	return made["id"].(string)
}

// lever pulls one of the sandbox's levers; body is JSON or empty.
func (b *razorpayBench) lever(path, body string) pairs {
	b.t.Helper()
	status, answer := b.send("POST", "/sandbox/razorpay"+path, body)
	require.Equal(b.t, http.StatusOK, status, answer)
	return decodeJSON[pairs](b.t, answer)
}

func (b *razorpayBench) paid(order, body string) pairs {
	b.t.Helper()
	return b.lever("/orders/"+order+"/pay", body)["payment"].(pairs)
}

func (b *razorpayBench) payment(id any) pairs {
	b.t.Helper()
	p, err := b.client.Payment.Fetch(id.(string), nil, nil)
	require.NoError(b.t, err)
	return p
}

const (
	byCard = `{"card":"4100280000001007"}`
	byUPI  = `{"vpa":"success@razorpay"}`
	noUPI  = `{"vpa":"failure@razorpay"}`
)

func TestRazorpayManualCaptureWithItsOwnClient(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	made, err := b.client.Order.Create(razorpayOrderParams("b-1-1"), nil)
	require.NoError(t, err)
	id := made["id"].(string)
	assert.Regexp(t, `^order_[0-9A-Za-z]{14}$`, id)
	assert.Equal(t, []any{"created", 45000.0, 0.0, 45000.0, "b-1-1"},
		[]any{made["status"], made["amount"], made["amount_paid"], made["amount_due"], made["receipt"]})
	assert.Equal(t, pairs{"booking_id": "b-1", "attempt": "1"}, made["notes"])

	found, err := b.client.Order.All(pairs{"receipt": "b-1-1"}, nil)
	require.NoError(t, err)
	assert.Equal(t, 1.0, found["count"])
	again := razorpayOrderParams("b-1-1")
	again["unique_receipt"] = true
	same, err := b.client.Order.Create(again, nil)
	require.NoError(t, err)
	assert.Equal(t, id, same["id"])

	p := b.paid(id, byCard)
	assert.Equal(t, []any{"authorized", false, "card", id}, []any{p["status"], p["captured"], p["method"], p["order_id"]})
	assert.Equal(t, []any{}, p["notes"], "empty notes are an array")
	_, err = b.client.Payment.Capture(p["id"].(string), 44999, pairs{"currency": "INR"}, nil)
	require.ErrorContains(t, err, "must be equal")
	taken, err := b.client.Payment.Capture(p["id"].(string), 45000, pairs{"currency": "INR"}, nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"captured", true, 1062.0, 162.0}, []any{taken["status"], taken["captured"], taken["fee"], taken["tax"]})
	_, err = b.client.Payment.Capture(p["id"].(string), 45000, pairs{"currency": "INR"}, nil)
	require.ErrorContains(t, err, "already been captured")
	now, err := b.client.Order.Fetch(id, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"paid", 45000.0, 0.0, 1.0}, []any{now["status"], now["amount_paid"], now["amount_due"], now["attempts"]})
	_, err = b.client.Order.Update(id, pairs{"notes": pairs{"released": "-"}}, nil)
	require.NoError(t, err)
	_, err = b.client.Order.Update(id, pairs{"amount": 1}, nil)
	require.ErrorContains(t, err, "should not be sent")
	list, err := b.client.Order.Payments(id, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, 1.0, list["count"])
	assert.Equal(t, []moneyTotal{{Currency: "INR", Captured: 45000, Net: 45000}}, b.readBooks().Razorpay.Totals)
}

func TestRazorpayRefusalsWithItsOwnClient(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	for _, id := range []string{"pay_00000000000000", "nothing"} {
		_, err := b.client.Payment.Fetch(id, nil, nil)
		require.Error(t, err)
		assert.Regexp(t, `does not exist|not a valid id`, err.Error())
	}
	for field, change := range map[string]pairs{
		"currency":             {"currency": "XYZ"},
		"amount":               {"amount": 99},
		"receipt":              {"receipt": strings.Repeat("r", 41)},
		"notes":                {"notes": pairs{"a": strings.Repeat("n", 257)}},
		"manual_expiry_period": {"payment": pairs{"capture": "manual", "capture_options": pairs{"manual_expiry_period": 11}}},
		"expire_by":            {"expire_by": 1},
	} {
		params := razorpayOrderParams("")
		for name, value := range change {
			params[name] = value
		}
		body, err := json.Marshal(params)
		require.NoError(t, err)
		status, answer := b.asked("POST", "/orders", string(body))
		assert.Equal(t, http.StatusBadRequest, status, field)
		said := decodeJSON[struct{ Error razorpayError }](t, answer).Error
		assert.Equal(t, "BAD_REQUEST_ERROR", said.Code)
		assert.Equal(t, field, said.Field, said.Description)
		assert.NotContains(t, answer, "internal_error_code", "the client would take it for a success")
	}
	status, _ := b.send("GET", "/razorpay/v1/orders/order_00000000000000", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = b.asked("GET", "/orders/order_00000000000000", "")
	assert.Equal(t, http.StatusBadRequest, status, "an unknown id is no 404")
	status, _ = b.asked("GET", "/customers", "")
	assert.Equal(t, http.StatusNotFound, status)
}

// asked calls the API with nothing in between.
func (b *razorpayBench) asked(method, path, body string, headers ...string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+"/razorpay/v1"+path, strings.NewReader(body))
	require.NoError(b.t, err)
	req.SetBasicAuth(razorpayTestKey, razorpayTestSecret)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return res.StatusCode, string(raw)
}

func TestRazorpayRefundsArePendingThenEitherWay(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	order := b.order()
	id := b.paid(order, byUPI)["id"].(string)
	_, err := b.client.Payment.Refund(id, 100, nil, nil)
	require.ErrorContains(t, err, "should be captured")
	_, err = b.client.Payment.Capture(id, 45000, pairs{"currency": "INR"}, nil)
	require.NoError(t, err)

	key := map[string]string{"X-Refund-Idempotency": "refund-of-b-1"}
	first, err := b.client.Payment.Refund(id, 10000, pairs{"speed": "normal"}, key)
	require.NoError(t, err)
	assert.Equal(t, "pending", first["status"])
	again, err := b.client.Payment.Refund(id, 10000, pairs{"speed": "normal"}, key)
	require.NoError(t, err)
	assert.Equal(t, first["id"], again["id"])
	_, err = b.client.Payment.Refund(id, 20000, pairs{"speed": "normal"}, key)
	require.ErrorContains(t, err, "idempotency key")
	p := b.payment(id)
	assert.Equal(t, []any{10000.0, "partial", "captured"}, []any{p["amount_refunded"], p["refund_status"], p["status"]})

	assert.Equal(t, "processed", b.lever("/refunds/"+first["id"].(string)+"/process", "")["status"])
	second, err := b.client.Payment.Refund(id, 35000, nil, nil)
	require.NoError(t, err)
	p = b.payment(id)
	assert.Equal(t, []any{45000.0, "full", "refunded"}, []any{p["amount_refunded"], p["refund_status"], p["status"]})
	_, err = b.client.Payment.Refund(id, 1, nil, nil)
	require.Error(t, err)
	b.lever("/refunds/"+second["id"].(string)+"/fail", "")
	p = b.payment(id)
	assert.Equal(t, []any{10000.0, "partial", "captured"}, []any{p["amount_refunded"], p["refund_status"], p["status"]})

	list, err := b.client.Refund.All(pairs{"from": time.Now().Add(-time.Minute).Unix(), "count": 1}, nil)
	require.NoError(t, err)
	assert.Equal(t, 1.0, list["count"])
	assert.Equal(t, second["id"], list["items"].([]any)[0].(pairs)["id"], "newest first")
	assert.Equal(t, []moneyTotal{{Currency: "INR", Captured: 45000, Refunded: 10000, Net: 35000}}, b.readBooks().Razorpay.Totals)
}

func TestRazorpayRefundsAreProcessedInTime(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t, func(o *Options) { o.RazorpayRefundAfter = time.Millisecond })
	id := b.paid(b.order(), byUPI)["id"].(string)
	b.lever("/payments/"+id+"/capture", "")
	re := b.lever("/payments/"+id+"/refund", `{"amount":100}`)
	require.Eventually(t, func() bool {
		one, err := b.client.Refund.Fetch(re["id"].(string), nil, nil)
		return err == nil && one["status"] == "processed"
	}, soon, often)
}

func TestRazorpayGivesBackWhatIsNotCaptured(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	order := b.order()
	id := b.paid(order, byCard)["id"]
	status, answer := b.send("POST", "/sandbox/razorpay/orders/"+order+"/pay", byCard)
	assert.Equal(t, http.StatusBadRequest, status, "one is authorized: %s", answer)
	b.lever("/orders/"+order+"/lapse", "")
	p := b.payment(id)
	assert.Equal(t, []any{"refunded", false, 45000.0}, []any{p["status"], p["captured"], p["amount_refunded"]})
	_, err := b.client.Payment.Capture(id.(string), 45000, pairs{"currency": "INR"}, nil)
	require.Error(t, err)
	assert.Zero(t, b.readBooks().Razorpay.Totals[0].Captured)
	assert.Zero(t, b.readBooks().Razorpay.Totals[0].Refunded, "what goes back uncaptured was never taken")

	second := b.paid(order, byCard)["id"] // the order is as open as before
	third := b.paid(order, `{"vpa":"success@razorpay","slips":true}`)["id"]
	b.lever("/payments/"+second.(string)+"/capture", "")
	assert.Equal(t, "refunded", b.payment(third)["status"], "the order is paid")
}

func TestRazorpayFailedIsNotFinal(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	order := b.order()
	p := b.paid(order, noUPI)
	assert.Equal(t, []any{"failed", "BAD_REQUEST_ERROR", "payment_failed"}, []any{p["status"], p["error_code"], p["error_reason"]})
	late := b.lever("/payments/"+p["id"].(string)+"/late-authorize", "")
	assert.Equal(t, []any{p["id"], "authorized", nil}, []any{late["id"], late["status"], late["error_code"]})
	other := b.paid(b.order(), noUPI)
	late = b.lever("/payments/"+other["id"].(string)+"/late-authorize", `{"too_late":true}`)
	assert.Equal(t, "refunded", late["status"])
}

func TestRazorpayDisputes(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	order := b.order()
	id := b.paid(order, byCard)["id"].(string)
	b.lever("/payments/"+id+"/capture", "")
	asks := b.lever("/disputes", `{"payment":"`+order+`","phase":"retrieval"}`)
	assert.Equal(t, 0.0, asks["amount_deducted"])
	d := b.lever("/disputes", `{"payment":"`+id+`"}`)
	_, err := b.client.Payment.Refund(id, 100, nil, nil)
	require.ErrorContains(t, err, "dispute")
	assert.EqualValues(t, 45000, b.readBooks().Razorpay.Totals[0].ChargedBack)
	b.lever("/disputes/"+d["id"].(string)+"/decide", `{"status":"won"}`)
	one, err := b.client.Dispute.Fetch(d["id"].(string), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"won", 0.0, id}, []any{one["status"], one["amount_deducted"], one["payment_id"]})
	all, err := b.client.Dispute.All(nil, nil)
	require.NoError(t, err)
	assert.Equal(t, 2.0, all["count"])
	assert.True(t, b.readBooks().Razorpay.Payments[0].Disputed)
}

// hooks is the merchant's endpoint.
type hooks struct {
	*httptest.Server
	mu    sync.Mutex
	kinds []string
	ids   map[string]bool
	bad   int
}

func newHooks(t *testing.T) *hooks {
	t.Helper()
	h := &hooks{ids: map[string]bool{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		var event struct{ Event string }
		_ = json.Unmarshal(body, &event)
		h.mu.Lock()
		defer h.mu.Unlock()
		if req.Header.Get("X-Razorpay-Signature") != razorpaySignature(razorpayHookSecret, body) {
			h.bad++
		}
		h.kinds = append(h.kinds, event.Event)
		h.ids[req.Header.Get("x-razorpay-event-id")] = true
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hooks) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.kinds...)
}

func (h *hooks) subscribe(o *Options) {
	o.RazorpayWebhookURL, o.RazorpayWebhookSecret = h.URL, razorpayHookSecret
}

func TestRazorpayEventsArriveSignedAndInOrder(t *testing.T) {
	t.Parallel()
	h := newHooks(t)
	b := newRazorpayBench(t, h.subscribe)
	order := b.order()
	b.paid(order, noUPI)
	id := b.paid(order, byUPI)["id"].(string)
	b.lever("/payments/"+id+"/capture", "")
	b.lever("/payments/"+id+"/refund", `{"amount":100}`)
	b.lever("/refunds/settle", "")
	b.lever("/payments/"+id+"/tell-failed", "")
	d := b.lever("/disputes", `{"payment":"`+id+`"}`)
	b.lever("/disputes/"+d["id"].(string)+"/decide", `{"status":"lost"}`)
	want := []string{"payment.failed", "payment.authorized", "payment.captured", "order.paid", "refund.created", "refund.processed",
		"payment.failed", "payment.dispute.created", "payment.dispute.lost"}
	require.Eventually(t, func() bool { return len(h.heard()) >= len(want) }, soon, often)
	assert.Equal(t, want, h.heard())
	assert.Zero(t, h.bad)
	assert.Len(t, h.ids, len(want), "an id for each event")
}

func TestRazorpayFaults(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	id := b.paid(b.order(), byCard)["id"].(string)
	b.fault(`{"vendor":"razorpay","fault":"reply_lost","operation":"payments.capture","times":1}`)
	_, err := b.client.Payment.Capture(id, 45000, pairs{"currency": "INR"}, nil)
	require.Error(t, err)
	assert.Equal(t, true, b.payment(id)["captured"])
	b.fault(`{"vendor":"razorpay","fault":"error","operation":"orders.create","times":1}`)
	status, answer := b.asked("POST", "/orders", `{"amount":100,"currency":"INR"}`)
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, answer, "SERVER_ERROR")
}

var returnField = regexp.MustCompile(`name="(razorpay_\w+)" value="([^"]*)"`)

func TestRazorpayCheckoutFailsThenPaysAndReturns(t *testing.T) {
	t.Parallel()
	b := newRazorpayBench(t)
	order := b.order()
	status, script := b.send("GET", "/razorpay/v1/checkout.js", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, script, "window.Razorpay = Razorpay")
	path := "/razorpay/checkout/" + order + "?" + url.Values{
		"key": {razorpayTestKey}, "name": {"Kite"}, "callback_url": {"https://shop.example/return"},
		"cancel": {"https://shop.example/pay"}, "notes": {`{"booking_id":"b-1"}`},
	}.Encode()
	status, page := b.send("GET", path, "")
	require.Equal(t, http.StatusOK, status)
	for _, want := range []string{"₹450.00 INR", "Kite (Razorpay sandbox)", `href="https://shop.example/pay"`, "4100 2800 0000 1007"} {
		assert.Contains(t, page, want)
	}
	_, page = b.form(path, "vpa", "failure@razorpay")
	assert.Contains(t, page, "Payment was unsuccessful")
	given := map[string]string{}
	for _, field := range regexp.MustCompile(`name="(error\[\w+\])" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		given[field[1]] = html.UnescapeString(field[2])
	}
	assert.Equal(t, "BAD_REQUEST_ERROR", given["error[code]"])
	said := decodeJSON[map[string]string](t, given["error[metadata]"])
	assert.Equal(t, []any{order, "failed"}, []any{said["order_id"], b.payment(said["payment_id"])["status"]})
	assert.NotContains(t, page, "razorpay_signature", "a failure is not signed")
	assert.NotContains(t, page, "data-until")
	_, page = b.send("GET", path+"&until=1700000000000", "")
	assert.Contains(t, page, `data-until="1700000000000"`)
	assert.Contains(t, page, "/razorpay/assets/return.js")
	_, page = b.form(path, "number", "4100 2800 0000 1007")
	payment := regexp.MustCompile(`name="payment" value="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, payment, page)
	assert.Equal(t, "created", b.payment(payment[1])["status"])
	_, page = b.form(path, "payment", payment[1], "otp", "123", "number", "4100 2800 0000 1007")
	assert.Contains(t, page, "incorrect OTP")

	_, page = b.form(path, "number", "4100 2800 0000 1007")
	payment = regexp.MustCompile(`name="payment" value="([^"]+)"`).FindStringSubmatch(page)
	_, page = b.form(path, "payment", payment[1], "otp", "1234", "number", "4100 2800 0000 1007")
	assert.Contains(t, page, `action="https://shop.example/return"`)
	fields := map[string]string{}
	for _, field := range returnField.FindAllStringSubmatch(page, -1) {
		fields[field[1]] = field[2]
	}
	assert.Equal(t, map[string]string{
		"razorpay_payment_id": payment[1], "razorpay_order_id": order,
		"razorpay_signature": razorpaySignature(razorpayTestSecret, []byte(order+"|"+payment[1])),
	}, fields, "these three and nothing else")
	p := b.payment(payment[1])
	assert.Equal(t, "authorized", p["status"])
	assert.Equal(t, pairs{"booking_id": "b-1"}, p["notes"])
	_, page = b.send("GET", path, "")
	assert.Contains(t, page, "This payment has been made")
	status, _ = b.send("GET", "/razorpay/checkout/order_00000000000000", "")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestKilledRazorpayForgetsNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sandbox.db")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SANDBOX_TEST_FILE="+file, "SANDBOX_TEST_WEBHOOK=")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	defer func() { _ = child.Process.Kill() }()
	addr, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	address := "http://" + addr[:len(addr)-1]
	dying := &razorpayBench{&bench{t: t, url: address}, razorpayClient(address)}
	order := dying.order()
	id := dying.paid(order, byUPI)["id"].(string)
	_, err = dying.client.Payment.Capture(id, 45000, pairs{"currency": "INR"}, nil)
	require.NoError(t, err)
	key := map[string]string{"X-Refund-Idempotency": "refund-of-b-1"}
	re, err := dying.client.Payment.Refund(id, 10000, nil, key)
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()

	b := newRazorpayBench(t, func(o *Options) { o.DataFile = file })
	again, err := b.client.Payment.Refund(id, 10000, nil, key)
	require.NoError(t, err)
	assert.Equal(t, re["id"], again["id"])
	require.Eventually(t, func() bool { // its clock goes on, too
		one, err := b.client.Refund.Fetch(re["id"].(string), nil, nil)
		return err == nil && one["status"] == "processed"
	}, soon, often)
	assert.Equal(t, []moneyTotal{{Currency: "INR", Captured: 45000, Refunded: 10000, Net: 35000}}, b.readBooks().Razorpay.Totals)
}
