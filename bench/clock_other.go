//go:build !linux

package main

import "time"

// threadTime is the wall clock where a thread's own time cannot be had.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }

// processTime has no portable source, so it is the clock.
func processTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
