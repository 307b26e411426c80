package showchanges

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// ShowChange reads one change of a show. Code: not_found.
func (s *Store) ShowChange(ctx context.Context, changeID string) (booking.ShowChange, error) {
	id, err := shows.ParseID("change", changeID)
	if err != nil {
		return booking.ShowChange{}, err
	}
	found, err := s.shows.Changes(ctx, `WHERE ch.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = booking.E(booking.CodeNotFound, "There is no such change.")
	}
	if err != nil {
		return booking.ShowChange{}, err
	}
	return found[0], nil
}

// ShowChanges lists the changes of a show, newest first. next is empty on the last
// page.
func (s *Store) ShowChanges(ctx context.Context, showID string, limit int, cursor string) (items []booking.ShowChange, next string, err error) {
	id, err := shows.ParseID("show", showID)
	if err != nil {
		return nil, "", err
	}
	before, last := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Max
	if cursor != "" {
		at, change, err := paging.ReadLatest(cursor)
		if err == nil {
			before = at
			last, err = uuid.Parse(change)
		}
		if err != nil {
			return nil, "", booking.Invalid(paging.Foreign())
		}
	}
	items, err = s.shows.Changes(ctx, `WHERE ch.show_id = $1 AND (ch.created_at, ch.id) < ($2, $3)
		ORDER BY ch.created_at DESC, ch.id DESC LIMIT $4`, id, before, last, limit+1)
	items, next = paging.Cut(items, limit, func(last booking.ShowChange) string { return paging.Latest(last.CreatedAt, last.ID) })
	return items, next, err
}
