package house

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"
	"go.etcd.io/bbolt"
)

// The names of the styles.
const (
	styleSession = "session"
	styleOffice  = "office"
)

// style is one manner of system, at /house/{site}/{name}. routes adds its handlers to a
// router for that path.
type style struct {
	name   string
	routes func(s *Server, r *mux.Router)
}

// styles are those that sites may have.
var styles = []style{
	{styleSession, sessionRoutes},
	{styleOffice, officeRoutes},
}

// Options say where the books are and which faults there are.
type Options struct {
	DB *bbolt.DB // has the Buckets
	// Faults is asked for each call; nil is no faults.
	Faults Faults
	Logger *slog.Logger
	// Closing ends what waits.
	Closing <-chan struct{}
}

// Server is all sites on one router.
type Server struct {
	books   *Books
	faults  Faults
	log     *slog.Logger
	closing <-chan struct{}
}

// New makes the server; Routes mounts it.
func New(o Options) *Server {
	if o.Faults == nil {
		o.Faults = func(string, string) Strike { return Strike{} }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Server{books: OpenBooks(o.DB), faults: o.Faults, log: o.Logger, closing: o.Closing}
}

// Books gives the books, for tests.
func (s *Server) Books() *Books { return s.books }

// Forget drops what is remembered besides the database, after its buckets were emptied.
func (s *Server) Forget() { s.books.forget() }

// Routes adds the sites, their counters and their books.
func (s *Server) Routes(r *mux.Router) {
	for _, one := range styles {
		one.routes(s, r.PathPrefix("/house/{site}/"+one.name).Subrouter())
	}
	s.siteRoutes(r)
}

// answer is what a style writes.
type answer struct {
	status      int
	contentType string
	body        []byte
}

// call is one call of a style, with the faults that strike it.
type call struct {
	*Server
	Site    Site
	strike  Strike
	request *http.Request
}

// manner is how a style does one operation, and how it says what did not reach it.
type manner struct {
	style     string
	operation string
	run       func(c *call) (answer, error)
	// failure is for an unknown site and for the fault error.
	failure func(status int, message string) answer
	// unreachable is how something before the site says that the site is off; nil: nothing is
	// before it, and the connection breaks.
	unreachable func(c *call) answer
}

// serve finds the site, meets the faults of connections, and answers. An error of run is one
// of the data file: styles turn refusals into answers themselves.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, m manner) {
	site, err := s.books.Site(mux.Vars(r)["site"])
	var refused *Refusal
	switch {
	case errors.As(err, &refused) || err == nil && site.Style != m.style:
		m.failure(http.StatusNotFound, "There is nothing here.").write(w, &call{Server: s, Site: site})
		return
	case err != nil:
		s.broken(w, err)
		return
	}
	c := &call{Server: s, Site: site, strike: s.faults(site.ID, m.operation), request: r}
	c.wait(c.strike.Wait)
	if c.struck(faultUnreachable) {
		if m.unreachable != nil {
			m.unreachable(c).write(w, c)
			return
		}
		hangUp(w, nil)
		return
	}
	var a answer
	if c.strike.Status == 0 || c.strike.Done {
		if a, err = m.run(c); err != nil {
			s.broken(w, err)
			return
		}
	}
	if c.strike.Status != 0 {
		a = m.failure(c.strike.Status, "The system has failed.")
	}
	switch {
	case c.struck(faultNeverAnswered):
		s.silence(r)
		hangUp(w, nil)
	case c.struck(faultReplyLost):
		hangUp(w, nil)
	case c.struck(faultHalfAnswer):
		hangUp(w, a.half(c))
	default:
		a.write(w, c)
	}
}

func (s *Server) broken(w http.ResponseWriter, err error) {
	s.log.Error("sandbox: house", "error", err)
	http.Error(w, "The sandbox's data file could not be used.", http.StatusInternalServerError)
}

func (c *call) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-c.closing:
	}
}

// silence lasts until the client gives up, which is only noticed once its body has been read.
func (s *Server) silence(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-r.Context().Done():
	case <-s.closing:
	}
}

func (a answer) write(w http.ResponseWriter, c *call) {
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Date", c.now().Format(http.TimeFormat))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// half is the answer with half of its body, though its length is given as a whole.
func (a answer) half(c *call) []byte {
	head := "HTTP/1.1 " + strconv.Itoa(a.status) + " " + http.StatusText(a.status) +
		"\r\nContent-Type: " + a.contentType + "\r\nDate: " + c.now().Format(http.TimeFormat) +
		"\r\nContent-Length: " + strconv.Itoa(len(a.body)) + "\r\n\r\n"
	return append([]byte(head), a.body[:len(a.body)/2]...)
}

// hangUp breaks the connection after some bytes. At least a piece of the status line is
// sent: without it Go's http.Transport may send the request a second time by itself.
func hangUp(w http.ResponseWriter, sent []byte) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 cannot be hijacked; this resets the stream
	}
	if sent == nil {
		sent = []byte("HTTP/1.1 ")
	}
	_, _ = buffered.Write(sent)
	_ = buffered.Flush()
	_ = conn.Close()
}
