package sandbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
)

// Firefox talks to its push service in JSON over a WebSocket (the protocol of Mozilla's
// autopush). So a real Firefox can have its messages from the sandbox: what it subscribes
// to is in the inbox too, but encrypted, because only the browser has its keys.

const (
	sayHello      = "hello"
	sayRegister   = "register"
	sayUnregister = "unregister"
	sayNotify     = "notification"
	sayAck        = "ack"
)

// said is what both sides say; each kind has some of the fields.
type said struct {
	Kind      string            `json:"messageType,omitempty"`
	Agent     string            `json:"uaid,omitempty"` // the browser
	Status    int               `json:"status,omitempty"`
	WebPush   bool              `json:"use_webpush,omitempty"`
	Channel   string            `json:"channelID,omitempty"` // a subscription of it, by its own name
	Key       string            `json:"key,omitempty"`       // that the subscription is for
	Endpoint  string            `json:"pushEndpoint,omitempty"`
	Version   string            `json:"version,omitempty"` // the message
	Data      string            `json:"data,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Updates   []said            `json:"updates,omitempty"`
	Broadcast map[string]string `json:"broadcasts,omitempty"`
}

// waiting is a message that a browser has not acknowledged.
type waiting struct {
	Agent   string    `json:"agent"`
	Browser string    `json:"browser"`
	Topic   string    `json:"topic,omitempty"`
	Until   time.Time `json:"until"`
	Message said      `json:"message"`
}

// sockets are the browsers that are connected.
type sockets struct {
	mu   sync.Mutex
	live map[string]*websocket.Conn
}

func (s *sockets) set(agent string, conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		s.live = map[string]*websocket.Conn{}
	}
	s.live[agent] = conn
}

func (s *sockets) drop(agent string, conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[agent] == conn { // unless the browser has connected again
		delete(s.live, agent)
	}
}

// say sends to a browser, if it is connected. What is lost on the way is sent again when it
// connects.
func (s *sockets) say(agent string, message said) {
	s.mu.Lock()
	conn := s.live[agent]
	s.mu.Unlock()
	if conn != nil {
		_ = write(conn, message)
	}
}

func write(conn *websocket.Conn, message said) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, raw)
}

// serveSocket talks to one browser until it hangs up or the sandbox closes.
func (a *pushAPI) serveSocket(w http.ResponseWriter, req *http.Request) {
	conn, err := websocket.Accept(w, req, &websocket.AcceptOptions{
		Subprotocols: []string{"push-notification"}, InsecureSkipVerify: true, // browsers' own requests have any origin
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(context.WithoutCancel(req.Context()))
	defer cancel()
	go func() {
		select {
		case <-a.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	agent := ""
	defer func() { a.sockets.drop(agent, conn) }()
	for {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var message said
		if json.Unmarshal(raw, &message) != nil {
			return
		}
		if agent, err = a.hear(conn, agent, message, req.Host); err != nil {
			a.log.Error("sandbox: browser's socket", "error", err)
			return
		}
	}
}

// hear handles what a browser says, and gives the browser's id.
func (a *pushAPI) hear(conn *websocket.Conn, agent string, message said, host string) (string, error) {
	switch {
	case message.Kind == sayHello:
		return a.hello(conn, message)
	case message.Kind == "": // a ping is an empty object
		return agent, write(conn, said{})
	case agent == "":
		return "", nil // it has to introduce itself first
	case message.Kind == sayRegister:
		return agent, a.register(conn, agent, message, host)
	case message.Kind == sayUnregister:
		return agent, a.unregister(conn, agent, message)
	case message.Kind == sayAck:
		return agent, a.store.update(func(t *tx) error {
			for _, update := range message.Updates {
				if err := t.delete(bucketWaiting, update.Version); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return agent, nil
}

// hello gives a new browser its id, and one that is known what it has missed.
func (a *pushAPI) hello(conn *websocket.Conn, message said) (agent string, err error) {
	var missed []said
	err = a.store.update(func(t *tx) error {
		if agent = message.Agent; agent == "" || t.Bucket(bucketAgents).Get([]byte(agent)) == nil {
			agent = strings.ReplaceAll(uuid.NewString(), "-", "")
			return t.put(bucketAgents, agent, said{})
		}
		return each(t, bucketWaiting, func(_ string, one *waiting) (bool, error) {
			if one.Agent == agent && time.Now().Before(one.Until) {
				missed = append(missed, one.Message)
			}
			return true, nil
		})
	})
	if err != nil {
		return "", err
	}
	if err := write(conn, said{Kind: sayHello, Agent: agent, Status: http.StatusOK, WebPush: true}); err != nil {
		return agent, err
	}
	a.sockets.set(agent, conn)
	for _, one := range missed {
		if err := write(conn, one); err != nil {
			return agent, err
		}
	}
	return agent, nil
}

func (a *pushAPI) register(conn *websocket.Conn, agent string, message said, host string) error {
	key := strings.TrimRight(message.Key, "=")
	if _, err := publicKey(key); err != nil || message.Channel == "" {
		return write(conn, said{Kind: sayRegister, Channel: message.Channel, Status: http.StatusUnauthorized})
	}
	b := &browser{ID: randomText(24), Agent: agent, Channel: message.Channel, ServerKey: key}
	b.Endpoint = "http://" + host + "/push/" + b.ID
	if err := a.store.update(func(t *tx) error { return t.put(bucketBrowsers, b.ID, b) }); err != nil {
		return err
	}
	return write(conn, said{Kind: sayRegister, Channel: b.Channel, Status: http.StatusOK, Agent: agent, Endpoint: b.Endpoint})
}

func (a *pushAPI) unregister(conn *websocket.Conn, agent string, message said) error {
	err := a.store.update(func(t *tx) error {
		var gone []*browser
		err := each(t, bucketBrowsers, func(_ string, b *browser) (bool, error) {
			if b.Agent == agent && b.Channel == message.Channel {
				b.Gone = true
				gone = append(gone, b)
			}
			return true, nil
		})
		for _, b := range gone {
			if err := t.put(bucketBrowsers, b.ID, b); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return write(conn, said{Kind: sayUnregister, Channel: message.Channel, Status: http.StatusOK})
}

// await keeps a message until the browser has acknowledged it. One with the same topic
// takes the place of the one before (RFC 8030, section 5.4).
func await(t *tx, to *browser, m *message, body []byte, keep time.Duration) (said, error) {
	one := waiting{Agent: to.Agent, Browser: to.ID, Topic: m.Topic, Until: m.At.Add(keep), Message: said{
		Kind: sayNotify, Channel: to.Channel, Version: m.ID, Data: base64.RawURLEncoding.EncodeToString(body),
		Headers: map[string]string{"encoding": "aes128gcm"},
	}}
	var replaced []string
	err := each(t, bucketWaiting, func(key string, earlier *waiting) (bool, error) {
		if earlier.Browser == to.ID && earlier.Topic == m.Topic && m.Topic != "" || m.At.After(earlier.Until) {
			replaced = append(replaced, key)
		}
		return true, nil
	})
	for _, key := range replaced {
		if err := t.delete(bucketWaiting, key); err != nil {
			return said{}, err
		}
	}
	if err != nil {
		return said{}, err
	}
	return one.Message, t.put(bucketWaiting, m.ID, one)
}
