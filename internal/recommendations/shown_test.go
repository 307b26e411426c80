package recommendations

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/internal/documents"
)

// countingLists keep nothing and count.
type countingLists struct {
	documents.Lists
	visitors, people atomic.Int64
}

func (c *countingLists) Put(_ context.Context, l documents.List, _ time.Duration) error {
	if l.Person == uuid.Nil {
		c.visitors.Add(1)
	} else {
		c.people.Add(1)
	}
	return nil
}

// Who asks for lists again and again, without an account, does not fill the store.
func TestVisitorsDoNotFillTheStore(t *testing.T) {
	t.Parallel()
	lists := &countingLists{}
	s := newShown(&documents.Store{Lists: lists}, newProfiles(nil), slog.New(slog.DiscardHandler))
	list := List{Items: []Item{{}}}
	ann := &person{id: uuid.New()}
	for range 20 * visitorBurst {
		list.ID = newListID()
		s.keep(list, &person{}, uuid.New())
	}
	for range 100 {
		s.keep(list, ann, uuid.New())
	}
	s.close(t.Context())
	assert.LessOrEqual(t, lists.visitors.Load(), int64(2*visitorBurst), "at most the burst, and 20 a second")
	assert.Positive(t, lists.visitors.Load())
	assert.EqualValues(t, 100, lists.people.Load(), "people are not kept out by visitors")
	s.keep(list, ann, uuid.New()) // after the end it counts for nothing
}
