package sandbox

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
)

// pushAPI answers for browsers' push services: Web Push (RFC 8030) with VAPID (RFC 8292)
// and encrypted messages (RFC 8291). It is also the browsers: a test subscribes one, and
// the inbox shows what it decrypts.
type pushAPI struct {
	vendor
	sockets sockets
}

// browser is one subscription.
type browser struct {
	ID       string `json:"id"`
	Endpoint string `json:"endpoint"`
	Private  []byte `json:"private"` // of P-256
	Auth     []byte `json:"auth"`
	// ServerKey is the only key whose signature is taken; empty takes that of the first
	// message.
	ServerKey string `json:"server_key,omitempty"`
	Gone      bool   `json:"gone,omitempty"` // it was unsubscribed
	// Of a real browser, which keeps its keys to itself: see push_socket.go.
	Agent   string `json:"agent,omitempty"`
	Channel string `json:"channel,omitempty"`
}

func (a *pushAPI) routes(r *mux.Router) {
	r.HandleFunc("/push/subscriptions", a.subscribe).Methods("POST")
	r.HandleFunc("/push/subscriptions/{id}", a.unsubscribe).Methods("DELETE")
	r.HandleFunc("/push/socket", a.serveSocket).Methods("GET")
	r.HandleFunc("/push/{id}", a.serveSend).Methods("POST")
}

// subscribe is PushManager.subscribe of a browser that has just been installed.
func (a *pushAPI) subscribe(w http.ResponseWriter, req *http.Request) {
	var options struct {
		ServerKey string `json:"applicationServerKey"`
	}
	if req.ContentLength != 0 && !readJSON(w, req, &options) {
		return
	}
	serverKey := strings.TrimRight(options.ServerKey, "=")
	if _, err := publicKey(serverKey); serverKey != "" && err != nil {
		writeFieldProblem(w, "applicationServerKey", "must be a point of P-256, 65 bytes in base64url")
		return
	}
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		writeResult(w, a.log, nil, err)
		return
	}
	b := &browser{ID: randomText(24), Private: private.Bytes(), Auth: make([]byte, 16), ServerKey: serverKey}
	_, _ = rand.Read(b.Auth) // never fails since Go 1.24
	b.Endpoint = "http://" + req.Host + "/push/" + b.ID
	if err := a.store.update(func(t *tx) error { return t.put(bucketBrowsers, b.ID, b) }); err != nil {
		writeResult(w, a.log, nil, err)
		return
	}
	encode := base64.RawURLEncoding.EncodeToString
	writeJSON(w, http.StatusCreated, map[string]any{
		"endpoint": b.Endpoint, "expirationTime": nil,
		"keys": map[string]string{"p256dh": encode(private.PublicKey().Bytes()), "auth": encode(b.Auth)},
	})
}

// unsubscribe is a customer who turns the messages off in the browser.
func (a *pushAPI) unsubscribe(w http.ResponseWriter, req *http.Request) {
	id, known := mux.Vars(req)["id"], false
	err := a.store.update(func(t *tx) error {
		b, err := get[browser](t, bucketBrowsers, id)
		if err != nil || b == nil {
			return err
		}
		known, b.Gone = true, true
		return t.put(bucketBrowsers, id, b)
	})
	switch {
	case err != nil:
		writeResult(w, a.log, nil, err)
	case !known:
		writeProblem(w, http.StatusNotFound, "There is no subscription "+id)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *pushAPI) serveSend(w http.ResponseWriter, req *http.Request) {
	// Before any fault waits: the sender may hang up, and the message still counts.
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil {
		pushRefusal(http.StatusRequestEntityTooLarge, "The message is too large.").write(w)
		return
	}
	a.answer(w, "push.send", func() *reply { return a.send(req, body) }, pushFailure)
}

// pushFailure is a fault; what asks for patience says for how long.
func pushFailure(status int, message string) *reply {
	answer := pushRefusal(status, message)
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		answer.headers["Retry-After"] = "2"
	}
	return answer
}

// pushRefusal has a body for people: the standards have none.
func pushRefusal(status int, message string) *reply {
	return &reply{status: status, headers: map[string]string{}, body: map[string]any{"code": status, "message": message}}
}

// maxPush is what every push service takes (RFC 8030, section 7.2).
const maxPush = 4096

var (
	pushTopic   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
	pushUrgency = regexp.MustCompile(`^(very-low|low|normal|high)$`)
)

