package catalog

import (
	"context"
	"fmt"
	"reflect"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/schema"
)

// seedLayouts gives the current layout of every demo screen. One that differs
// from what is stored becomes the screen's next version.
func seedLayouts(ctx context.Context, tx bun.Tx) (map[uuid.UUID]uuid.UUID, error) {
	latest, err := latestLayouts(ctx, tx)
	if err != nil {
		return nil, err
	}
	var added []schema.Layout
	current := map[uuid.UUID]uuid.UUID{}
	for _, theater := range demo.Theaters() {
		for _, screen := range theater.Screens {
			there := latest[screen.ID]
			if there.Version > 0 && reflect.DeepEqual(there.Layout, screen.Layout) {
				current[screen.ID] = there.ID
				continue
			}
			version := there.Version + 1
			layout := schema.Layout{
				ID:       uuid.NewSHA1(screen.ID, []byte("layout/"+strconv.Itoa(version))),
				ScreenID: screen.ID, Version: version, Layout: screen.Layout, Capacity: screen.Layout.Capacity(),
			}
			added = append(added, layout)
			current[screen.ID] = layout.ID
		}
	}
	if len(added) > 0 {
		if _, err := tx.NewInsert().Model(&added).Exec(ctx); err != nil {
			return nil, fmt.Errorf("write layouts: %w", err)
		}
	}
	return current, nil
}

func latestLayouts(ctx context.Context, tx bun.Tx) (map[uuid.UUID]schema.Layout, error) {
	var rows []schema.Layout
	err := tx.NewSelect().Model(&rows).DistinctOn("screen_id").OrderExpr("screen_id, version DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read layouts: %w", err)
	}
	latest := make(map[uuid.UUID]schema.Layout, len(rows))
	for _, row := range rows {
		latest[row.ScreenID] = row
	}
	return latest, nil
}
