// Package config reads the environment into one Config. What a setting means,
// its default and who needs it stand in the struct's tags, so that the program,
// its checks and the documentation cannot drift apart. Nothing here connects to
// anything.
package config

import (
	"crypto/ed25519"
	"net/netip"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// The environments. Only dev has defaults for secrets.
const (
	envDev        = "dev"
	envProduction = "production"
)

// What happens to an authorized payment whose booking has ended.
const (
	lateRebook = "rebook"
	lateRefund = "refund"
)

// Process is a part of the platform, as far as its settings go.
type Process string

// The processes that read a Config. Each is asked only for what it needs.
const (
	API     Process = "api"
	Worker  Process = "worker"
	Migrate Process = "migrate"
	Seed    Process = "seed"
	Import  Process = "import"
	Sandbox Process = "sandbox"
)

// Config is every setting, by parts: see settings.go.
type Config struct {
	basics
	backends
	release
	web
	stripe
	razorpay
	paypal
	theaters
	messages
	limits
	accounts
	rules
	hoarding
	upkeep
	lists
	sandbox
	derived
}

// derived is what loading makes of the settings.
type derived struct {
	// JWTKeys and TicketKeys are what the key files hold. The first signs.
	JWTKeys    []ed25519.PrivateKey
	TicketKeys []ed25519.PrivateKey
	// Proxies is TrustedProxies, read.
	Proxies []netip.Prefix
	// TheaterReach is TheaterNetworks, read.
	TheaterReach []netip.Prefix
	// Warnings are for the log: what works but should be known.
	Warnings []string
}

// Dev tells whether this is a developer's machine.
func (c Config) Dev() bool { return c.Environment == envDev }

// Push tells whether browsers get messages by push.
func (c Config) Push() bool { return c.VAPIDPublicKey != "" }

// RebookLate tells whether money that arrives after its booking ended buys the same seats
// again, if they are free.
func (c Config) RebookLate() bool { return c.LatePayments == lateRebook }

// Kept is how long records are kept that are not kept forever.
func (c Config) Kept() map[booking.OldRecords]time.Duration {
	return map[booking.OldRecords]time.Duration{
		booking.OldIdempotencyKeys: c.IdempotencyKeysKept, booking.OldWebhooks: c.WebhooksKept, booking.OldSessions: c.SessionsKept,
		booking.OldLetters: c.LettersKept, booking.OldProofs: c.LettersKept, booking.OldGuests: c.GuestsKept,
		booking.OldHolds: c.UnpaidHoldsKept,
		// They count for minutes, and are of no use after that.
		booking.OldChallenges: time.Hour, booking.OldPasskeyChallenges: time.Hour, booking.OldOAuthStarts: time.Hour, booking.OldOffers: time.Hour,
		// Documents have the end of their time in them: for them it is not a length.
		booking.OldEvents: time.Hour, booking.OldCounters: time.Hour, booking.OldLists: time.Hour,
		// After an hour all requests of the account are over.
		booking.OldAccounts: time.Hour,
	}
}

// Policy is what new bookings live by.
func (c Config) Policy() booking.Policy {
	policy := booking.DefaultPolicy()
	policy.HoldFor = c.HoldFor
	policy.FetchWithin = c.FetchWithin
	policy.MaxHolds = c.MaxHolds
	policy.HoldExtensions = c.HoldExtensions
	policy.HoldAtMost, policy.UnprovedAtMost = c.HoldAtMost, c.UnprovedHoldAtMost
	policy.RemindBefore = c.RemindBefore
	policy.SpreadOver = c.SpreadOver
	policy.FastPath = c.FastPath
	policy.OpenWithin = c.OpenWithin
	policy.Disputes = booking.DisputePolicy(c.Disputes)
	return policy
}
