package temporal

import (
	"context"
	"errors"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// leaver is the data converter of a worker. A payload that the keys cannot read must be
// left for a process that can read it. For each kind of task the SDK has only one way to do
// so:
//
//   - In a workflow task a panic. It fails the task, which the server gives out again.
//     An error would reject an update, drop a signal, lose a version marker, or fail a
//     workflow permanently, depending on the payload.
//   - In an activity an error. It fails the attempt, which the server repeats; our
//     retry policies take a panic for a bug of the activity and give up.
//
// A codec whose keys come from a service must repeat a lookup that fails, within the
// call, and give an UnreadableError in the end.
type leaver struct {
	converter.DataConverter
}

var _ workflow.ContextAware = leaver{}

// WithContext implements workflow.ContextAware: activities and clients get errors.
func (l leaver) WithContext(context.Context) converter.DataConverter { return l.DataConverter }

// WithWorkflowContext implements workflow.ContextAware.
func (l leaver) WithWorkflowContext(workflow.Context) converter.DataConverter { return l }

// ToPayload implements converter.DataConverter.
func (l leaver) ToPayload(value any) (*common.Payload, error) {
	payload, err := l.DataConverter.ToPayload(value)
	return payload, left(err)
}

// ToPayloads implements converter.DataConverter.
func (l leaver) ToPayloads(values ...any) (*common.Payloads, error) {
	payloads, err := l.DataConverter.ToPayloads(values...)
	return payloads, left(err)
}

// FromPayload implements converter.DataConverter.
func (l leaver) FromPayload(payload *common.Payload, value any) error {
	return left(l.DataConverter.FromPayload(payload, value))
}

// FromPayloads implements converter.DataConverter.
func (l leaver) FromPayloads(payloads *common.Payloads, values ...any) error {
	return left(l.DataConverter.FromPayloads(payloads, values...))
}

func left(err error) error {
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) {
		panic(unreadable)
	}
	return err
}
