package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bestseats"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/seatmap"
)

// The method. This process serves one show; its watchers are in a process of
// their own, so that memory and processor time here are the server's. Contenders
// take turns, round by round, with the same watchers and the same changes:
//
//	api   the API as it runs in production: an event is encoded once for all, and
//	      a stream keeps no more of its request than the connection
//	each the same feed behind a simple handler: net/http's own buffers, and every event
//	      encoded for every watcher
//
// A change is a hold, or a new fee, written to Postgres; its delivery is counted
// by the watchers. Rates are per second of processor time, so one core's.
func streamsBenchmark(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("streams", flag.ExitOnError)
	watchers := flags.String("watchers", "1000,5000", "how many, by comma")
	rounds := flags.Int("rounds", 3, "interleaved rounds")
	changes := flags.Int("changes", 20, "changes per round")
	if err := flags.Parse(args); err != nil {
		return err
	}
	house, err := openReadHouse(ctx)
	if err != nil {
		return err
	}
	defer house.close()
	show, err := house.anyShow(ctx)
	if err != nil {
		return err
	}
	for _, text := range strings.Split(*watchers, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("watchers: %w", err)
		}
		if err := house.raceStreams(ctx, show, n, *rounds, *changes); err != nil {
			return err
		}
	}
	return nil
}

// streamer is a contender.
type streamer struct {
	name       string
	handler    http.Handler
	deltas     []float64 // deliveries per second of processor time, per round
	snapshots  []float64
	connection int64 // bytes
}

func (h *audienceHouse) raceStreams(ctx context.Context, show string, watchers, rounds, changes int) error {
	contenders := []*streamer{{name: "api", handler: h.streams}, {name: "each", handler: encodeForEach(h.feed, show)}}
	for range rounds {
		for _, c := range contenders {
			if err := h.stream(ctx, c, show, watchers, changes); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	for _, c := range contenders {
		fmt.Printf("%5d watchers  %-4s  deltas %7.0f/s   snapshots %7.0f/s of one core   %5.1f kB per connection\n",
			watchers, c.name, middle(c.deltas), middle(c.snapshots), float64(c.connection)/1024)
	}
	fmt.Printf("%5d watchers  encoded once against for each: deltas %.2f×, snapshots %.2f×\n", watchers,
		middleRatio(contenders[0].deltas, contenders[1].deltas), middleRatio(contenders[0].snapshots, contenders[1].snapshots))
	return nil
}

// stream has a contender deliver some deltas and some snapshots.
func (h *audienceHouse) stream(ctx context.Context, c *streamer, show string, watchers, changes int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: c.handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()

	before := heapAndStacks()
	audience, err := seat(ctx, listener.Addr().String(), "/v1/shows/"+show+"/seats/stream", watchers)
	if err != nil {
		return err
	}
	defer audience.leave()
	if err := audience.saw(watchers); err != nil { // the first snapshots
		return err
	}
	c.connection = (heapAndStacks() - before) / int64(watchers)

	rate := func(change func() error) (float64, error) {
		began := processorTime()
		for range changes {
			if err := change(); err != nil {
				return 0, err
			}
			h.feed.Changed(show)
			if err := audience.saw(watchers); err != nil {
				return 0, err
			}
		}
		return float64(changes*watchers) / (processorTime() - began).Seconds(), nil
	}
	deltas, err := rate(func() error { return h.holdOrFree(ctx, show) })
	if err != nil {
		return err
	}
	snapshots, err := rate(func() error {
		_, err := h.db.Pool.Exec(ctx, `UPDATE shows SET fee_per_seat = fee_per_seat + 1 WHERE id = $1`, show)
		return err
	})
	c.deltas, c.snapshots = append(c.deltas, deltas), append(c.snapshots, snapshots)
	return err
}

// encodeForEach is the simple version of the API's handler.
func encodeForEach(feed *seatmap.Feed, show string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection := http.NewResponseController(w)
		w.Header().Set("Content-Type", "text/event-stream")
		send := func(event *seatmap.Event) error {
			body, err := json.Marshal(event.Value)
			if err != nil {
				return err
			}
			if err := connection.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "id: %s\nevent: %s\ndata: %s\n\n", event.ID, event.Name, body); err != nil {
				return err
			}
			return connection.Flush()
		}
		watcher, err := feed.Watch(r.Context(), show, "")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer watcher.Leave()
		for _, event := range watcher.First {
			if send(event) != nil {
				return
			}
		}
		beat := time.NewTicker(15 * time.Second)
		defer beat.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-beat.C:
				if _, err := w.Write([]byte(": still here\n\n")); err != nil {
					return
				}
			case event, open := <-watcher.Events:
				if !open || send(event) != nil {
					return
				}
			}
		}
	})
}

