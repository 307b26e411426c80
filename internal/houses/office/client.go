package office

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// client sends packets.
type client struct {
	http     *http.Client
	address  string
	user     string
	password string
}

// maxAnswer bounds what is read of an answer; a page of the schedule has about 1 MB.
const maxAnswer = 8 << 20

func newClient(o Options) *client {
	sender := http.Client{Timeout: 30 * time.Second}
	if o.HTTP != nil {
		sender = *o.HTTP
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 64
		sender.Transport = transport
	}
	if o.Timeout > 0 {
		sender.Timeout = o.Timeout
	}
	// No such system redirects, and following would carry the password elsewhere.
	sender.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{http: &sender, address: o.Address, user: o.User, password: o.Password}
}

// errUnreadable is an answer that is not the office's, or not whole.
var errUnreadable = errors.New("unreadable answer")

// heard is an answer with the office's clock.
type heard struct {
	answer
	at   time.Time     // by the office's clock; zero when it does not say
	took time.Duration // from before the question to after the answer
}

// ask sends a packet. An error is a *refusal, a httpStatus, or nothing is known.
func (c *client) ask(ctx context.Context, p packet) (heard, error) {
	body, err := xml.Marshal(p)
	if err != nil {
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(append([]byte(xml.Header), body...)))
	if err != nil {
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, err)
	}
	req.SetBasicAuth(c.user, c.password)
	req.Header.Set("Content-Type", "application/xml; charset=utf-8")
	req.Header.Set("Accept", "application/xml")
	began := time.Now()
	said, err := c.http.Do(req)
	if err != nil {
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, err)
	}
	defer said.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(said.Body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, ctx.Err())
	case err != nil || len(raw) > maxAnswer:
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, errUnreadable)
	case said.StatusCode != http.StatusOK:
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, httpStatus(said.StatusCode))
	}
	out := heard{took: time.Since(began)}
	if out.at, err = http.ParseTime(said.Header.Get("Date")); err != nil {
		out.at = time.Time{}
	}
	if out.answer, err = read(raw, p.Packet); err != nil {
		return heard{}, fmt.Errorf("office %s: %w", p.Packet, err)
	}
	if *out.Status != statusOK {
		return out, fmt.Errorf("office %s: %w", p.Packet, &refusal{status: *out.Status, text: out.Text, taken: out.Taken})
	}
	return out, nil
}

// read takes one answer to such a packet, with nothing behind it.
func read(raw []byte, packet string) (answer, error) {
	var said answer
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	decoder.CharsetReader = charset
	if err := decoder.Decode(&said); err != nil || said.Status == nil || said.Packet != packet {
		return answer{}, errUnreadable
	}
	for {
		token, err := decoder.Token()
		switch text, isText := token.(xml.CharData); {
		case errors.Is(err, io.EOF):
			return said, nil
		case err != nil, !isText || len(bytes.TrimSpace(text)) > 0:
			return answer{}, errUnreadable
		}
	}
}

// charset reads what older systems send. Windows-1252 has all of ISO 8859-1, which programs
// mean by that name, too (WHATWG Encoding, section 4.2).
func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii":
		return input, nil
	case "windows-1252", "iso-8859-1", "latin1":
		return charmap.Windows1252.NewDecoder().Reader(input), nil
	}
	return nil, errUnreadable
}
