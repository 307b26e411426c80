package sandbox_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/boxoffice/boxoffice/sandbox"
)

// The vendors' own clients work with the sandbox: here is what Stripe's sends.
func ExampleNew() {
	box, err := sandbox.New(sandbox.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = box.Close() }()
	server := httptest.NewServer(box.Handler())
	defer server.Close()

	form := url.Values{"amount": {"45000"}, "currency": {"inr"}, "capture_method": {"manual"}}
	request, _ := http.NewRequest(http.MethodPost, server.URL+"/v1/payment_intents", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("sk_test_example", "")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	fmt.Println(response.Status)
	// Output: 200 OK
}
