package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	channelEmail = "email"
	channelSMS   = "sms"
	channelPush  = "push"
)

// message is one mail to one recipient, one SMS, or one push message to one browser, as the
// inbox lists it.
type message struct {
	ID         string            `json:"id"` // SendGrid's msg_id, Twilio's SID, or our own
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

	// Topic is of push: a browser that was away gets only the last of it.
	Topic string `json:"topic,omitempty"`
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

// withBody reads one message and its body; nil if it does not exist.
func (s *store) withBody(id string) (m *message, body *messageBody, err error) {
	err = s.view(func(t *tx) (err error) {
		if m, err = messageByID(t, id); err != nil || m == nil {
			return err
		}
		body, err = get[messageBody](t, bucketBodies, id)
		return err
	})
	return m, body, err
}

// sentTo is the index of a recipient's messages, none for those of everyone.
func sentTo(to string) []string {
	if to == "" {
		return nil
	}
	return []string{"to", strings.ToLower(to)}
}

// eachMessage walks the messages under the terms of the index, or all without
// terms, newest first, until fn answers false.
func eachMessage(t *tx, terms []string, fn func(*message) (bool, error)) error {
	if len(terms) == 0 {
		return eachNewest(t, bucketMessages, "", func(_ string, m *message) (bool, error) { return fn(m) })
	}
	for _, key := range slices.Backward(t.lookup(terms...)) {
		m, err := get[message](t, bucketMessages, key)
		if err != nil {
			return err
		}
		if more, err := fn(m); err != nil || !more {
			return err
		}
	}
	return nil
}
