package cache

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var long = strings.Repeat(`{"title":"Amélie"},`, 200)

// making counts how often an answer is made.
type making struct{ times atomic.Int64 }

func (m *making) of(body string) maker {
	return func(context.Context) (*Document, bool, error) {
		m.times.Add(1)
		return NewDocument("application/json", []byte(body)), true, nil
	}
}

func newDocuments(t *testing.T, shared *Shared) *Documents {
	t.Helper()
	d := NewDocuments(1<<20, shared)
	t.Cleanup(d.Close)
	return d
}

// openShared is patient: a machine that tests many things at once may be slow.
func openShared(t *testing.T, address string, tag ...string) *Shared {
	t.Helper()
	s, err := newShared("redis://"+address, 5*time.Second, slog.New(slog.DiscardHandler), tag...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func get(t *testing.T, d *Documents, key string, make maker) string {
	t.Helper()
	document, err := d.Get(t.Context(), key, time.Minute, make)
	require.NoError(t, err)
	return string(document.Body)
}

func TestDocumentsAreMadeOnce(t *testing.T) {
	t.Parallel()
	d := newDocuments(t, nil)
	var (
		m       making
		wait    sync.WaitGroup
		proceed = make(chan struct{})
	)
	for range 50 {
		wait.Go(func() {
			document, err := d.Get(t.Context(), "k", time.Minute, func(ctx context.Context) (*Document, bool, error) {
				<-proceed
				return m.of("made")(ctx)
			})
			if assert.NoError(t, err) {
				assert.Equal(t, "made", string(document.Body))
			}
		})
	}
	close(proceed)
	wait.Wait()
	assert.EqualValues(t, 1, m.times.Load())
	assert.Equal(t, "made", get(t, d, "k", m.of("anew")))
	assert.Equal(t, "other", get(t, d, "k2", m.of("other")))
}

func TestDocumentsThatAreNotKept(t *testing.T) {
	t.Parallel()
	d := newDocuments(t, nil)
	var m making
	_, err := d.Get(t.Context(), "k", time.Minute, func(context.Context) (*Document, bool, error) {
		return nil, false, errors.New("the database is away")
	})
	require.ErrorContains(t, err, "away")
	_, err = d.Get(t.Context(), "k", time.Minute, func(context.Context) (*Document, bool, error) { panic("oh") })
	require.ErrorContains(t, err, "oh")
	for range 2 {
		document, err := d.Get(t.Context(), "k", time.Minute, func(ctx context.Context) (*Document, bool, error) {
			document, _, err := m.of("unsure")(ctx)
			return document, false, err
		})
		require.NoError(t, err)
		assert.Equal(t, "unsure", string(document.Body))
	}
	assert.EqualValues(t, 2, m.times.Load())
	assert.Equal(t, "sure", get(t, d, "k", m.of("sure")))
}

func TestDocumentsGetOld(t *testing.T) {
	t.Parallel()
	d := newDocuments(t, nil)
	var late atomic.Int64
	d.now = func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	var m making
	assert.Equal(t, "a", get(t, d, "k", m.of("a")))
	late.Store(int64(59 * time.Second))
	assert.Equal(t, "a", get(t, d, "k", m.of("b")))
	late.Store(int64(61 * time.Second))
	assert.Equal(t, "b", get(t, d, "k", m.of("b")))
}

// Making goes on for the others when the one who asked first has left.
func TestDocumentsOutliveTheirFirstCaller(t *testing.T) {
	t.Parallel()
	d := newDocuments(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	started, proceed := make(chan struct{}), make(chan struct{})
	left := make(chan error, 1)
	go func() {
		_, err := d.Get(ctx, "k", time.Minute, func(ctx context.Context) (*Document, bool, error) {
			close(started)
			<-proceed
			return NewDocument("text/plain", []byte("made")), true, ctx.Err()
		})
		left <- err
	}()
	<-started
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	close(proceed)
	var m making
	assert.Equal(t, "made", get(t, d, "k", m.of("again")))
	assert.Zero(t, m.times.Load())
}

func TestDocumentsAreBoundedByBytes(t *testing.T) {
	t.Parallel()
	d := newDocuments(t, nil)
	var m making
	favorite := func() string { return get(t, d, "favorite", m.of("favorite"+long)) }
	for i := range 2000 {
		favorite()
		get(t, d, fmt.Sprintf("once %d", i), m.of(long))
	}
	d.local.CleanUp()
	assert.LessOrEqual(t, d.local.WeightedSize(), uint64(1<<20))
	made := m.times.Load()
	favorite()
	assert.Equal(t, made, m.times.Load(), "what many ask for outlives what is asked for once")

	get(t, d, "huge", m.of(strings.Repeat("x", largest+1)))
	_, kept := d.Peek("huge")
	assert.False(t, kept)
}

func TestDocumentsAreSharedThroughRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one := newDocuments(t, openShared(t, server.Addr(), "build 1", "db"))
	other := newDocuments(t, openShared(t, server.Addr(), "build 1", "db"))
	newer := newDocuments(t, openShared(t, server.Addr(), "build 2", "db"))
	elsewhere := newDocuments(t, openShared(t, server.Addr(), "build 1", "db 2"))
	var m making
	assert.Equal(t, long, get(t, one, "k", m.of(long)))
	assert.Equal(t, long, get(t, other, "k", m.of("never made")))
	assert.Equal(t, "newer", get(t, newer, "k", m.of("newer")), "another build renders differently")
	assert.Equal(t, "elsewhere", get(t, elsewhere, "k", m.of("elsewhere")), "another database has the same versions")

	mine, _ := one.Peek("k")
	theirs, _ := other.Peek("k")
	assert.Equal(t, mine, theirs, "all of it crosses")
	for _, name := range server.Keys() {
		assert.True(t, strings.HasPrefix(name, documentPrefix), name)
		assert.Positive(t, server.TTL(name))
		assert.LessOrEqual(t, server.TTL(name), time.Minute)
	}
}

// An answer is not younger for having come through Redis.
func TestDocumentsFromRedisKeepTheirAge(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one, other := newDocuments(t, openShared(t, server.Addr())), newDocuments(t, openShared(t, server.Addr()))
	var m making
	get(t, one, "k", m.of("old"))
	server.FastForward(50 * time.Second)
	assert.Equal(t, "old", get(t, other, "k", m.of("new")))
	other.now = func() time.Time { return time.Now().Add(11 * time.Second) }
	server.FastForward(11 * time.Second)
	assert.Equal(t, "new", get(t, other, "k", m.of("new")))
}

func TestInvalidDocumentsInRedisAreNotServed(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	shared := openShared(t, server.Addr())
	whole := NewDocument("text/plain", []byte(long)).encode("k")
	_, err := decodeDocument("k", whole)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"empty": {}, "noise": []byte("noise and more noise"), "cut": whole[:len(whole)-1], "other key": NewDocument("text/plain", []byte(long)).encode("k2"),
		"changed": append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1),
	} {
		server.Set(shared.name("k"), string(content))
		server.SetTTL(shared.name("k"), time.Minute)
		d := newDocuments(t, shared)
		var m making
		assert.Equal(t, "right", get(t, d, "k", m.of("right")), name)
	}
	server.Set(shared.name("k"), string(whole))
	var m making
	assert.Equal(t, "right", get(t, newDocuments(t, shared), "k", m.of("right")), "what never gets old is not ours")
	server.Lpush(shared.name("l"), "x")
	assert.Equal(t, "right", get(t, newDocuments(t, shared), "l", m.of("right")), "a key of another type")
}

