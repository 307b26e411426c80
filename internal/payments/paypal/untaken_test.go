package paypal

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// A case that we won moved money only if it moved ours: PayPal may have paid the customer.
func TestCasesByWhatTheyMoved(t *testing.T) {
	t.Parallel()
	const won = `"status":"RESOLVED","dispute_life_cycle_stage":"CHARGEBACK","dispute_outcome":{"outcome_code":"RESOLVED_WITH_PAYOUT"}`
	for name, c := range map[string]struct {
		text    string
		status  booking.DisputeStatus
		untaken bool
	}{
		"nothing moved":       {won + `,"fund_movements":[]`, booking.DisputeWon, true},
		"PayPal paid":         {won + `,"fund_movements":[{"party":"PAYMENT_PROCESSOR"},{"party":"BUYER"}]`, booking.DisputeWon, true},
		"our money was moved": {won + `,"fund_movements":[{"party":"BUYER"},{"party":"SELLER"}]`, booking.DisputeWon, false},
		"open":                {`"status":"UNDER_REVIEW","dispute_life_cycle_stage":"CHARGEBACK"`, booking.DisputeOpen, false},
		"asked only":          {`"status":"RESOLVED","dispute_life_cycle_stage":"INQUIRY","dispute_outcome":{"outcome_code":"DENIED"},"fund_movements":[]`, booking.DisputeClosed, false},
	} {
		var d dispute
		require.NoError(t, json.Unmarshal([]byte(`{"dispute_id":"PP-1","dispute_amount":{"currency_code":"USD","value":"20.00"},`+c.text+`}`), &d), name)
		got, err := (&Provider{}).dispute(t.Context(), d)
		require.NoError(t, err, name)
		assert.Equal(t, booking.Dispute{Reference: "PP-1", Status: c.status, Amount: 2000, Untaken: c.untaken}, got, name)
	}
}
