package recommendations

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
)

// LookEvery is how often a process looks for a new model.
const LookEvery = 30 * time.Second

// loadWithin ends a load that hangs. A model has up to 256 MB.
const loadWithin = time.Minute

// models has the model in use, and the one before it when a part of the people get that one.
// Lists take what is there; nothing waits for a load.
type models struct {
	store    documents.Models
	log      *slog.Logger
	previous bool // whether the one before is wanted
	inUse    atomic.Pointer[loaded]

	looking  sync.Mutex
	unusable string // the last version that this program cannot read; guarded by looking
}

// loaded are the models of a moment. Either may be nil.
type loaded struct {
	current, before        *recommend.Model
	version, beforeVersion string
	madeAt                 time.Time
}

func (m *models) now() loaded {
	if l := m.inUse.Load(); l != nil {
		return *l
	}
	return loaded{}
}

// run looks for a new model until the context ends.
func (m *models) run(ctx context.Context) {
	for {
		m.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(LookEvery):
		}
	}
}

// look loads the model in use if it is another one than ours. A model that cannot be read leaves
// the one that we have.
func (m *models) look(ctx context.Context) {
	m.looking.Lock()
	defer m.looking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	used, err := m.store.InUse(ctx, ModelName)
	if err != nil {
		m.log.Warn("which model is in use cannot be read", "error", err)
		return
	}
	if used.Current == "" {
		return // none was trained yet
	}
	have := m.now()
	next := have
	if have.version != used.Current && m.unusable == used.Current {
		return // reading all of it again, each time, would change nothing
	}
	if have.version != used.Current {
		if next.current, next.madeAt = m.load(ctx, used.Current); next.current == nil {
			return
		}
		next.version = used.Current
		m.log.Info("a new model is in use", "version", used.Current, "before", have.version)
	}
	if next.beforeVersion != used.Previous {
		next.before, next.beforeVersion = nil, used.Previous
		if m.previous && used.Previous != "" {
			if next.before, _ = m.load(ctx, used.Previous); next.before == nil && m.unusable != used.Previous {
				next.beforeVersion = "" // the store was away: it is tried again
			}
		}
	}
	if next != have {
		m.inUse.Store(&next)
	}
}

func (m *models) load(ctx context.Context, version string) (*recommend.Model, time.Time) {
	stored, err := m.store.Read(ctx, ModelName, version)
	if err != nil {
		m.log.Error("a model cannot be read", "version", version, "error", err)
		return nil, time.Time{}
	}
	model, err := recommend.ReadModel(bytes.NewReader(stored.Content))
	if err != nil {
		m.log.Error("a model cannot be used", "version", version, "error", err)
		m.unusable = version
		return nil, time.Time{}
	}
	return model, stored.MadeAt
}

// LookForModel loads a new model now, if there is one.
func (s *Service) LookForModel(ctx context.Context) { s.models.look(ctx) }
