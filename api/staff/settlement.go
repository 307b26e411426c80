package staff

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// Settlements are the theaters' money, summed up.
type Settlements interface {
	// Settlement sums up a theater's money from one day to another. Code: not_found.
	Settlement(ctx context.Context, theater uuid.UUID, from, to time.Time) (booking.SettlementReport, error)
}

// mostSettled is how many days one report may have.
const mostSettled = 366

// settlement answers what a theater is owed, as JSON or, with format=csv, for a spreadsheet.
func (s *service) settlement(w http.ResponseWriter, r *http.Request) error {
	theater, err := rest.PathUUID(r, "theater")
	if err != nil {
		return err
	}
	if err := s.Staff.MayReadTheater(r.Context(), rest.ActorOf(r), theater); err != nil {
		return err
	}
	from, to, format, err := settledDays(r.URL.Query())
	if err != nil {
		return err
	}
	report, err := s.Settlements.Settlement(r.Context(), theater, from, to)
	if err != nil || format != "csv" {
		return answerOr(w, report, err)
	}
	body, err := settlementCSV(report)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("settlement-%s-%s-%s.csv", report.TheaterID, report.From, report.To)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	rest.Write(w, http.StatusOK, "text/csv; charset=utf-8", body)
	return nil
}

func answerOr(w http.ResponseWriter, value any, err error) error {
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, value)
}

// settledDays reads the days and the format, and names every problem at once.
func settledDays(query url.Values) (from, to time.Time, format string, err error) {
	var wrong booking.FieldErrors
	day := func(field string) time.Time {
		at, err := time.Parse(time.DateOnly, query.Get(field))
		if err != nil || at.Year() < 2000 {
			wrong.Add(field, "Give a day, as in 2026-11-27.")
		}
		return at
	}
	from, to = day("from"), day("to")
	switch format = query.Get("format"); {
	case len(wrong) > 0:
	case to.Before(from):
		wrong.Add("to", "Must not be before from.")
	case to.Sub(from) >= mostSettled*24*time.Hour:
		wrong.Add("to", "A report has at most %d days.", mostSettled)
	}
	if format != "" && format != "json" && format != "csv" {
		wrong.Add("format", "Choose json, csv.")
	}
	return from, to, format, wrong.Err()
}

// settlementColumns are the first line of the CSV.
var settlementColumns = []string{"day", "provider", "currency", "bookings", "captured", "refunded", "charged_back", "booking_fees",
	"taxes", "provider_fees", "unsold", "owed_to_theater"}

// settlementCSV is the report with amounts in major units, and the totals as days named
// total (RFC 4180).
func settlementCSV(report booking.SettlementReport) ([]byte, error) {
	var out bytes.Buffer
	lines := csv.NewWriter(&out)
	lines.UseCRLF = true
	all := [][]string{settlementColumns}
	for _, row := range report.Days {
		all = append(all, settlementLine(row.Day, row))
	}
	for _, row := range report.Totals {
		all = append(all, settlementLine("total", row))
	}
	if err := lines.WriteAll(all); err != nil {
		return nil, fmt.Errorf("write the settlement: %w", err)
	}
	return out.Bytes(), nil
}

func settlementLine(day string, row booking.SettlementRow) []string {
	fees := "unknown"
	if row.ProviderFees != nil {
		fees = decimal(*row.ProviderFees)
	}
	return []string{day, row.Provider, row.Currency, strconv.FormatInt(row.Bookings, 10), decimal(row.Captured), decimal(row.Refunded),
		decimal(row.ChargedBack), decimal(row.BookingFees), decimal(row.Taxes), fees, decimal(row.Unsold), decimal(row.Owed)}
}

// decimal is an amount in major units, for example 450.00.
func decimal(m booking.Money) string { return strings.TrimPrefix(m.String(), m.Currency+" ") }
