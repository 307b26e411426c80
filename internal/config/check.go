package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

var (
	e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	// Temporal joins a deployment's name and a build id by a dot or a colon.
	deploymentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	buildID        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// check finds settings that were read but cannot work.
func (c *Config) check(wrong *settingErrors) {
	if c.Environment != envDev && c.Environment != envProduction {
		wrong.add("BOXOFFICE_ENV", "is neither dev nor production.")
	}
	c.checkAddresses(wrong)
	c.checkVendors(wrong)
	c.checkDeployment(wrong)
	c.checkProviders(wrong)
	c.checkRules(wrong)
}

func (c *Config) checkDeployment(wrong *settingErrors) {
	if c.WorkerDeployment != "" && !deploymentName.MatchString(c.WorkerDeployment) {
		wrong.add("WORKER_DEPLOYMENT", "is not a name. Write up to 64 letters, digits, _ and -, for example boxoffice.")
	}
	if c.BuildID != "" && !buildID.MatchString(c.BuildID) {
		wrong.add("BUILD_ID", "is not a build's name. Write up to 64 letters, digits, dots, _ and -, for example 2026-12-09.1 or a commit.")
	}
}

func (c *Config) checkAddresses(wrong *settingErrors) {
	checkPostgres(wrong, "DATABASE_URL", c.DatabaseURL)
	checkPostgres(wrong, "DATABASE_READ_URL", c.DatabaseReadURL)
	checkPostgres(wrong, "DOCUMENTS_URL", c.DocumentsURL)
	if c.MongoDBURL != "" {
		if !strings.HasPrefix(c.MongoDBURL, "mongodb://") && !strings.HasPrefix(c.MongoDBURL, "mongodb+srv://") {
			wrong.add("MONGODB_URL", "is not the address of a MongoDB. Write mongodb://user:password@host:27017/database.")
		}
		if c.DocumentsURL != "" {
			wrong.add("MONGODB_URL", "is set, and so is DOCUMENTS_URL. Set one of them: documents are in one place.")
		}
	}
	if u, err := url.Parse(c.RedisURL); c.RedisURL != "" && (err != nil || u.Scheme != "redis" && u.Scheme != "rediss") {
		wrong.add("REDIS_URL", "is not the address of a Redis. Write redis://host:6379.")
	}
	checkHostPort(wrong, "TEMPORAL_ADDRESS", c.TemporalAddress)
	checkHostPort(wrong, "API_ADDR", c.APIAddr)
	checkHostPort(wrong, "SANDBOX_ADDR", c.SandboxAddr)
	if c.MetricsAddr != "" {
		checkHostPort(wrong, "METRICS_ADDR", c.MetricsAddr)
	}
	c.checkURL(wrong, "PUBLIC_URL", c.PublicURL)
	for i, origin := range c.CORSOrigins {
		c.CORSOrigins[i] = strings.TrimSpace(origin)
		if u, err := url.Parse(c.CORSOrigins[i]); err != nil || u.Scheme+"://"+u.Host != c.CORSOrigins[i] {
			wrong.add("CORS_ORIGINS", "has an entry that is not an origin. Write https://host, without a path.")
		}
	}
	c.Proxies = readNetworks(wrong, "TRUSTED_PROXIES", c.TrustedProxies, "trusts everybody. Name the networks of your proxies.")
	c.TheaterReach = readNetworks(wrong, "THEATER_NETWORKS", c.TheaterNetworks, "allows every address. Name the networks that theaters are in.")
	if strings.HasSuffix(c.PublicURL, "/") {
		wrong.add("PUBLIC_URL", "ends in a slash. Leave it out.")
	}
	// The sandbox is never production, for any other settings.
	if u, err := url.Parse(c.SandboxStripeWebhookURL); err != nil || u.Host == "" {
		wrong.add("SANDBOX_STRIPE_WEBHOOK_URL", "is not a URL. Write http://host:8080/v1/webhooks/stripe.")
	}
}

// readNetworks takes an address alone as a network of one. It refuses the network of all
// addresses: everything says why.
func readNetworks(wrong *settingErrors, variable string, list []string, everything string) (networks []netip.Prefix) {
	for _, text := range list {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); single == nil {
			network, err = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
		}
		switch {
		case err != nil || network.Addr().Is4In6():
			wrong.add(variable, "has an entry that is no address and no network. Write for example 10.0.0.5 or 10.0.0.0/8.")
		case network.Bits() == 0:
			wrong.add(variable, "%s", everything)
		default:
			networks = append(networks, network.Masked())
		}
	}
	return networks
}

