package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Options says how to reach Temporal.
type Options struct {
	Address   string // host:port of the frontend
	Namespace string
	Keys      Keys // payload encryption; none leaves payloads readable
	// Worker is for the client of a worker: what its keys cannot read is left for later,
	// for a process that can. Other clients get an UnreadableError.
	Worker bool
	// Unreadable is told of every payload that the keys cannot read. It must not block.
	Unreadable func(*UnreadableError)
	// MayWrite, if set, refuses to encrypt by giving an error.
	MayWrite func() error
	Logger   *slog.Logger
}

// Dial connects. It does not wait for the server: calls fail until it is there,
// so that an API replica may start before Temporal.
func Dial(opts Options) (client.Client, error) {
	logger := opts.Logger
	if logger == nil {
		logger = slog.Default()
	}
	dataConverter := converter.GetDefaultDataConverter()
	if len(opts.Keys) > 0 {
		codec, err := newCodec(opts.Keys)
		if err != nil {
			return nil, err
		}
		codec.unreadable, codec.mayWrite = opts.Unreadable, opts.MayWrite
		dataConverter = converter.NewCodecDataConverter(dataConverter, codec)
		if opts.Worker {
			dataConverter = leaver{dataConverter}
		}
	}
	c, err := client.NewLazyClient(client.Options{
		HostPort:      opts.Address,
		Namespace:     opts.Namespace,
		DataConverter: dataConverter,
		Logger:        log.NewStructuredLogger(logger.With("component", "temporal")),
	})
	if err != nil {
		return nil, fmt.Errorf("temporal: client for %s: %w", opts.Address, err)
	}
	return c, nil
}

// Read reads payloads that no call of the client decodes, such as what a step says of its progress.
func Read(keys Keys, payloads *common.Payloads, into any) error {
	reader := converter.GetDefaultDataConverter()
	if len(keys) > 0 {
		codec, err := newCodec(keys)
		if err != nil {
			return err
		}
		reader = converter.NewCodecDataConverter(reader, codec)
	}
	return reader.FromPayloads(payloads, into)
}

// Prepare makes sure that the namespace and the search attributes are there. It
// may run any number of times, by several processes at once, and waits for a
// server that is not there yet until the context ends.
func Prepare(ctx context.Context, c client.Client, namespace string, retention time.Duration, keys ...sdk.SearchAttributeKey) error {
	// A worker may be up before the server is.
	err := poll(ctx, func() (bool, error) {
		_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        namespace,
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists
		var away *serviceerror.Unavailable
		return err == nil || errors.As(err, &exists), unless(err, errors.As(err, &exists) || errors.As(err, &away))
	})
	if err != nil {
		return fmt.Errorf("namespace %s: %w", namespace, err)
	}
	return addSearchAttributes(ctx, c, namespace, keys)
}

func addSearchAttributes(ctx context.Context, c client.Client, namespace string, keys []sdk.SearchAttributeKey) error {
	known, err := searchAttributes(ctx, c, namespace)
	if err != nil {
		return err
	}
	missing := map[string]enums.IndexedValueType{}
	for _, key := range keys {
		have, ok := known[key.GetName()]
		switch {
		case !ok:
			missing[key.GetName()] = key.GetValueType()
		case have != key.GetValueType():
			return fmt.Errorf("temporal: search attribute %s is %s in namespace %s, not %s",
				key.GetName(), have, namespace, key.GetValueType())
		}
	}
	if len(missing) > 0 {
		_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: missing,
		})
		var exists *serviceerror.AlreadyExists
		if err != nil && !errors.As(err, &exists) {
			return fmt.Errorf("temporal: add search attributes: %w", err)
		}
	}
	return awaitSearchAttributes(ctx, c, namespace, keys)
}

// awaitSearchAttributes polls until a query may use them all: the server's parts
// learn a new attribute one after the other, and until then refuse a workflow
// that carries it.
func awaitSearchAttributes(ctx context.Context, c client.Client, namespace string, keys []sdk.SearchAttributeKey) error {
	var terms []string
	for _, key := range keys {
		terms = append(terms, key.GetName()+" IS NULL")
	}
	request := &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: strings.Join(terms, " OR ")}
	return poll(ctx, func() (bool, error) {
		_, err := c.CountWorkflow(ctx, request)
		var unknown *serviceerror.InvalidArgument
		return err == nil, unless(err, errors.As(err, &unknown))
	})
}

func searchAttributes(ctx context.Context, c client.Client, namespace string) (known map[string]enums.IndexedValueType, err error) {
	// A new namespace takes a moment to reach every part of the server.
	err = poll(ctx, func() (bool, error) {
		list, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
		known = list.GetCustomAttributes()
		var notFound *serviceerror.NamespaceNotFound
		return err == nil, unless(err, errors.As(err, &notFound))
	})
	return known, err
}

func unless(err error, expected bool) error {
	if expected {
		return nil
	}
	return err
}

// poll asks until the answer is yes, an error, or the end of the context.
func poll(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ask()
		if err != nil {
			return fmt.Errorf("temporal: %w", err)
		}
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("temporal: the server is not ready: %w", ctx.Err())
		}
	}
}
