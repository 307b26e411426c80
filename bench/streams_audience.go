package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// audienceBenchmark is the client side of a benchmark: many watchers of an address, in a
// process of their own.
func audienceBenchmark(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("audience: address, path and number")
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(ctx)
	go func() {
		defer leave()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	var seen atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range n {
		group.Go(func() error { return watchEvents(ctx, args[0], args[1], &seen) })
	}
	group.Go(func() error {
		tell := time.NewTicker(5 * time.Millisecond)
		defer tell.Stop()
		for told := int64(-1); ; {
			select {
			case <-ctx.Done():
				return nil
			case <-tell.C:
				if now := seen.Load(); now != told {
					told = now
					fmt.Println(told)
				}
			}
		}
	})
	return group.Wait()
}

// watchEvents counts the events of a stream. It looks only for the ends of their lines,
// because the watchers share the machine with what they watch.
func watchEvents(ctx context.Context, address, path string, seen *atomic.Int64) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n", path); err != nil {
		return err
	}
	// The name of each event, whole or not: a read may end anywhere.
	mark, matched := []byte("\nevent: "), 0
	chunk := make([]byte, 2048)
	for {
		read, err := conn.Read(chunk)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		seen.Add(int64(count(chunk[:read], mark, &matched)))
	}
}

// count finds a mark in a stream of chunks.
func count(chunk, mark []byte, matched *int) (found int) {
	for len(chunk) > 0 {
		if *matched == 0 {
			at := bytes.IndexByte(chunk, mark[0])
			if at < 0 {
				return found
			}
			chunk = chunk[at:]
		}
		switch {
		case chunk[0] == mark[*matched]:
			if *matched++; *matched == len(mark) {
				found++
				*matched = 0
			}
			chunk = chunk[1:]
		case *matched > 0:
			*matched = 0 // the mark begins with its only line end: nothing is skipped
		default:
			chunk = chunk[1:]
		}
	}
	return found
}