func checkPostgres(wrong *settingErrors, variable, value string) {
	if u, err := url.Parse(value); value != "" && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql") {
		wrong.add(variable, "is not the address of a Postgres. Write postgres://user:password@host:5432/database.")
	}
}

func checkHostPort(wrong *settingErrors, variable, value string) {
	if _, _, err := net.SplitHostPort(value); err != nil {
		wrong.add(variable, "is not host:port.")
	}
}

func (c *Config) checkVendors(wrong *settingErrors) {
	c.checkURL(wrong, "STRIPE_API_URL", c.StripeAPIURL)
	c.checkURL(wrong, "SENDGRID_API_URL", c.SendGridAPIURL)
	c.checkURL(wrong, "TWILIO_API_URL", c.TwilioAPIURL)
	c.checkURL(wrong, "STRIPE_CHECKOUT_URL", strings.NewReplacer("{payment_intent}", "x", "{client_secret}", "x", "{booking}", "x").Replace(c.StripeCheckoutURL))
	for i, secret := range c.StripeWebhookSecrets {
		// A list is easily written with a space after the comma.
		c.StripeWebhookSecrets[i] = strings.TrimSpace(secret)
		if c.StripeWebhookSecrets[i] == "" {
			wrong.add("STRIPE_WEBHOOK_SECRETS", "has an empty entry: an empty secret would accept what anybody signs.")
		}
	}
	if strings.HasPrefix(c.StripeSecretKey, "pk_") {
		wrong.add("STRIPE_SECRET_KEY", "is a publishable key. The secret key begins with sk_ or rk_.")
	}
	if c.StripePublishableKey != "" && !strings.HasPrefix(c.StripePublishableKey, "pk_") {
		wrong.add("STRIPE_PUBLISHABLE_KEY", "does not begin with pk_. Everybody sees this key: it must not be a secret one.")
	}
	c.checkPaymentProviders(wrong)
	if _, err := mail.ParseAddress(c.MailFrom); c.MailFrom != "" && err != nil {
		wrong.add("MAIL_FROM", "is not a mail address.")
	}
	if c.SMSFrom != "" && !e164.MatchString(c.SMSFrom) {
		wrong.add("SMS_FROM", "is not a number in E.164. Write for example +15005550006.")
	}
	if c.Dev() {
		c.checkURL(wrong, "PUSH_SANDBOX_URL", c.PushSandboxURL)
	} else if c.PushSandboxURL != "" {
		wrong.add("PUSH_SANDBOX_URL", "is set. Leave it out: outside of dev a push service is encrypted and on the public internet.")
	}
}

// checkURL refuses, in production, an address that would carry secrets or
// customers over an open line.
func (c *Config) checkURL(wrong *settingErrors, variable, value string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		wrong.add(variable, "is not a URL. Write https://host.")
	case u.Scheme == "http" && !c.Dev():
		wrong.add(variable, "is not encrypted. Write https://, or set BOXOFFICE_ENV=dev to use the sandbox.")
	}
}

