package main

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

const (
	localhost   = "127.0.0.1"
	clusterName = "active"
	// The number of shards can never change for a database; four are plenty
	// for one machine, and each costs a little at rest.
	historyShards = 4
)

func newServer(opts options, d database, logger log.Logger) (temporal.Server, error) {
	ports, err := servicePorts(opts.frontendPort)
	if err != nil {
		return nil, err
	}
	services := map[string]config.Service{}
	// Known hosts instead of gossip: no ports for it, and no time to find out
	// that it is alone.
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, port := range ports {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnLocalHost: true}}
		hosts[name] = static.SingleLocalHost(address(port))
	}

	cfg := &config.Config{
		Services: services,
		Persistence: config.Persistence{
			DefaultStore:     mainDatabase,
			VisibilityStore:  visibilityDatabase,
			NumHistoryShards: historyShards,
			DataStores: map[string]config.DataStore{
				mainDatabase:       {SQL: d.config(mainDatabase, 20)},
				visibilityDatabase: {SQL: d.config(visibilityDatabase, 10)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: address(opts.frontendPort)},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
	server, err := temporal.NewServer(
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithConfig(cfg),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(tuning),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
	)
	if err != nil {
		return nil, fmt.Errorf("set up the server: %w", err)
	}
	return server, nil
}

// tuning fits a cluster into a corner of a developer's machine. The defaults
// are made for thousands of shards and tens of thousands of cached workflows.
var tuning = dynamicconfig.StaticClient{
	// One partition: with the default of four, a poller waits at one while the
	// task lies at another, and is forwarded.
	dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
	dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

	// The same as in deploy/temporal/dynamicconfig.yaml, which says why.
	dynamicconfig.MatchingEnableFairness.Key(): []dynamicconfig.ConstrainedValue{{
		Constraints: dynamicconfig.Constraints{TaskQueueName: "theaters"}, Value: true,
	}},

	dynamicconfig.HistoryCacheSizeBasedLimit.Key():        true,
	dynamicconfig.HistoryCacheHostLevelMaxSizeBytes.Key(): 64 << 20,
	dynamicconfig.HistoryCacheTTL.Key():                   10 * time.Minute,

	dynamicconfig.TransferProcessorSchedulerWorkerCount.Key():    64,
	dynamicconfig.TimerProcessorSchedulerWorkerCount.Key():       64,
	dynamicconfig.VisibilityProcessorSchedulerWorkerCount.Key():  32,
	dynamicconfig.MemoryTimerProcessorSchedulerWorkerCount.Key(): 32,
	dynamicconfig.ArchivalProcessorSchedulerWorkerCount.Key():    1,

	// Janitors for leftovers that take months to gather.
	dynamicconfig.TaskQueueScannerEnabled.Key(): false,
	dynamicconfig.HistoryScannerEnabled.Key():   false,

	// New search attributes are known once the namespace is read again.
	dynamicconfig.NamespaceCacheRefreshInterval.Key(): time.Second,

	dynamicconfig.EnableServerVersionCheck.Key(): false, // it asks version.temporal.io

	// Staff's searches and the tests' checks list workflows in bursts.
	dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 500,
}

// servicePorts gives the services behind the frontend any free port: no other process needs
// to know them.
func servicePorts(frontend int) (map[primitives.ServiceName]int, error) {
	ports := map[primitives.ServiceName]int{primitives.FrontendService: frontend}
	for _, service := range []primitives.ServiceName{
		primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		listener, err := net.Listen("tcp", address(0))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		// Held until all are chosen, so that all differ.
		defer listener.Close()
		ports[service] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func address(port int) string { return net.JoinHostPort(localhost, strconv.Itoa(port)) }
