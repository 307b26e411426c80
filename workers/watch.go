package workers

import (
	"context"

	"go.temporal.io/sdk/interceptor"

	"github.com/boxoffice/boxoffice/activities"
)

// watching has every step of every queue watched: a step that keeps failing raises an alert
// for staff. See activities.Watch.
func watching(alerts activities.Alerts) []interceptor.WorkerInterceptor {
	if alerts == nil {
		return nil
	}
	return []interceptor.WorkerInterceptor{&watcher{watch: &activities.Watch{Alerts: alerts}}}
}

type watcher struct {
	interceptor.WorkerInterceptorBase
	watch *activities.Watch
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (w *watcher) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	step := &watchedStep{watch: w.watch}
	step.Next = next
	return step
}

type watchedStep struct {
	interceptor.ActivityInboundInterceptorBase
	watch *activities.Watch
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (s *watchedStep) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := s.Next.ExecuteActivity(ctx, in)
	if err != nil {
		err = s.watch.Failed(ctx, in.Args, err)
	}
	return result, err
}
