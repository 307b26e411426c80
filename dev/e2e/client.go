package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// answerWithin is longer than any answer of ours may take: what hangs is found.
const answerWithin = 30 * time.Second

// wire is shared by all clients, because a crowd of them would otherwise use up
// the machine's ports.
var wire = &http.Client{
	Timeout:   answerWithin,
	Transport: &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 512, IdleConnTimeout: time.Minute},
}

// Answer is what a server said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is an answer that is not a success (RFC 9457).
type Problem struct {
	Answer
	Code   booking.Code         `json:"code"`
	Detail string               `json:"detail"`
	Seats  []string             `json:"seats"`
	Errors []booking.FieldError `json:"errors"`
}

// Error implements error.
func (p *Problem) Error() string {
	return fmt.Sprintf("HTTP %d %s: %s", p.Status, p.Code, clip(p.Body))
}

// StatusOf gives the HTTP status that an error stands for, 0 when the server
// did not answer at all.
func StatusOf(err error) int {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem.Status
	}
	return 0
}

// CodeOf gives the problem code of an error, empty when it carries none.
func CodeOf(err error) booking.Code {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem.Code
	}
	return ""
}

// request is one call, to the platform or to the sandbox.
type request struct {
	method, address string
	header          map[string]string
	body            any // JSON, or url.Values for a form, or []byte as it is
}

// send makes the call and reads the answer. Anything but 2xx is a *Problem.
func send(ctx context.Context, r request, out any) (Answer, error) {
	body, kind, err := encode(r.body)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	response, err := wire.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	if answer.Body, err = io.ReadAll(response.Body); err != nil {
		return answer, fmt.Errorf("%s %s: read the answer: %w", r.method, r.address, err)
	}
	if answer.Status/100 != 2 {
		return answer, problemIn(answer)
	}
	if out == nil {
		return answer, nil
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return answer, fmt.Errorf("%s %s answered %s: %w", r.method, r.address, clip(answer.Body), err)
	}
	return answer, nil
}

func encode(body any) (content []byte, kind string, err error) {
	switch body := body.(type) {
	case nil:
		return nil, "", nil
	case []byte:
		return body, "application/json", nil
	case url.Values:
		return []byte(body.Encode()), "application/x-www-form-urlencoded", nil
	default:
		content, err = json.Marshal(body)
		return content, "application/json", err
	}
}

func problemIn(answer Answer) error {
	problem := &Problem{}
	// The body may be of another kind, a vendor's for example; the status counts.
	_ = json.Unmarshal(answer.Body, problem)
	problem.Answer = answer
	return problem
}

func clip(body []byte) string {
	const most = 600
	if len(body) > most {
		body = append(bytes.Clone(body[:most]), "…"...)
	}
	return strings.TrimSpace(string(body))
}

// basicAuth is RFC 7617's header.
func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
