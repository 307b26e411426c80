package recommend

import (
	"context"
	"sync"
)

// Progress is called while [Train] works: with what it does, in plain words, and the share of the
// whole training that is done, from 0 to 1, which never falls and ends with 1. A training of minutes
// calls it every second or two, one call at a time and none after Train has returned. Train waits
// for it, so it must be quick, and it may cancel the context of the training.
type Progress func(phase string, done float64)

type progressKey struct{}

// WithProgress has the trainings of a context followed. Who follows is no part of the options:
// these are kept with the model.
func WithProgress(ctx context.Context, report Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

// progress is how far one training is. It is for any number of goroutines.
type progress struct {
	report Progress

	mu          sync.Mutex
	phase       string
	from, share float64 // of the whole, before this phase and of it
	steps, done int     // of this phase
	said        float64
}

// noticed is the share of a training after which it is reported again.
const noticed = 0.005

func progressOf(ctx context.Context) *progress {
	report, _ := ctx.Value(progressKey{}).(Progress)
	if report == nil {
		report = func(string, float64) {}
	}
	return &progress{report: report}
}

// begin ends the phase before and begins one of so many steps, which is this share of the whole
// training.
func (p *progress) begin(phase string, share float64, steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = min(p.from+p.share, 1)
	p.phase, p.share, p.steps, p.done = phase, min(share, 1-p.from), steps, 0
	p.say(p.from)
}

// step says that one more step of the phase is done.
func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = min(p.done+1, p.steps)
	if now := p.from + p.share*float64(p.done)/float64(p.steps); now >= p.said+noticed {
		p.say(now)
	}
}

// end says that all is done.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.say(1)
}

func (p *progress) say(done float64) {
	p.said = done
	p.report(p.phase, done)
}
