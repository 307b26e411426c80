package workflows_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

// TestFault39_RecordedHistoriesReplay runs today's workflow code over the histories that every release
// recorded: bookings that are under way when new code is deployed must go on as they began.
func TestFault39_RecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	for _, file := range recordings(t, "") {
		t.Run(strings.TrimPrefix(file, recordingsDir+string(filepath.Separator)), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer, workflows.QueueBookings)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
		})
	}
	for _, scenario := range sagatest.Scenarios() {
		assert.NotEmpty(t, newestRecording(t, "", scenario.Name), "scenario %s has no recorded history; run make record", scenario.Name)
	}
}

// TestBudgets holds the newest recording of each scenario to its number of events.
func TestBudgets(t *testing.T) {
	t.Parallel()
	for _, scenario := range sagatest.Scenarios() {
		if scenario.MaxEvents == 0 {
			continue
		}
		file := newestRecording(t, "", scenario.Name)
		require.NotEmpty(t, file, "scenario %s has no recorded history; run make record", scenario.Name)
		requireBudget(t, scenario, readRecording(t, file))
	}
}
