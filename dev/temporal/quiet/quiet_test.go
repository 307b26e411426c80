package quiet

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// An outage: the same failure, from many places at once, with other fields each
// time, and one line in between that says something new.
func TestAnOutageWritesLittle(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.WarnLevel)
	clock := &standing{now: time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)}
	logger := Logger(zap.New(core, zap.AddStacktrace(zap.ErrorLevel), zap.WithClock(clock)))

	const seconds, aSecond = 60, 2000
	for range seconds {
		for i := range aSecond {
			logger.With(zap.Int("shard", i)).Error("persistence failed", zap.String("error", "connection refused"))
		}
		clock.now = clock.now.Add(time.Second)
	}
	logger.Warn("something else")

	lines := bytes.Count(log.Bytes(), []byte("\n"))
	assert.LessOrEqual(t, lines, seconds*(first+aSecond/thereafter)+1, "of %d", seconds*aSecond)
	assert.GreaterOrEqual(t, lines, seconds, "that it goes on is seen")
	assert.Contains(t, log.String(), "something else")
	assert.NotContains(t, log.String(), "stacktrace")
}

type standing struct{ now time.Time }

func (c *standing) Now() time.Time                         { return c.now }
func (c *standing) NewTicker(d time.Duration) *time.Ticker { return time.NewTicker(d) }
