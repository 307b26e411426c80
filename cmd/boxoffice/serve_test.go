package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client that never reads its answer loses its connection, and the handler gets an error.
func TestAReaderThatNeverReadsIsDropped(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range 256 { // more than all buffers between the two hold
			if _, err := w.Write(chunk); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}), slog.New(slog.DiscardHandler))
	assert.LessOrEqual(t, server.WriteTimeout, 2*time.Minute)
	require.Positive(t, server.WriteTimeout, "there is an end")
	assert.Greater(t, server.WriteTimeout, requestWithin, "the body is sent within it, too")
	server.WriteTimeout = 200 * time.Millisecond

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	_, err = fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-failed:
		require.Error(t, err, "the answer was taken")
	case <-time.After(20 * time.Second):
		t.Fatal("the handler is still writing")
	}
}
