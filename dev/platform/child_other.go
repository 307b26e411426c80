//go:build unix && !linux

package platform

import "syscall"

// Only Linux can end children with their parent; elsewhere, after kill -9, they
// have to be stopped by hand.
func dieWithUs(*syscall.SysProcAttr) {}
