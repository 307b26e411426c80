// Package quiet keeps the log of the embedded Temporal small. While Postgres or
// the worker is away, the server reports the same few failures thousands of
// times a second, each with a stack trace.
package quiet

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// Of each message, these many a second are written, and after that one in
	// thereafter.
	first      = 3
	thereafter = 1000
)

// Logger samples what the given one writes, message by message, so that a rare
// message is never lost behind a frequent one. Where in the code it comes from
// is in the message already; stacks are left to crashes.
func Logger(loud *zap.Logger) *zap.Logger {
	return loud.WithOptions(
		zap.AddStacktrace(zapcore.DPanicLevel),
		zap.WrapCore(func(core zapcore.Core) zapcore.Core {
			return zapcore.NewSamplerWithOptions(core, time.Second, first, thereafter)
		}),
	)
}
