package alerts_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/metrics"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// told is what a process says at /metrics.
func told(t *testing.T, db *database.DB) string {
	t.Helper()
	handler, err := metrics.Handler(alerts.Metrics(db.Pool)...)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

// Not parallel: the log and the counter belong to the process.
func TestAlertIsLoggedAndCountedWhenItOpens(t *testing.T) {
	db := databasetest.New(t)
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))

	alert := booking.Alert{BookingID: uuid.NewString(), Kind: booking.AlertRefundRefused, Detail: "a vendor said asha@example.com"}
	raise := func() {
		t.Helper()
		require.NoError(t, alerts.Raise(t.Context(), db.Pool, alert))
	}
	counted := func(raised, open int) {
		t.Helper()
		page := told(t, db)
		assert.Contains(t, page, fmt.Sprintf("boxoffice_alerts_raised_total{kind=\"refund_refused\"} %d\n", raised))
		assert.Contains(t, page, fmt.Sprintf("boxoffice_alerts_open{kind=\"refund_refused\"} %d\n", open))
		assert.Contains(t, page, "boxoffice_alerts_raised_total{kind=\"paid_twice\"} 0\n", "every kind is there from the start")
	}
	counted(0, 0)
	raise()
	raise()
	counted(1, 1)
	assert.Equal(t, 1, strings.Count(log.String(), "msg=alert"))
	assert.Contains(t, log.String(), "level=ERROR msg=alert kind=refund_refused booking_id="+alert.BookingID)
	assert.NotContains(t, log.String(), "asha", "the detail may hold anything")

	_, err := db.Pool.Exec(t.Context(), `UPDATE alerts SET resolved_at = now()`)
	require.NoError(t, err)
	counted(1, 0)
	raise()
	counted(2, 1)

	require.NoError(t, alerts.Raise(t.Context(), db.Pool, booking.Alert{Kind: booking.AlertMessageUnconfirmed}))
	assert.Contains(t, log.String(), "level=WARN msg=alert kind=message_unconfirmed")
}

// What a vendor says must not keep an alert from being raised.
func TestAlertsTakeAnyDetail(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	random := make([]byte, 0, 40_000)
	for n := range 10_000 { // what does not compress
		random = fmt.Appendf(random, "%x", n*2654435761%99991)
	}
	for _, detail := range []string{"", "a\x00b", "\xff\xfe", string(random), strings.Repeat("é", 5000), "x" + strings.Repeat("日", 2000)} {
		a := booking.Alert{Kind: booking.AlertSeatsNotFreed, Detail: detail}
		require.NoError(t, alerts.Raise(t.Context(), db.Pool, a), "%.20q", detail)
		require.NoError(t, alerts.Raise(t.Context(), db.Pool, a), "again: %.20q", detail)
	}
	var n int
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM alerts`).Scan(&n))
	assert.Equal(t, 6, n)
	assert.Error(t, alerts.Raise(t.Context(), db.Pool, booking.Alert{BookingID: "x", Kind: booking.AlertSeatsNotFreed}))
}

// A database that does not answer costs one metric, not the page.
func TestMetricsWithoutADatabase(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	db.Pool.Close()
	page := told(t, db)
	assert.NotContains(t, page, "boxoffice_alerts_open{")
	assert.Contains(t, page, "go_goroutines")
}
