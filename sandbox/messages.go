package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	channelEmail = "email"
	channelSMS   = "sms"
)

// message is one mail to one recipient, or one SMS, as the inbox lists it.
type message struct {
	ID         string            `json:"id"` // SendGrid's msg_id or Twilio's SID
	Channel    string            `json:"channel"`
	To         string            `json:"to"`
	ToName     string            `json:"to_name,omitempty"`
	From       string            `json:"from"`
	FromName   string            `json:"from_name,omitempty"`
	Subject    string            `json:"subject,omitempty"`
	CustomArgs map[string]string `json:"custom_args,omitempty"`
	Categories []string          `json:"categories,omitempty"`
	At         time.Time         `json:"at"`

	// Twilio's
	Account string `json:"account,omitempty"`
	Service string `json:"messaging_service,omitempty"`
}

// messageBody is kept apart, so that lists need not read it.
type messageBody struct {
	Text        string            `json:"text"`
	HTML        string            `json:"html,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Attachments []attachment      `json:"attachments,omitempty"`
}

type attachment struct {
	Filename    string `json:"filename"`
	Type        string `json:"type,omitempty"`
	Disposition string `json:"disposition,omitempty"`
	ContentID   string `json:"content_id,omitempty"`
	Content     string `json:"content"` // base64, as it came
}

// saveMessage writes the message and the ways to find it.
func saveMessage(t *tx, m *message, body *messageBody) error {
	n, err := t.Bucket(bucketMessages).NextSequence()
	if err != nil {
		return fmt.Errorf("number message: %w", err)
	}
	key := string(binary.BigEndian.AppendUint64(nil, n))
	errs := []error{
		t.put(bucketMessages, key, m),
		t.put(bucketBodies, m.ID, body),
		t.addIndex(key, "message", m.ID),
		t.addIndex(key, "to", strings.ToLower(m.To)),
	}
	for name, value := range m.CustomArgs {
		errs = append(errs, t.addIndex(key, "arg", name, value))
	}
	return errors.Join(errs...)
}

func messageByID(t *tx, id string) (*message, error) {
	keys := t.lookup("message", id)
	if len(keys) == 0 {
		return nil, nil
	}
	return get[message](t, bucketMessages, keys[0])
}

// messagesUnder returns the indexed messages, newest first.
func messagesUnder(t *tx, terms ...string) ([]*message, error) {
	keys := t.lookup(terms...)
	out := make([]*message, 0, len(keys))
	for i := len(keys) - 1; i >= 0; i-- {
		m, err := get[message](t, bucketMessages, keys[i])
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// eachMessage walks all messages, newest first.
func eachMessage(t *tx, fn func(*message) bool) error {
	return eachNewest(t, bucketMessages, "", func(_ string, m *message) (bool, error) { return fn(m), nil })
}
