package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
)

// Offered is one payment provider of the platform.
type Offered struct {
	Name     string
	Charging booking.Charging
	// Ill tells whether the provider does not answer at present. Nil: it always does.
	Ill func() bool
}

// Choices tells with which providers a customer may pay for a show.
type Choices struct {
	pool   *pgxpool.Pool
	all    []Offered // in the platform's order
	houses *expirable.LRU[uuid.UUID, house]
}

// house is what a show's theater asks for.
type house struct {
	currency  string
	providers []string // the preferred first; empty for all
}

// A change of a theater's providers counts within houseFresh.
const (
	housesKept = 4096
	houseFresh = 15 * time.Second
)

// NewChoices makes Choices of the platform's providers, in its order.
func NewChoices(pool *pgxpool.Pool, all []Offered) *Choices {
	return &Choices{pool: pool, all: all, houses: expirable.NewLRU[uuid.UUID, house](housesKept, nil, houseFresh)}
}

// Of are the choices for a show, the best first: in the theater's order, or the platform's,
// and a provider that does not answer behind those that do. total leaves out providers that
// cannot charge it; nil leaves none out. Code: not_found when there is no such show.
func (c *Choices) Of(ctx context.Context, showID string, total *booking.Money) ([]booking.PaymentChoice, error) {
	h, err := c.house(ctx, showID)
	if err != nil {
		return nil, err
	}
	var well, ill []booking.PaymentChoice
	for _, one := range c.inOrder(h.providers) {
		limits, taken := one.Charging(h.currency)
		if !taken || total != nil && !limits.Charges(total.Amount) {
			continue
		}
		if one.Ill != nil && one.Ill() {
			ill = append(ill, booking.PaymentChoice{Provider: one.Name, Away: true})
			continue
		}
		well = append(well, booking.PaymentChoice{Provider: one.Name})
	}
	return append(well, ill...), nil
}

// inOrder are the theater's providers in its order, or all.
func (c *Choices) inOrder(names []string) []Offered {
	if len(names) == 0 {
		return c.all
	}
	var ordered []Offered
	for _, name := range names {
		// One that the platform no longer has is left out.
		if i := slices.IndexFunc(c.all, func(o Offered) bool { return o.Name == name }); i >= 0 {
			ordered = append(ordered, c.all[i])
		}
	}
	return ordered
}

func (c *Choices) house(ctx context.Context, showID string) (h house, err error) {
	none := booking.E(booking.CodeNotFound, "There is no such show.")
	id, err := uuid.Parse(showID)
	if err != nil {
		return h, none
	}
	if h, known := c.houses.Get(id); known {
		return h, nil
	}
	err = c.pool.QueryRow(ctx, `SELECT s.currency, t.payment_providers FROM shows s JOIN theaters t ON t.id = s.theater_id WHERE s.id = $1`,
		id).Scan(&h.currency, &h.providers)
	if errors.Is(err, pgx.ErrNoRows) {
		return h, none
	}
	if err != nil {
		return h, fmt.Errorf("payments: providers of show %s: %w", showID, err)
	}
	c.houses.Add(id, h)
	return h, nil
}