func TestFault49_DocumentsWithoutRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	d := newDocuments(t, openShared(t, server.Addr()))
	var m making
	get(t, d, "before", m.of("before"))
	server.Close()
	for i := range 20 {
		assert.Equal(t, "made", get(t, d, fmt.Sprintf("during %d", i), m.of("made")))
	}
	assert.Equal(t, "before", get(t, d, "before", m.of("again")), "what the process has is still there")

	require.NoError(t, server.Restart())
	next := 0
	require.Eventually(t, func() bool {
		next++
		key := fmt.Sprintf("after %d", next)
		get(t, d, key, m.of("after"))
		return server.Exists(d.shared.name(key))
	}, patience, 10*time.Millisecond, "sharing begins again")
}

// A Redis that accepts connections and never answers is worse than no Redis: only the
// breaker keeps every reader from waiting for it.
func TestFault49_RedisThatHangs(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	var asked atomic.Int64
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			go func() {
				buffer := make([]byte, 4096)
				for {
					if n, err := conn.Read(buffer); err != nil || n == 0 {
						return
					}
					asked.Add(1)
				}
			}()
		}
	}()
	shared := openShared(t, silent.Addr().String())
	d := newDocuments(t, shared)
	var m making
	for i := range 200 {
		assert.Equal(t, "made", get(t, d, fmt.Sprint(i), m.of("made")))
	}
	assert.EqualValues(t, 200, m.times.Load())
	assert.Less(t, asked.Load(), int64(60), "most readers did not even ask")
}

func TestDocumentIsCompressedWhereThatPays(t *testing.T) {
	t.Parallel()
	small := NewDocument("text/plain", []byte("small"))
	assert.Empty(t, small.Gzip)
	assert.Regexp(t, `^"[A-Za-z0-9_-]{16}"$`, small.ETag)
	large := NewDocument("text/plain", []byte(long))
	assert.NotEqual(t, large.ETag, large.GzipETag)
	reader, err := gzip.NewReader(bytes.NewReader(large.Gzip))
	require.NoError(t, err)
	body, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, long, string(body))
	assert.Equal(t, large.ETag, NewDocument("text/plain", []byte(long)).ETag)
}

func TestSharedRefusesABadURL(t *testing.T) {
	t.Parallel()
	_, err := NewShared("http://localhost", slog.New(slog.DiscardHandler))
	require.Error(t, err)
}
