//go:build unix && !linux

package pglocal

import "syscall"

// Only Linux has a parent-death signal; elsewhere a throwaway server that
// outlives a killed test has to be stopped by hand.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
