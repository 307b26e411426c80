package paypal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxAnswer bounds what is read of an answer; orders are a few kilobytes.
const maxAnswer = 1 << 20

// client speaks to PayPal's REST API.
type client struct {
	base       string
	id, secret string
	http       *http.Client
	log        *slog.Logger

	refresh singleflight.Group // one new token at a time
	mu      sync.Mutex
	token   string
	ends    time.Time
}

func newClient(o Options) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &client{
		base: o.APIURL, id: o.ClientID, secret: o.ClientSecret, log: o.Logger,
		http: &http.Client{
			Transport: transport, Timeout: o.Timeout,
			// The API never redirects; following would carry the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// request is one call.
type request struct {
	method, path string
	key          string // PayPal-Request-Id; empty: none
	body         any    // nil: none
}

// errUnreadable is an answer of 2xx that is empty or no JSON: the outcome is unknown.
var errUnreadable = errors.New("unreadable answer")

// refusal is an answer that is not 2xx. PayPal's own text is not kept: it may quote what
// was sent. https://developer.paypal.com/api/rest/responses/
type refusal struct {
	status  int
	name    string
	issue   string
	debugID string
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("HTTP %d %s", r.status, r.name)
	if r.issue != "" {
		text += " " + r.issue
	}
	return text + " (debug id " + r.debugID + ")"
}

// isIssue tells whether PayPal refuses for one of these reasons.
func isIssue(err error, issues ...string) bool {
	var no *refusal
	if !errors.As(err, &no) {
		return false
	}
	for _, issue := range issues {
		if no.issue == issue {
			return true
		}
	}
	return false
}

func isStatus(err error, status int) bool {
	var no *refusal
	return errors.As(err, &no) && no.status == status
}

// isGone tells whether PayPal knows no such object. A gateway's 404 says nothing of it.
func isGone(err error) bool {
	var no *refusal
	return errors.As(err, &no) && no.status == http.StatusNotFound && no.name == "RESOURCE_NOT_FOUND"
}

// tokenError is a failure to get a token: the call itself was never made.
type tokenError struct{ error }

func (e tokenError) Unwrap() error { return e.error }

// requestID fits a key into what PayPal takes.
func requestID(key string) string {
	const most = 108
	if len(key) <= most {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return key[:most-65] + "-" + hex.EncodeToString(sum[:])
}

// do makes a call and reads its answer into out, if that is not nil. served is PayPal's
// clock. A token that PayPal has forgotten is replaced once.
func (c *client) do(ctx context.Context, r request, out any) (served time.Time, err error) {
	var body []byte
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return served, fmt.Errorf("encode: %w", err)
		}
	}
	for again := false; ; again = true {
		token, err := c.bearer(ctx)
		if err != nil {
			return served, err
		}
		served, err = c.send(ctx, r, token, body, out)
		if again || !isStatus(err, http.StatusUnauthorized) {
			return served, err
		}
		c.drop(token)
	}
}

func (c *client) send(ctx context.Context, r request, token string, body []byte, out any) (served time.Time, err error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(body))
	if err != nil {
		return served, fmt.Errorf("request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Prefer", "return=representation")
	if out == nil {
		req.Header.Set("Prefer", "return=minimal")
	}
	if r.key != "" {
		req.Header.Set("PayPal-Request-Id", requestID(r.key))
	}
	return c.exchange(req, out)
}

// exchange sends a request and reads the answer.
func (c *client) exchange(req *http.Request, out any) (served time.Time, err error) {
	answer, err := c.http.Do(req)
	if err != nil {
		return served, err
	}
	defer func() { _ = answer.Body.Close() }()
	served, err = http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		served = time.Now()
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case answer.StatusCode >= http.StatusBadRequest:
		return served, readRefusal(answer, raw)
	case err != nil:
		return served, fmt.Errorf("read answer: %w", err)
	case answer.StatusCode < http.StatusOK, answer.StatusCode >= http.StatusMultipleChoices, len(raw) > maxAnswer:
		return served, errUnreadable
	case out == nil:
		return served, nil
	}
	if json.Unmarshal(raw, out) != nil { // its error would quote the answer
		return served, errUnreadable
	}
	return served, nil
}

func readRefusal(answer *http.Response, raw []byte) error {
	var said struct {
		Name    string `json:"name"`
		Error   string `json:"error"` // of OAuth
		DebugID string `json:"debug_id"`
		Details []struct {
			Issue string `json:"issue"`
		} `json:"details"`
	}
	_ = json.Unmarshal(raw, &said) // a gateway's page has only its status
	no := &refusal{status: answer.StatusCode, name: said.Name, debugID: answer.Header.Get("Paypal-Debug-Id")}
	if no.name == "" {
		no.name = said.Error
	}
	if no.debugID == "" {
		no.debugID = said.DebugID
	}
	if len(said.Details) > 0 {
		no.issue = said.Details[0].Issue
	}
	return no
}

// tokenMargin is how long before its end a token is not used any more.
const tokenMargin = time.Minute

// bearer is a token that counts. Many callers wait for the same new one, each no longer
// than it wants. https://developer.paypal.com/api/rest/authentication/
func (c *client) bearer(ctx context.Context) (string, error) {
	c.mu.Lock()
	token, ends := c.token, c.ends
	c.mu.Unlock()
	if token != "" && time.Now().Before(ends) {
		return token, nil
	}
	fresh := c.refresh.DoChan("token", func() (any, error) {
		// The first caller may leave; the others still want it.
		return c.fetchToken(context.WithoutCancel(ctx))
	})
	select {
	case got := <-fresh:
		if got.Err != nil {
			return "", got.Err
		}
		return got.Val.(string), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *client) fetchToken(ctx context.Context) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/oauth2/token", strings.NewReader(form))
	if err != nil {
		return "", fmt.Errorf("request: %w", err)
	}
	req.SetBasicAuth(c.id, c.secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	var got struct {
		Token     string `json:"access_token"`
		ExpiresIn int64  `json:"expires_in"` // seconds
	}
	if _, err := c.exchange(req, &got); err != nil {
		return "", tokenError{fmt.Errorf("token: %w", err)}
	}
	if got.Token == "" {
		return "", tokenError{fmt.Errorf("token: %w", errUnreadable)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.ends = got.Token, time.Now().Add(time.Duration(got.ExpiresIn)*time.Second-tokenMargin)
	return got.Token, nil
}

// drop forgets a token, unless there is a newer one already.
func (c *client) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}
