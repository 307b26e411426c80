package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
)

// byName sorts a list by a name, and begins it behind the item that a cursor names.
func byName(query *bun.SelectQuery, name, id string, after paging.Key) *bun.SelectQuery {
	order := name + " COLLATE by_name, " + id
	if after.ID != uuid.Nil {
		query.Where("("+order+") > (?, ?)", after.Text, after.ID)
	}
	return query.OrderExpr(order)
}

func onlyRetired(query *bun.SelectQuery, alias string, retired *bool) {
	if retired != nil {
		query.Where("(?.retired_at IS NOT NULL) = ?", bun.Ident(alias), *retired)
	}
}

// page reads a page of a list. key is what the list is sorted by; next is empty on the
// last page.
func page[Row, View any](
	ctx context.Context, query *bun.SelectQuery, limit int, what string, key func(*Row) paging.Key, view func(*Row) View,
) (items []View, next string, err error) {
	limit = paging.Size(limit)
	var rows []Row
	if err := query.Limit(int64(limit)+1).Scan(ctx, &rows); err != nil {
		return nil, "", fmt.Errorf("list %s: %w", what, err)
	}
	rows, next = paging.Cut(rows, limit, func(last Row) string { return key(&last).String() })
	return views(rows, view), next, nil
}

func views[Row, View any](rows []Row, view func(*Row) View) []View {
	items := make([]View, len(rows))
	for i := range rows {
		items[i] = view(&rows[i])
	}
	return items
}

// one reads a row by its id. what is the thing with its article. Code: not_found.
func one[Row any](ctx context.Context, db bun.IDB, what string, id uuid.UUID) (*Row, error) {
	row := new(Row)
	if err := noSuch(db.NewSelect().Model(row).Where("id = ?", id).Scan(ctx), what); err != nil {
		return nil, err
	}
	return row, nil
}

// noSuch explains why a query of one row failed; it is nil when the query did not fail.
// what is the thing with its article. Code: not_found.
func noSuch(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		_, noun, _ := strings.Cut(what, " ")
		return booking.E(booking.CodeNotFound, "There is no such %s.", noun)
	}
	return fmt.Errorf("read %s: %w", what, err)
}
