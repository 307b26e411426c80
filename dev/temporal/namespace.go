package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"go.temporal.io/server/common"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/serialization"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/resolver"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long a booking that has ended can still be looked at.
const retention = 7 * 24 * time.Hour

// registerNamespace writes the namespace into the database before the server
// starts. Registered through the server, it would be unknown to some of its
// services for a second or two, and the first workflows would fail.
func registerNamespace(ctx context.Context, d database, name string, logger log.Logger) error {
	serializer := serialization.NewSerializer()
	factory := sql.NewFactory(*d.config(mainDatabase, 1), resolver.NewNoopResolver(), clusterName, logger, metrics.NoopMetricsHandler, serializer)
	defer factory.Close()
	store, err := factory.NewMetadataStore()
	if err != nil {
		return fmt.Errorf("open the namespaces: %w", err)
	}
	namespaces := persistence.NewMetadataManagerImpl(store, serializer, logger, clusterName)
	defer namespaces.Close()

	_, err = namespaces.CreateNamespace(ctx, &persistence.CreateNamespaceRequest{
		Namespace: &persistencespb.NamespaceDetail{
			Info: &persistencespb.NamespaceInfo{
				Id:          primitives.NewUUID().String(),
				Name:        name,
				State:       enums.NAMESPACE_STATE_REGISTERED,
				Description: "Bookings and everything that happens around them",
			},
			Config: &persistencespb.NamespaceConfig{
				Retention:               durationpb.New(retention),
				HistoryArchivalState:    enums.ARCHIVAL_STATE_DISABLED,
				VisibilityArchivalState: enums.ARCHIVAL_STATE_DISABLED,
			},
			ReplicationConfig: &persistencespb.NamespaceReplicationConfig{
				ActiveClusterName: clusterName,
				Clusters:          []string{clusterName},
			},
			FailoverVersion:             common.EmptyVersion,
			FailoverNotificationVersion: -1,
		},
	})
	var exists *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("register namespace %s: %w", name, err)
	}
	return nil
}
