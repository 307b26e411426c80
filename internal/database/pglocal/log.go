package pglocal

import (
	"os"
	"time"
)

const (
	// maxLogBytes bounds the server's log. The server writes it by itself,
	// because it may outlive us, and has no limit of its own by size.
	maxLogBytes = 8 << 20
	checkLog    = 5 * time.Second
)

// LogFile is where the server writes its log.
func (s *Server) LogFile() string { return s.place.logFile() }

// boundLog empties the log when it has grown too large, as long as the server
// runs. The server appends, so that it goes on at the new end.
func (s *Server) boundLog(most int64, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-s.exited:
			return
		case <-ticker.C:
		}
		if info, err := os.Stat(s.LogFile()); err == nil && info.Size() > most {
			if err := os.Truncate(s.LogFile(), 0); err != nil {
				s.opts.Logger.Warn("the log of postgres grows without a limit", "error", err)
				return
			}
		}
	}
}
