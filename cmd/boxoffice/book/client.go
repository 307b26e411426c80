package book

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client speaks the REST API as any app would.
type client struct {
	base  string
	token string
	http  http.Client
}

// problem is an error answer (RFC 9457).
type problem struct {
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Code   string   `json:"code"`
	Seats  []string `json:"seats"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	status int
}

func (p problem) Error() string {
	text := fmt.Sprintf("%d %s: %s", p.status, p.Code, p.Detail)
	for _, e := range p.Errors {
		text += fmt.Sprintf(" (%s: %s)", e.Field, e.Message)
	}
	return text
}

func (c *client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, out)
}

func (c *client) post(ctx context.Context, path, key string, in, out any) error {
	return c.do(ctx, http.MethodPost, path, key, in, out)
}

func (c *client) do(ctx context.Context, method, path, key string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("the platform does not answer (is `make run` running?): %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusBadRequest {
		refused := problem{status: res.StatusCode}
		_ = json.NewDecoder(res.Body).Decode(&refused) // the status says enough when the body does not
		return fmt.Errorf("%s %s: %w", method, path, refused)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (c *client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// watch reads a booking's event stream until see says that it has seen enough.
func (c *client) watch(ctx context.Context, id string, see func(bookingDoc) (enough bool)) error {
	req, err := c.request(ctx, http.MethodGet, "/v1/bookings/"+id+"/stream", nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("stream of booking %s: %s", id, res.Status)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		var doc bookingDoc
		if err := json.Unmarshal([]byte(data), &doc); err != nil {
			return fmt.Errorf("stream of booking %s: %w", id, err)
		}
		if see(doc) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

func asProblem(err error, target *problem) bool { return errors.As(err, target) }