// heapAndStacks is what this process keeps, the garbage aside.
func heapAndStacks() int64 {
	for range 3 { // a stack shrinks by half at a time
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// audienceHouse is what streams need besides what reads do.
type audienceHouse struct {
	db       *database.DB
	store    *bookings.Store
	feed     *seatmap.Feed
	streams  http.Handler
	customer string
	holding  string // a booking
}

func (h *audienceHouse) openStreams(db *database.DB, store *bookings.Store, feed *seatmap.Feed, options api.Options) (err error) {
	h.db, h.store, h.feed = db, store, feed
	options.HTTP.Streams = rest.StreamLimits{Most: 1 << 20, PerAddress: 1 << 20}
	h.streams, err = api.New(options)
	return err
}

// seatMapsUncached answers seat maps in the simple way: read, encode.
func seatMapsUncached(maps *seatmap.Store, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/v1/shows/"), "/seats")
		if !ok {
			others.ServeHTTP(w, r)
			return
		}
		seatMap, err := maps.SeatMap(r.Context(), id)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(seatMap) // the client is gone when this fails
	})
}

func (h *audienceHouse) anyShow(ctx context.Context) (id string, err error) {
	err = h.db.Pool.QueryRow(ctx, `SELECT s.id::text FROM shows s JOIN layouts l ON l.id = s.layout_id
		WHERE s.status = 'scheduled' AND now() BETWEEN s.sales_open_at AND s.sales_close_at
		ORDER BY l.capacity DESC, s.starts_at DESC LIMIT 1`).Scan(&id)
	return id, err
}

// holdOrFree holds two seats, and frees them the next time.
func (h *audienceHouse) holdOrFree(ctx context.Context, show string) error {
	if h.holding != "" {
		err := h.store.End(ctx, booking.Ending{BookingID: h.holding, Status: booking.StatusExpired})
		h.holding = ""
		return err
	}
	if h.customer == "" {
		h.customer = uuid.NewString()
		_, err := h.db.Pool.Exec(ctx, `INSERT INTO accounts (id, email, password_hash, name)
			VALUES ($1::uuid, $1::text || '@example.com', '', '')`, h.customer)
		if err != nil {
			return err
		}
	}
	now, err := h.feed.SeatMap(ctx, show)
	if err != nil {
		return err
	}
	offer, err := bestseats.Choose(now.SeatMap, bestseats.Wish{Count: 2})
	if err != nil {
		return err
	}
	held, err := h.store.Hold(ctx, booking.HoldRequest{
		BookingID: uuid.NewString(), CustomerID: h.customer, ShowID: show, Seats: offer.Seats,
		HoldFor: time.Hour, MaxHolds: 1 << 20, RequestHash: "bench",
	})
	h.holding = held.BookingID
	return err
}

// audience is a process full of watchers. It says on its output how many events
// all of them have seen, and leaves when its input ends.
type audience struct {
	process *exec.Cmd
	input   interface{ Close() error }
	output  *bufio.Scanner
	seen    int
	want    int
}

func seat(ctx context.Context, address, path string, watchers int) (*audience, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, self, "audience", address, path, strconv.Itoa(watchers))
	process.Stderr = os.Stderr
	input, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &audience{process: process, input: input, output: bufio.NewScanner(output)}, process.Start()
}

// saw waits until so many more events have been seen.
func (a *audience) saw(more int) error {
	a.want += more
	for a.seen < a.want {
		if !a.output.Scan() {
			return errors.Join(errors.New("the watchers have left"), a.output.Err())
		}
		var err error
		if a.seen, err = strconv.Atoi(a.output.Text()); err != nil {
			return err
		}
	}
	if a.seen > a.want {
		slog.Warn("more events than expected", "seen", a.seen, "want", a.want)
		a.want = a.seen
	}
	return nil
}

func (a *audience) leave() {
	_ = a.input.Close()
	_ = a.process.Wait()
}
