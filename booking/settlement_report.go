package booking

// SettlementReport is how a theater's money moved over some days, from the ledger, and what
// the theater is owed.
type SettlementReport struct {
	TheaterID string `json:"theater_id"`
	TimeZone  string `json:"time_zone"` // of all days
	From      string `json:"from"`      // the first day, as in 2026-11-01
	To        string `json:"to"`        // the last day, included
	// Days has a row per day, provider and currency, the earliest day first. Days without a
	// movement have none.
	Days []SettlementRow `json:"days"`
	// Totals has a row per provider and currency: the sum of its days.
	Totals []SettlementRow `json:"totals"`
}

// SettlementRow is the movements of one provider and currency. Captured − Refunded −
// ChargedBack = BookingFees + Unsold + Owed.
type SettlementRow struct {
	Day      string `json:"day,omitempty"` // empty in totals
	Provider string `json:"provider"`
	Currency string `json:"currency"`
	// Bookings is how many were sold, those cancelled since included.
	Bookings int64 `json:"bookings"`
	Captured Money `json:"captured"`
	// Refunded is without refunds that came back to us.
	Refunded Money `json:"refunded"`
	// ChargedBack is without what banks gave us again.
	ChargedBack Money `json:"charged_back"`
	// BookingFees is what of the customers' fees was kept. They are the platform's.
	BookingFees Money `json:"booking_fees"`
	// Taxes is the tax in the price of the seats that was kept. It is a part of Owed.
	Taxes Money `json:"taxes"`
	// ProviderFees is what the provider keeps; nil when it does not tell of all payments. It
	// is not subtracted from Owed.
	ProviderFees *Money `json:"provider_fees"`
	// Unsold is money of payments that bought no ticket. It goes back to customers.
	Unsold Money `json:"unsold"`
	// Owed is what the theater gets.
	Owed Money `json:"owed_to_theater"`
}
