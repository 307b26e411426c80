package workflows

// What workflows answer, for tests that read it as JSON.
type (
	DeleteOldResult   = deleteOldResult
	LatePaymentResult = latePaymentResult
	SweepResult       = sweepResult
)

// SettleBookingWorkflow is settleBookingWorkflow.
const SettleBookingWorkflow = settleBookingWorkflow
