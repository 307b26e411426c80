package workflows_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// Recorded histories lie in testdata, one folder a release. A folder of a release
// never changes again: its histories stand for the bookings that its code began,
// and today's code must go on with them. checksumsFile proves it.
const (
	recordingsDir = "testdata"
	// inTheMaking is the folder of the release that is being made, the only one that
	// make record writes to. make close-release names it after the release's day.
	inTheMaking = "next"
	// changesDir keeps the histories of changed shows, apart from those of bookings.
	changesDir = "show_changes"
	// checksumsFile lists every recording of the releases, as sha256sum does.
	checksumsFile = "released.sha256"
)

// releaseName is the day of a release, and a number for a second one of that day, so
// that names sort by time.
var releaseName = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(\.\d)?$`)

// releases are the folders with recordings, the newest first.
func releases(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(recordingsDir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != inTheMaking {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return append([]string{inTheMaking}, names...)
}

// recordings are the files of all releases: those of bookings, or of what is in the
// folder sub.
func recordings(t *testing.T, sub string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordingsDir, "*", sub, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// newestRecording is the newest recording of a name, empty without one.
func newestRecording(t *testing.T, sub, name string) string {
	t.Helper()
	for _, release := range releases(t) {
		file := filepath.Join(recordingsDir, release, sub, name+".json")
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

func readRecording(t *testing.T, file string) *history.History {
	t.Helper()
	opened, err := os.Open(file)
	require.NoError(t, err)
	defer opened.Close() //nolint:errcheck // read only
	recorded, err := client.HistoryFromJSON(opened, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return recorded
}

// checkRecording asks for a new recording of a scenario whose workflow takes other
// steps than its newest recording shows, or is started with other fields. With
// -record it writes one into the folder of the release in the making, also for
// another SDK; a scenario that goes as it went needs none.
func checkRecording(t *testing.T, sub, name string, played *history.History) {
	t.Helper()
	was := &history.History{}
	if file := newestRecording(t, sub, name); file != "" {
		was = readRecording(t, file)
	}
	if !*record && redone(played) {
		t.Logf("%s: a task was done twice, and may have found what it had done already", name)
		return
	}
	if !*record {
		assert.Equal(t, steps(was), steps(played), "%s goes another way than its newest recording; run make record", name)
		return
	}
	if t.Failed() || slices.Equal(steps(was), steps(played)) && sdkOf(was) == sdkOf(played) {
		return
	}
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(played)
	require.NoError(t, err)
	text = ofOneMachine.ReplaceAll(text, []byte(`"$1": ""`))
	dir := filepath.Join(recordingsDir, inTheMaking, sub)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), append(text, '\n'), 0o644))
}

// redone tells whether a workflow task was done more than once.
func redone(played *history.History) bool {
	return slices.ContainsFunc(played.GetEvents(), func(e *history.HistoryEvent) bool {
		return e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_FAILED || e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
	})
}

// ofOneMachine is what a history says of the machine it was recorded on.
var ofOneMachine = regexp.MustCompile(`"(stackTrace|identity)": "(?:[^"\\]|\\.)*"`)

// steps are what a workflow was started with and what its code asked for, each once
// and sorted: how often it asks a provider, and in which order answers arrive,
// depends on the machine. That the order of the recorded ones is kept shows the replay.
func steps(recorded *history.History) []string {
	var list []string
	for _, e := range recorded.GetEvents() {
		switch e.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			list = append(list, inputFields(e.GetWorkflowExecutionStartedEventAttributes())...)
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			list = append(list, "activity "+e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName())
		case enums.EVENT_TYPE_MARKER_RECORDED:
			list = append(list, "marker "+markerName(e.GetMarkerRecordedEventAttributes()))
		case enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
			list = append(list, "child "+e.GetStartChildWorkflowExecutionInitiatedEventAttributes().GetWorkflowType().GetName())
		case enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
			list = append(list, "signal "+e.GetSignalExternalWorkflowExecutionInitiatedEventAttributes().GetSignalName())
		case enums.EVENT_TYPE_TIMER_STARTED,
			enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
			list = append(list, e.GetEventType().String())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// inputFields are the names of the fields that a workflow was started with.
func inputFields(started *history.WorkflowExecutionStartedEventAttributes) []string {
	var fields map[string]any
	if converter.GetDefaultDataConverter().FromPayloads(started.GetInput(), &fields) != nil {
		return nil
	}
	var list []string
	for name := range fields {
		list = append(list, "input "+name)
	}
	return list
}

// markerName tells markers of versions apart by their change and number, and those
// of local activities by their type.
func markerName(marker *history.MarkerRecordedEventAttributes) string {
	name := marker.GetMarkerName()
	decode := converter.GetDefaultDataConverter()
	var id string
	var number int
	if decode.FromPayloads(marker.GetDetails()["change-id"], &id) == nil && id != "" {
		if decode.FromPayloads(marker.GetDetails()["version"], &number) == nil {
			return fmt.Sprintf("%s %s %d", name, id, number)
		}
	}
	var data struct{ ActivityType string }
	if decode.FromPayloads(marker.GetDetails()["data"], &data) == nil {
		return name + " " + data.ActivityType
	}
	return name
}

// sdkOf is the SDK that played a history: a workflow that another one began may
// depend on its flags.
func sdkOf(recorded *history.History) string {
	for _, e := range recorded.GetEvents() {
		if done := e.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			return done.GetSdkMetadata().GetSdkName() + " " + done.GetSdkMetadata().GetSdkVersion()
		}
	}
	return ""
}

// TestRecordingsOfReleasesStay fails when a recording of a release was changed,
// removed or added: only the release in the making may change.
func TestRecordingsOfReleasesStay(t *testing.T) {
	t.Parallel()
	listed := checksums(t)
	err := filepath.WalkDir(recordingsDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, recordingsDir+string(filepath.Separator)))
		release, _, inFolder := strings.Cut(name, "/")
		switch {
		case !inFolder:
			assert.NotEqual(t, ".json", filepath.Ext(name), "%s lies outside of the releases' folders", name)
		case release == inTheMaking:
		case !releaseName.MatchString(release):
			t.Errorf("%s: %q is not the day of a release, such as 2026-11-25", name, release)
		default:
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			sum := sha256.Sum256(content)
			if assert.Contains(t, listed, name, "a recording was added to a release that is closed") {
				assert.Equal(t, listed[name], hex.EncodeToString(sum[:]),
					"%s is of a release that is closed: take it back with git checkout, and let today's code go on with it", name)
			}
			delete(listed, name)
		}
		return nil
	})
	require.NoError(t, err)
	for name := range listed {
		t.Errorf("%s is gone; take it back with git checkout", name)
	}
}

// checksums is the list of what releases recorded: sums by file.
func checksums(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(recordingsDir, checksumsFile))
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // read only
	listed := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		require.True(t, ok, "%s: not a line of sha256sum: %q", checksumsFile, lines.Text())
		listed[name] = sum
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, listed)
	return listed
}
