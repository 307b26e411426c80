package main

import (
	"fmt"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI serves the UI. What it fails with comes through the channel.
func startUI(opts options) (*server.Server, <-chan error) {
	ui := server.NewServer(server_options.WithConfigProvider(&config.Config{
		Host:                localhost,
		Port:                opts.uiPort,
		TemporalGRPCAddress: address(opts.frontendPort),
		EnableUI:            true,
		DefaultNamespace:    opts.namespace,
		// The page would ask GitHub for new versions and Temporal for news.
		NotifyOnNewVersion: false,
		DisableNewsFetch:   true,
		// Not every browser accepts a Secure cookie from http://127.0.0.1.
		CORS:     config.CORS{CookieInsecure: true},
		Codec:    config.Codec{Endpoint: opts.codecEndpoint},
		HideLogs: true,
	}))
	failed := make(chan error, 1)
	go func() {
		if err := ui.Start(); err != nil {
			failed <- fmt.Errorf("serve the web UI on port %d: %w", opts.uiPort, err)
		}
	}()
	return ui, failed
}
