package accounts

import "time"

// StopClock keeps the limits of tries as they are: on a slow machine they would fill up
// again while a test runs.
func (s *Service) StopClock() {
	at := time.Now()
	s.tries.now = func() time.Time { return at }
}

// StandingStatement is what Standing asks.
const StandingStatement = standing

// RepeatWithin sets how long a refresh may be repeated.
func (s *Service) RepeatWithin(d time.Duration) { s.repeatWithin = d }

// OpenSealed opens a sealed token.
var OpenSealed = open
