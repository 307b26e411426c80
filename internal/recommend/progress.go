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
	from, until float64 // the shares of the whole between which this phase is
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

// begin begins a phase of so many steps, at the end of which this share of the whole is done. The
// phase before may have been given up.
func (p *progress) begin(phase string, until float64, steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from, p.until = p.now(), max(until, p.now())
	p.phase, p.steps, p.done = phase, steps, 0
	p.say(p.from)
}

// step says that one more step of the phase is done.
func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = min(p.done+1, p.steps)
	if now := p.now(); now >= p.said+noticed {
		p.say(now)
	}
}

func (p *progress) now() float64 {
	return p.from + (p.until-p.from)*float64(p.done)/float64(max(p.steps, 1))
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