func (c *Config) checkRules(wrong *settingErrors) {
	between := func(variable string, value, least, most time.Duration) {
		if value < least || value > most {
			wrong.add(variable, "is %s. Choose between %s and %s.", value, least, most)
		}
	}
	between("MIGRATE_LOCK_TIMEOUT", c.MigrateLockTimeout, 10*time.Millisecond, time.Minute)
	between("MIGRATE_STATEMENT_TIMEOUT", c.MigrateStatementTimeout, 0, 24*time.Hour)
	between("MIGRATE_PATIENCE", c.MigratePatience, 0, 24*time.Hour)
	between("HOLD_FOR", c.HoldFor, time.Second, 24*time.Hour)
	between("SESSIONS_END_AFTER", c.SessionsEndAfter, 15*time.Minute, 10*365*24*time.Hour)
	between("FETCH_WITHIN", c.FetchWithin, 0, time.Hour)
	between("REMIND_BEFORE", c.RemindBefore, 0, 7*24*time.Hour)
	between("SPREAD_OVER", c.SpreadOver, 0, time.Hour)
	between("FAST_PATH", c.FastPath, 0, 30*time.Second)
	between("SWEEP_EVERY", c.SweepEvery, 10*time.Second, 24*time.Hour)
	for variable, every := range map[string]time.Duration{
		"RECOMMENDATIONS_RECORD_EVERY": c.RecommendationsRecordEvery, "RECOMMENDATIONS_TRAIN_EVERY": c.RecommendationsTrainEvery,
	} {
		if every != 0 {
			between(variable, every, 10*time.Second, 30*24*time.Hour)
		}
	}
	for variable, kept := range map[string]struct{ value, least time.Duration }{
		"IDEMPOTENCY_KEYS_KEPT": {c.IdempotencyKeysKept, time.Hour}, "WEBHOOKS_KEPT": {c.WebhooksKept, 72 * time.Hour},
		"SESSIONS_KEPT": {c.SessionsKept, time.Minute},
		// A link that takes an address back works for three days.
		"LETTERS_KEPT": {c.LettersKept, 96 * time.Hour},
		"GUESTS_KEPT":  {c.GuestsKept, time.Hour},
	} {
		if kept.value != 0 && kept.value < kept.least {
			wrong.add(variable, "is %s. Choose at least %s, or 0 to keep it for ever.", kept.value, kept.least)
		}
	}
	const aDay, tenYears = 24 * time.Hour, 10 * 365 * 24 * time.Hour
	between("ACTIVITY_KEPT", c.ActivityKept, aDay, tenYears)
	between("EVENTS_KEPT", c.EventsKept, aDay, tenYears)
	between("COUNTERS_KEPT", c.CountersKept, aDay, tenYears)
	for variable, share := range map[string]int{"RECOMMENDATIONS_POPULAR": c.RecommendationsPopular, "RECOMMENDATIONS_PREVIOUS": c.RecommendationsPrevious} {
		if share < 0 || c.RecommendationsPopular+c.RecommendationsPrevious > 100 {
			wrong.add(variable, "is not a percentage, or both together are more than 100.")
		}
	}
	between("OPEN_WITHIN", c.OpenWithin, time.Second, time.Minute)
	// Written so that NaN, which compares as false, does not pass.
	if !(c.PaymentsPerSecond >= 0) {
		wrong.add("PAYMENTS_PER_SECOND", "is not a number of requests. 0 is no limit.")
	}
	if !(c.MessagesPerSecond >= 0) {
		wrong.add("MESSAGES_PER_SECOND", "is not a number of messages. 0 is no limit.")
	}
	count := func(variable string, value, most int) {
		if value < 1 || value > most {
			wrong.add(variable, "is %d. Choose between 1 and %d.", value, most)
		}
	}
	count("MAX_HOLDS", c.MaxHolds, 100)
	c.hoarding.check(wrong)
	if c.HoldExtensions != 0 {
		count("HOLD_EXTENSIONS", c.HoldExtensions, 50) // of 100 updates, which staff share
	}
	if c.RateLimits < 0 || c.RateLimits > 1000 {
		wrong.add("RATE_LIMITS", "must be between 0 and 1000.")
	}
	count("PASSWORD_MEMORY", c.PasswordMemory, 1024)
	count("PASSWORD_PASSES", c.PasswordPasses, 20)
	if !c.Dev() && c.PasswordMemory*c.PasswordPasses < 2*19 {
		wrong.add("PASSWORD_MEMORY", "is too little. 19 with two passes is the least (OWASP).")
	}
	if c.LoginTries != 0 {
		count("LOGIN_TRIES", c.LoginTries, 10_000)
	}
	count("STREAMS_PER_ADDRESS", c.StreamsPerAddress, 10_000)
	count("STREAMS_PER_ACCOUNT", c.StreamsPerAccount, 10_000)
	if c.LatePayments != lateRebook && c.LatePayments != lateRefund {
		wrong.add("LATE_PAYMENTS", "is neither rebook nor refund.")
	}
	if c.Disputes != string(booking.DisputesVoid) && c.Disputes != string(booking.DisputesKeep) {
		wrong.add("DISPUTES", "is neither void nor keep.")
	}
}
