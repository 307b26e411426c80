package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/sandbox"
)

type sandboxCommand struct{}

// Run serves the sandbox vendors and delivers their webhooks.
func (*sandboxCommand) Run(ctx context.Context) error {
	cfg, log, err := load(config.Sandbox)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(cfg.SandboxDataFile), 0o700); err != nil {
		return fmt.Errorf("make the sandbox's directory: %w", err)
	}
	server, err := sandbox.New(sandbox.Options{
		DataFile: cfg.SandboxDataFile, PublicURL: browserURL(cfg.SandboxAddr), StripeSecretKey: cfg.StripeSecretKey,
		StripeWebhookURL: cfg.SandboxStripeWebhookURL, StripeWebhookSecrets: cfg.StripeWebhookSecrets, Logger: log,
		RazorpayKeyID: cfg.RazorpayKeyID, RazorpayKeySecret: cfg.RazorpayKeySecret,
		RazorpayWebhookURL: cfg.SandboxRazorpayWebhookURL, RazorpayWebhookSecret: first(cfg.RazorpayWebhookSecrets),
		PayPalClientID: cfg.PayPalClientID, PayPalClientSecret: cfg.PayPalClientSecret, PayPalRoot: []byte(cfg.SandboxPayPalRoot),
		PayPalWebhookURL: cfg.SandboxPayPalWebhookURL, PayPalWebhookID: first(cfg.PayPalWebhookIDs), PayPalCertificatesURL: cfg.PayPalCertificates,
	})
	if err != nil {
		return err
	}
	defer func() {
		if err := server.Close(); err != nil {
			log.Error("close the sandbox", "error", err)
		}
	}()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Run(ctx) })
	group.Go(func() error { return serve(ctx, cfg.SandboxAddr, server.Handler(), log) })
	return group.Wait()
}

// browserURL is where a browser on this machine reaches what listens at an
// address.
func browserURL(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + address
}

// first is what is signed with: a vendor signs with one.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