func (a *pushAPI) send(req *http.Request, body []byte) *reply {
	id := mux.Vars(req)["id"]
	var to *browser
	err := a.store.view(func(t *tx) (err error) {
		to, err = get[browser](t, bucketBrowsers, id)
		return err
	})
	switch {
	case err != nil:
		return a.broken(err)
	case to == nil:
		return pushRefusal(http.StatusNotFound, "There is no such subscription.")
	case to.Gone:
		return pushRefusal(http.StatusGone, "The browser has unsubscribed.")
	}
	key, refusal := checkVAPID(req.Header.Get("Authorization"), to, time.Now())
	if refusal == nil {
		refusal = checkPush(req.Header, body)
	}
	if refusal != nil {
		return refusal
	}
	text, err := read(body, to)
	if err != nil {
		// A real service cannot tell; the browser drops the message. A test needs to know.
		return pushRefusal(http.StatusBadRequest, "The browser could not read the message: "+err.Error())
	}
	m := &message{
		ID: uuid.NewString(), Channel: channelPush, To: to.Endpoint, From: "VAPID " + key[:12] + "…", At: time.Now().UTC(),
		Topic: req.Header.Get("Topic"),
	}
	shown := readNotification(text, m)
	shown.Headers = map[string]string{}
	for _, name := range []string{"TTL", "Topic", "Urgency", "Content-Type"} {
		if value := req.Header.Get(name); value != "" {
			shown.Headers[name] = value
		}
	}
	var news said
	err = a.store.update(func(t *tx) (err error) {
		if err := keep(t, to, key, m, shown); err != nil || to.Agent == "" {
			return err
		}
		seconds, _ := strconv.Atoi(req.Header.Get("TTL"))
		news, err = await(t, to, m, body, time.Duration(seconds)*time.Second)
		return err
	})
	if err != nil {
		return a.broken(err)
	}
	if to.Agent != "" {
		a.sockets.say(to.Agent, news)
	}
	return &reply{status: http.StatusCreated, headers: map[string]string{
		"Location": "http://" + req.Host + "/push/messages/" + m.ID, "TTL": req.Header.Get("TTL"),
	}}
}

// read decrypts the message, unless only the browser can.
func read(body []byte, to *browser) ([]byte, error) {
	if to.Agent == "" {
		return decrypt(body, to)
	}
	if len(body) < headerSize {
		return nil, errors.New("it is shorter than its header")
	}
	return fmt.Appendf(nil, "%d bytes that only the browser can read.", len(body)), nil
}

func (a *pushAPI) broken(err error) *reply {
	a.log.Error("sandbox: push", "error", err)
	return pushRefusal(http.StatusInternalServerError, "The sandbox's data file could not be used.")
}

// keep stores the message. The first one ties the subscription to its sender's key.
func keep(t *tx, to *browser, key string, m *message, body *messageBody) error {
	to.ServerKey = key
	if err := t.put(bucketBrowsers, to.ID, to); err != nil {
		return err
	}
	return saveMessage(t, m, body)
}

func checkPush(h http.Header, body []byte) *reply {
	ttl, err := strconv.Atoi(h.Get("TTL"))
	urgency, topic := h.Get("Urgency"), h.Get("Topic")
	switch {
	case err != nil || ttl < 0:
		return pushRefusal(http.StatusBadRequest, "TTL must be a number of seconds.")
	case topic != "" && !pushTopic.MatchString(topic):
		return pushRefusal(http.StatusBadRequest, "Topic must have at most 32 characters of base64url.")
	case urgency != "" && !pushUrgency.MatchString(urgency):
		return pushRefusal(http.StatusBadRequest, "Urgency must be very-low, low, normal or high.")
	case len(body) > maxPush:
		return pushRefusal(http.StatusRequestEntityTooLarge, "A message has at most 4096 bytes.")
	case h.Get("Content-Encoding") != "aes128gcm":
		return pushRefusal(http.StatusUnsupportedMediaType, "Content-Encoding must be aes128gcm.")
	}
	return nil
}

// readNotification reads the declarative form (W3C Push API); any other text is shown as
// it is.
func readNotification(text []byte, m *message) *messageBody {
	var declared struct {
		WebPush      int            `json:"web_push"`
		Notification map[string]any `json:"notification"`
	}
	if json.Unmarshal(text, &declared) != nil || declared.WebPush != 8030 {
		if !utf8.Valid(text) {
			return &messageBody{Text: base64.StdEncoding.EncodeToString(text)}
		}
		return &messageBody{Text: string(text)}
	}
	m.CustomArgs = map[string]string{}
	for name, value := range declared.Notification {
		if s, ok := value.(string); ok && name != "title" && name != "body" {
			m.CustomArgs[name] = s
		}
	}
	title, _ := declared.Notification["title"].(string)
	body, _ := declared.Notification["body"].(string)
	m.Subject = title
	return &messageBody{Text: body}
}
