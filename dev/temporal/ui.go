package main

import (
	"fmt"
	"os"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

func startUI(opts options) *server.Server {
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
	go func() {
		if err := ui.Start(); err != nil {
			fmt.Fprintln(os.Stderr, "temporal: the web UI stopped:", err)
		}
	}()
	return ui
}
