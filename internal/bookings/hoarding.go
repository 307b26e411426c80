package bookings

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/booking"
)

// MayHold refuses a hold that the limits against hoarding would refuse now, before a workflow
// is started for it. It promises nothing; Hold decides. Codes: too_many_unpaid_holds,
// hold_limit_reached.
func (s *Store) MayHold(ctx context.Context, req booking.HoldRequest) error {
	if req.Rules == nil {
		return nil
	}
	ids, err := parseRequest(req.BookingID, req.CustomerID, req.ShowID)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `SELECT refuse_hoarding($1, $2, $3, $4)`, ids.customer, ids.show, len(req.Seats), req.Rules)
	return hoarded(translate("look at the limits of holds", err))
}

// hoarded counts a refusal.
func hoarded(err error) error {
	switch code, reason := booking.CodeOf(err), booking.ReasonOf(err); code {
	case booking.CodeUnpaidHolds:
		refused.WithLabelValues(booking.HoldsUnpaid).Inc()
	case booking.CodeHoldLimit:
		refused.WithLabelValues(reason).Inc()
	}
	return err
}

var refused = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "boxoffice_holds_refused_total",
	Help: "Holds that this process refused because of a limit against hoarding, by reason (docs/hoarding.md).",
}, []string{"reason"})

// Metrics are what a process tells about refused holds.
func Metrics() []prometheus.Collector {
	for _, reason := range []string{booking.HoldsUnpaid, booking.HoldsOpen, booking.HoldsConfirmEmail, booking.HoldsSeats,
		booking.HoldsOfShow, booking.HoldsOfNetwork} {
		refused.WithLabelValues(reason)
	}
	return []prometheus.Collector{refused}
}
