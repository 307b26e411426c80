package workflows_test

import (
	"fmt"

	"github.com/boxoffice/boxoffice/workflows"
)

// Staff find a booking in the Temporal UI by the id of its workflow.
func ExampleBookingWorkflowID() {
	fmt.Println(workflows.BookingWorkflowID("6d0f9f5e-5f0b-4a57-8f0a-1c7f0d2b9e64"))
	// Output: booking-6d0f9f5e-5f0b-4a57-8f0a-1c7f0d2b9e64
}
