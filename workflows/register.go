package workflows

import "go.temporal.io/sdk/workflow"

// registry is a worker, a replayer or the test environment.
type registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register tells a worker of a task queue which workflows run there, by the names that
// histories have.
func Register(w registry, queue string) {
	byQueue := map[string]map[string]any{
		QueueBookings: {
			BookingWorkflow: runBooking, LatePaymentWorkflow: runLatePayment, AftercareWorkflow: runAftercare,
			settleBookingWorkflow: runSettleBooking,
		},
		QueueOperations: {
			CancelShowWorkflow: runCancelShow, MoveShowWorkflow: runMoveShow, SweepBookingsWorkflow: runSweepBookings,
			DeleteOldWorkflow: runDeleteOld, RefundShowWorkflow: runRefundShow, ReconcileWorkflow: runReconcile,
			HouseRoundsWorkflow: runHouseRounds, HouseProgramWorkflow: runHouseProgram, HouseReconcileWorkflow: runHouseReconcile,
		},
		QueueRecommendations: {RecordBookingsWorkflow: runRecordBookings, TrainRecommendationsWorkflow: runTrain},
	}
	for name, run := range byQueue[queue] {
		w.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: name})
	}
}
