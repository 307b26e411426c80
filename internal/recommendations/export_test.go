package recommendations

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// SmallPages has a Learner read bookings a few at a time.
func (l *Learner) SmallPages(page int) *Learner {
	l.page = page
	return l
}

// Likings are what a model of what happened before a moment is trained on.
func (l *Learner) Likings(ctx context.Context, until time.Time) (recommend.Data, error) {
	return l.load(ctx, until, func(string) {})
}
