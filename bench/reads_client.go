package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// reading is one contender of the reads benchmark.
type reading struct {
	name    string
	handler http.Handler
	address string
	rates   []float64 // answers per second, per round
	bytes   int       // of one answer's body
}

// heat reads as fast as the server answers, and notes the rate.
func (c *reading) heat(ctx context.Context, p readPath, each time.Duration, readers int) error {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	var (
		group   errgroup.Group
		answers atomic.Int64
		bytes   atomic.Int64
	)
	began := time.Now()
	for range readers {
		group.Go(func() error {
			client, err := dialReader(c.address, p)
			if err != nil {
				return err
			}
			defer client.conn.Close()
			for ctx.Err() == nil {
				n, err := client.ask()
				if err != nil {
					return err
				}
				answers.Add(1)
				bytes.Store(int64(n))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	c.rates = append(c.rates, float64(answers.Load())/time.Since(began).Seconds())
	c.bytes = int(bytes.Load())
	return nil
}

// reader is a client that costs little, because it shares the machine with the
// server it measures: one request's bytes, again and again.
type reader struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
}

func dialReader(address string, p readPath) (*reader, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nUser-Agent: bench\r\n", p.path, address)
	if p.gzip {
		request.WriteString("Accept-Encoding: gzip, deflate, br\r\n")
	}
	request.WriteString("\r\n")
	return &reader{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), request: request.Bytes()}, nil
}

// ask sends the request and reads the answer to its end.
func (c *reader) ask() (bytesOfBody int, err error) {
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, err
	}
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if !bytes.Contains(status, []byte(" 200 ")) {
		return 0, fmt.Errorf("answered %q", status)
	}
	length := -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) == 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return c.chunks()
	}
	_, err = c.in.Discard(length)
	return length, err
}

// chunks reads a body whose length was not said (RFC 9112, section 7.1).
func (c *reader) chunks() (total int, err error) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return total, err
		}
		if _, err := c.in.Discard(int(size) + 2); err != nil {
			return total, errors.Join(io.ErrUnexpectedEOF, err)
		}
		if size == 0 {
			return total, nil
		}
		total += int(size)
	}
}

func middle(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// middleRatio compares round by round, so that one bad round does not decide.
func middleRatio(these, those []float64) float64 {
	ratios := make([]float64, len(these))
	for i := range these {
		ratios[i] = these[i] / those[i]
	}
	return middle(ratios)
}
