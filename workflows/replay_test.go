package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// TestFault39_RecordedHistoriesReplay runs today's workflow code over recorded histories: bookings that
// are under way when new code is deployed must go on as they began.
func TestFault39_RecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	recorded := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		recorded[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.Booking, workflow.RegisterOptions{Name: workflows.BookingWorkflow})
			replayer.RegisterWorkflowWithOptions(workflows.LatePayment, workflow.RegisterOptions{Name: workflows.LatePaymentWorkflow})
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
		})
	}
	for _, scenario := range sagatest.Scenarios() {
		assert.True(t, recorded[scenario.Name], "scenario %s has no recorded history; run make record", scenario.Name)
	}
}

// TestBudgets holds the recorded histories to their numbers of events.
func TestBudgets(t *testing.T) {
	t.Parallel()
	for _, scenario := range sagatest.Scenarios() {
		if scenario.MaxEvents == 0 {
			continue
		}
		file, err := os.Open(filepath.Join("testdata", scenario.Name+".json"))
		require.NoError(t, err, "run make record")
		recorded, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, file.Close())
		requireBudget(t, scenario, recorded)
	}
}
