package config

import (
	"log/slog"
	"time"
)

// The settings in parts. Tags: dev is the default in dev; unless names the variable that
// turns the dev defaults of a vendor off when it is set, so that real keys reach the real
// vendor; need lists the processes that need the setting; doc is the meaning.

// basics: what every process knows of itself.
type basics struct {
	Environment string     `env:"BOXOFFICE_ENV" envDefault:"production" doc:"production or dev. Only dev has defaults for secrets."`
	LogLevel    slog.Level `env:"LOG_LEVEL" envDefault:"INFO" doc:"DEBUG, INFO, WARN or ERROR."`
}

// backends: where data lives, and its keys.
type backends struct {
	DatabaseURL       string    `env:"DATABASE_URL" dev:"postgres://boxoffice:boxoffice@127.0.0.1:5432/boxoffice?sslmode=disable" need:"api,worker,migrate,seed,import" doc:"Where Postgres is."`
	DatabaseReadURL   string    `env:"DATABASE_READ_URL" doc:"A standby of that Postgres, for reading the catalog only: never for the seat map or anything that decides. One server, not several behind one address. Without it the primary is read."`
	RedisURL          string    `env:"REDIS_URL" doc:"Where Redis is. Without it seat changes reach other processes by polling only, and each keeps its own cache."`
	DocumentsURL      string    `env:"DOCUMENTS_URL" doc:"A Postgres for documents, which are preferences, events, counters, lists and models: docs/documents.md. Empty: DATABASE_URL. They have a schema of their own in either."`
	MongoDBURL        string    `env:"MONGODB_URL" doc:"A MongoDB for documents, instead of a Postgres: mongodb:// or mongodb+srv://. The path names the database; without it boxoffice."`
	TemporalAddress   string    `env:"TEMPORAL_ADDRESS" envDefault:"127.0.0.1:7233" doc:"Where Temporal's frontend is, host:port."`
	TemporalNamespace string    `env:"TEMPORAL_NAMESPACE" envDefault:"default" doc:"The Temporal namespace of all workflows."`
	TemporalCodecKeys CodecKeys `env:"TEMPORAL_CODEC_KEYS" dev:"dev:b25seS1mb3ItZGV2ZWxvcG1lbnQtMzItYnl0ZXMtISE=" need:"api,worker" doc:"Keys that encrypt what Temporal stores: id:base64 of 32 bytes, by comma. The first encrypts, all decrypt."`
}

// release: how a release takes over.
type release struct {
	WorkerDeployment        string        `env:"WORKER_DEPLOYMENT" doc:"The name of the Temporal worker deployment that the workers belong to. Set, workers get work only from the day that an operator makes their build current: see docs/deploying-workflows.md. Empty: every worker takes work."`
	BuildID                 string        `env:"BUILD_ID" doc:"The build that a worker of a deployment is. Empty: the commit that the program was built from."`
	MigrateLockTimeout      time.Duration `env:"MIGRATE_LOCK_TIMEOUT" envDefault:"3s" doc:"How long a statement of a migration may wait for a lock, while customers wait behind it. Then it is undone and tried again."`
	MigrateStatementTimeout time.Duration `env:"MIGRATE_STATEMENT_TIMEOUT" envDefault:"1m" doc:"How long a statement of a migration may run in a transaction, where it may hold locks. 0 is no limit."`
	MigratePatience         time.Duration `env:"MIGRATE_PATIENCE" envDefault:"10m" doc:"How long a migration that got no lock is tried again."`
}

// web: who may reach the API, and the keys it signs with.
type web struct {
	APIAddr              string      `env:"API_ADDR" envDefault:":8080" dev:"127.0.0.1:8080" doc:"Where the API listens."`
	PublicURL            string      `env:"PUBLIC_URL" dev:"http://localhost:8080" need:"api,worker" doc:"The address by which customers reach us, without a slash at the end. Passkeys belong to its host: with another host, or an IP address, none of them works."`
	CORSOrigins          []string    `env:"CORS_ORIGINS" dev:"http://127.0.0.1:8233,http://localhost:8233" doc:"Other web origins whose pages may call the API, by comma: the Temporal UI, for one."`
	MetricsAddr          string      `env:"METRICS_ADDR" doc:"Where this process serves /metrics to Prometheus, for example 127.0.0.1:9090. A port of its own for each process on a machine, and not for the public. Empty: not at all."`
	TrustedProxies       []string    `env:"TRUSTED_PROXIES" doc:"Addresses and networks (CIDR) of the proxies in front, by comma: their X-Forwarded-For says who a client is. Without them a client is who connects."`
	StreamsPerAddress    int         `env:"STREAMS_PER_ADDRESS" envDefault:"200" doc:"How many event streams may be open from one address at each process; behind one address can be a whole campus."`
	StreamsPerAccount    int         `env:"STREAMS_PER_ACCOUNT" envDefault:"20" doc:"The same of one account."`
	JWTSigningKeyFile    string      `env:"JWT_SIGNING_KEY_FILE" need:"api" doc:"PEM file with Ed25519 keys (PKCS #8) for access tokens. The first signs, all verify. In dev a throwaway key when empty."`
	FactorKeys           SealingKeys `env:"FACTOR_KEYS" dev:"b25seS1mb3ItZGV2ZWxvcG1lbnQtMzItYnl0ZXMtISE=" need:"api" doc:"Keys that seal the secrets of authenticator apps: base64 of 32 bytes, by comma. The first seals, all open. Without the key of a secret its owner needs a recovery code."`
	StaffSecondFactor    Switch      `env:"STAFF_SECOND_FACTOR" envDefault:"on" dev:"off" doc:"on: a session of staff may do nothing as staff before it has shown a second factor. off: a password is enough."`
	TicketSigningKeyFile string      `env:"TICKET_SIGNING_KEY_FILE" need:"api,worker" doc:"The same for the QR codes of tickets, and for the links that open a booking without a log-in."`
}

// stripe: the payment provider that every platform has.
type stripe struct {
	PaymentProviders     []string `env:"PAYMENT_PROVIDERS" envDefault:"stripe,razorpay,paypal" doc:"The payment providers that customers are offered, by comma, the preferred first. One without an account here is left out. A theater may choose among them. Payments of one that is not offered any more are still captured and refunded, as long as its keys are set."`
	StripeSecretKey      string   `env:"STRIPE_SECRET_KEY" dev:"sk_test_sandbox" need:"api,worker" doc:"Stripe's secret key."`
	StripePublishableKey string   `env:"STRIPE_PUBLISHABLE_KEY" dev:"pk_test_sandbox" unless:"STRIPE_SECRET_KEY" need:"api" doc:"Stripe's publishable key, for the browser."`
	StripeAPIURL         string   `env:"STRIPE_API_URL" envDefault:"https://api.stripe.com" dev:"http://127.0.0.1:8090" unless:"STRIPE_SECRET_KEY" doc:"Where Stripe's API is."`
	StripeWebhookSecrets []string `env:"STRIPE_WEBHOOK_SECRETS" dev:"whsec_sandbox" unless:"STRIPE_SECRET_KEY" need:"api,sandbox" doc:"Signing secrets of Stripe's webhook endpoint, by comma: two while one is being rotated."`
	StripeCheckoutURL    string   `env:"STRIPE_CHECKOUT_URL" dev:"http://127.0.0.1:8090/checkout/{payment_intent}?client_secret={client_secret}" unless:"STRIPE_SECRET_KEY" doc:"The page where a customer pays, with {payment_intent}, {client_secret} and {booking} filled in. Empty: our own page under PUBLIC_URL."`
}

// razorpay: a payment provider that may be left out.
type razorpay struct {
	RazorpayKeyID          string        `env:"RAZORPAY_KEY_ID" doc:"Razorpay's key id. Empty: customers cannot pay with Razorpay."`
	RazorpayKeySecret      string        `env:"RAZORPAY_KEY_SECRET" doc:"Razorpay's key secret."`
	RazorpayWebhookSecrets []string      `env:"RAZORPAY_WEBHOOK_SECRETS" doc:"Secrets of Razorpay's webhook, by comma: two while one is changed, for more than a day."`
	RazorpayAPIURL         string        `env:"RAZORPAY_API_URL" envDefault:"https://api.razorpay.com" doc:"Where Razorpay's API is."`
	RazorpayScriptURL      string        `env:"RAZORPAY_SCRIPT_URL" envDefault:"https://checkout.razorpay.com/v1/checkout.js" doc:"Razorpay's script for the page where a customer pays."`
	RazorpayCaptureWithin  time.Duration `env:"RAZORPAY_CAPTURE_WITHIN" envDefault:"24h" doc:"How long an authorized payment waits for our capture, before Razorpay gives it back. An outage of ours that is longer loses the money of sold tickets; a payment that we void is back after it."`
}

// paypal: a payment provider that may be left out.
type paypal struct {
	PayPalClientID     string   `env:"PAYPAL_CLIENT_ID" doc:"PayPal's client id. Empty: customers cannot pay with PayPal."`
	PayPalClientSecret string   `env:"PAYPAL_CLIENT_SECRET" doc:"PayPal's client secret."`
	PayPalWebhookIDs   []string `env:"PAYPAL_WEBHOOK_IDS" doc:"Ids of PayPal's webhook, by comma: of the subscription, not of events. Two while one is changed."`
	PayPalAPIURL       string   `env:"PAYPAL_API_URL" envDefault:"https://api-m.paypal.com" doc:"Where PayPal's API is."`
	PayPalRoots        string   `env:"PAYPAL_ROOTS" doc:"Roots of the certificates that PayPal's events are signed with, in PEM. Empty: those of the system."`
	PayPalCertificates string   `env:"PAYPAL_CERTIFICATES_URL" doc:"The beginning of addresses that such certificates may come from, besides PayPal's own: the sandbox's. Only in dev."`
}

// theaters: those that sell from their own system.
type theaters struct {
	TheaterKeys         SealingKeys   `env:"THEATER_KEYS" dev:"b25seS1mb3ItZGV2ZWxvcG1lbnQtMzItYnl0ZXMtISE=" doc:"Keys that seal what theaters' own systems want to see from us: base64 of 32 bytes, by comma. The first seals, all open. Empty: no theater of this platform has a system of its own that wants a secret."`
	TheaterNetworks     []string      `env:"THEATER_NETWORKS" dev:"127.0.0.0/8,::1" doc:"Addresses and networks (CIDR), by comma, that are not on the public internet and may be called as the address of a theater's own system, such as a VPN. Without TLS only these are called. Name no network that has servers of your own in it."`
	TheaterPerSecond    float64       `env:"THEATER_PER_SECOND" envDefault:"20" dev:"0" doc:"How many requests a second each theater's own system gets from this process for bookings and seat maps, at most 80 % of it for holds and seat maps. 0 is no limit."`
	TheaterProgramEvery time.Duration `env:"THEATER_PROGRAM_EVERY" envDefault:"5m" doc:"How often the programs of theaters' own systems are read. 0 is never."`
	TheaterSalesEvery   time.Duration `env:"THEATER_SALES_EVERY" envDefault:"1h" doc:"How often their sales are compared with our bookings. 0 is never."`
	TheaterSystemsOff   []string      `env:"THEATER_SYSTEMS_OFF" doc:"Kinds of theaters' own systems that sell nothing here at present, by comma, for example office. What has begun goes on."`
	TheaterSandboxURL   string        `env:"THEATER_SANDBOX_URL" dev:"http://127.0.0.1:8090" doc:"The sandbox, where seed opens the demo world's theater that sells from its own system. Only in dev. Empty: without that theater."`
}

// messages: the vendors of mail and SMS, and push to browsers.
type messages struct {
	SendGridAPIKey   string `env:"SENDGRID_API_KEY" dev:"SG.sandbox" need:"worker" doc:"SendGrid's API key."`
	SendGridAPIURL   string `env:"SENDGRID_API_URL" envDefault:"https://api.sendgrid.com" dev:"http://127.0.0.1:8090" unless:"SENDGRID_API_KEY" doc:"Where SendGrid's API is."`
	TwilioAccountSID string `env:"TWILIO_ACCOUNT_SID" dev:"AC00000000000000000000000000000000" unless:"TWILIO_AUTH_TOKEN" need:"worker" doc:"Twilio's account SID."`
	TwilioAuthToken  string `env:"TWILIO_AUTH_TOKEN" dev:"sandbox" need:"worker" doc:"Twilio's auth token."`
	TwilioAPIURL     string `env:"TWILIO_API_URL" envDefault:"https://api.twilio.com" dev:"http://127.0.0.1:8090" unless:"TWILIO_AUTH_TOKEN" doc:"Where Twilio's API is."`
	MailFrom         string `env:"MAIL_FROM" dev:"tickets@boxoffice.example" need:"worker" doc:"The sender's address of mail."`
	MailFromName     string `env:"MAIL_FROM_NAME" envDefault:"Boxoffice" doc:"The sender's name of mail."`
	SMSFrom          string `env:"SMS_FROM" dev:"+15005550006" need:"worker" doc:"The sender's number of SMS, E.164."`
	VAPIDPublicKey   string `env:"VAPID_PUBLIC_KEY" doc:"Our public key for messages by push (RFC 8292): a point of P-256, base64url. Empty: that of VAPID_PRIVATE_KEY. Without either, push is off. Another key loses every browser that has subscribed."`
	VAPIDPrivateKey  string `env:"VAPID_PRIVATE_KEY" doc:"The private key of it: 32 bytes, base64url. Workers sign with it; docs/notifications.md says how to make one."`
	VAPIDSubject     string `env:"VAPID_SUBJECT" dev:"mailto:push@example.com" doc:"Where push services reach the operators of this platform: mailto: or https:, at a host on the public internet."`
	PushSandboxURL   string `env:"PUSH_SANDBOX_URL" dev:"http://127.0.0.1:8090" doc:"A push service that need be neither encrypted nor on the public internet: the sandbox's. Only in dev."`
}

// limits: how much at a time.
type limits struct {
	PaymentsPerSecond float64       `env:"PAYMENTS_PER_SECOND" envDefault:"80" dev:"0" doc:"How many requests a second the payment vendor takes from us: on the slow path from all workers together, on the fast path from each. 0 is no limit."`
	MessagesPerSecond float64       `env:"MESSAGES_PER_SECOND" envDefault:"80" dev:"0" doc:"The same for each vendor of messages."`
	HoldFor           time.Duration `env:"HOLD_FOR" envDefault:"8m" doc:"How long seats wait for their payment."`
	SessionsEndAfter  time.Duration `env:"SESSIONS_END_AFTER" envDefault:"2160h" doc:"How long after its log-in a session ends, however often it is refreshed. A session that is not used ends 30 days after its last refresh."`
	RateLimits        float64       `env:"RATE_LIMITS" envDefault:"1" dev:"0" doc:"How much of the budgets of requests in docs/limits.md a client has: 1 is all, 2 is twice as much. 0 is no limit. Processes share them through Redis."`
	PasswordMemory    int           `env:"PASSWORD_MEMORY" envDefault:"64" doc:"MiB that hashing one password takes (argon2id). Weaker hashes are replaced at the next log-in."`
	PasswordPasses    int           `env:"PASSWORD_PASSES" envDefault:"2" doc:"How often hashing a password goes over that memory."`
	LoginTries        int           `env:"LOGIN_TRIES" envDefault:"20" dev:"0" doc:"How many wrong passwords and new accounts a minute come from one network, at each replica of the API. 0 is no limit."`
}

// accounts: what proving an address may cost.
type accounts struct {
	Guests         Switch   `env:"GUESTS" envDefault:"on" doc:"on: customers may book without an account. off: not. Turn it on when no process of a release without guests runs any more: such a one would mail their tickets to nowhere."`
	SMSCodesPerDay int      `env:"SMS_CODES_PER_DAY" envDefault:"500" doc:"How many codes are sent by SMS in 24 hours, over all numbers. At four fifths staff get an alert. 0 sends no code."`
	SMSCountries   []string `env:"SMS_COUNTRIES" doc:"The countries whose numbers get a code, by their ISO 3166 codes, by comma: those that you sell tickets in. Empty is all, which invites people who are paid for messages."`

	OIDCProviders OIDCProviders `env:"OIDC_PROVIDERS" doc:"The services that people may log in with, by OpenID Connect: a list in JSON of id, name, issuer, client_id, and client_secret or client_secret_file. docs/operating.md says how to set one up. Empty: passwords only."`
}

// rules: the rules of a booking.
type rules struct {
	FetchWithin    time.Duration `env:"FETCH_WITHIN" envDefault:"30s" doc:"How long a hold waits for its customer to fetch the answer; then its seats may be sold to others. 0 is as long as HOLD_FOR."`
	MaxHolds       int           `env:"MAX_HOLDS" envDefault:"4" doc:"How many holds one customer may have at a time."`
	HoldExtensions int           `env:"HOLD_EXTENSIONS" envDefault:"10" doc:"How often a customer may have HOLD_FOR once more to pay. Accessible sites allow ten (WCAG 2.2.1). 0 is never."`
	RemindBefore   time.Duration `env:"REMIND_BEFORE" envDefault:"2h" doc:"How long before the show the reminder goes out."`
	SpreadOver     time.Duration `env:"SPREAD_OVER" envDefault:"10m" doc:"Over how long the reminders of one show are spread, earlier than REMIND_BEFORE says, and the ends of its bookings' workflows after it has begun. 0 is not at all."`
	FastPath       time.Duration `env:"FAST_PATH" envDefault:"2s" doc:"How long a vendor may take before a step leaves the fast path. 0 turns the fast path off."`
	OpenWithin     time.Duration `env:"OPEN_WITHIN" envDefault:"7s" doc:"How long opening a payment may take, after FAST_PATH, before the customer is told that the provider is away. With it, less than the 10 s that the API waits."`
	LatePayments   string        `env:"LATE_PAYMENTS" envDefault:"rebook" doc:"A payment authorized after its booking ended: rebook the same seats if they are free, or refund."`
	Disputes       string        `env:"DISPUTES" envDefault:"void" doc:"What becomes of a ticket when the customer's bank takes the payment back before the show: void frees the seats, keep leaves it to staff."`
}

// upkeep: how records are looked after, and how long they are kept.
type upkeep struct {
	SweepEvery                 time.Duration `env:"SWEEP_EVERY" envDefault:"5m" doc:"How often bookings without a workflow are looked for, to be taken up again."`
	RecommendationsRecordEvery time.Duration `env:"RECOMMENDATIONS_RECORD_EVERY" envDefault:"5m" doc:"How often events for recommendations are made of bookings. 0 is never."`
	RecommendationsTrainEvery  time.Duration `env:"RECOMMENDATIONS_TRAIN_EVERY" envDefault:"24h" doc:"How often a model of what customers like is trained. 0 is never: the one in use stays."`
	IdempotencyKeysKept        time.Duration `env:"IDEMPOTENCY_KEYS_KEPT" envDefault:"48h" doc:"How long the answer to a request is kept for a repeat under the same Idempotency-Key. A later repeat reaches the same booking, and is answered with it as it is then. 0 keeps it for ever."`
	WebhooksKept               time.Duration `env:"WEBHOOKS_KEPT" envDefault:"720h" doc:"How long it is remembered which webhooks were handled. Providers deliver again for days: at least 72h. 0 keeps it for ever."`
	SessionsKept               time.Duration `env:"SESSIONS_KEPT" envDefault:"24h" doc:"How long a refresh token is kept after it has expired. 0 keeps it for ever."`
	LettersKept                time.Duration `env:"LETTERS_KEPT" envDefault:"168h" doc:"How long messages about accounts are kept, with what their codes and links proved: at least 96h. They name addresses. 0 keeps them for ever."`
	ActivityKept               time.Duration `env:"ACTIVITY_KEPT" envDefault:"17520h" doc:"How long it is remembered, for recommendations, what a person booked, reviewed and did not like; for clicks a quarter of it. What is stored keeps the time that it got."`
	EventsKept                 time.Duration `env:"EVENTS_KEPT" envDefault:"2160h" doc:"The same of other events, such as what was shown."`
	CountersKept               time.Duration `env:"COUNTERS_KEPT" envDefault:"17520h" doc:"How long it is remembered how often something happened to a film on a day. No person is in it."`
	GuestsKept                 time.Duration `env:"GUESTS_KEPT" envDefault:"48h" doc:"How long a guest who has no booking is kept. 0 keeps them for ever."`
}

// lists: who gets which recommendations.
type lists struct {
	RecommendationsPopular  int `env:"RECOMMENDATIONS_POPULAR" doc:"Percent of the accounts whose recommendations are what is popular in their city, to compare the others with: 5 is usual. The account decides which, and stays in it."`
	RecommendationsPrevious int `env:"RECOMMENDATIONS_PREVIOUS" doc:"Percent of the accounts whose recommendations come from the model before the one in use."`
}

// sandbox: the sandbox vendors.
type sandbox struct {
	SandboxAddr               string `env:"SANDBOX_ADDR" envDefault:"127.0.0.1:8090" doc:"Where the sandbox vendors listen."`
	SandboxDataFile           string `env:"SANDBOX_DATA_FILE" envDefault:".boxoffice/sandbox.db" doc:"The file in which the sandbox vendors keep their books."`
	SandboxRazorpayWebhookURL string `env:"SANDBOX_RAZORPAY_WEBHOOK_URL" doc:"Where the sandbox's Razorpay sends webhooks. Empty: nowhere."`
	SandboxPayPalWebhookURL   string `env:"SANDBOX_PAYPAL_WEBHOOK_URL" doc:"The same of the sandbox's PayPal."`
	SandboxPayPalRoot         string `env:"SANDBOX_PAYPAL_ROOT" doc:"The root of the certificates that the sandbox's PayPal signs with, and its private key, in PEM. Empty: the sandbox makes one."`
	SandboxStripeWebhookURL   string `env:"SANDBOX_STRIPE_WEBHOOK_URL" envDefault:"http://127.0.0.1:8080/v1/webhooks/stripe" doc:"Where the sandbox's Stripe sends webhooks."`
}

// parts are the parts of a configuration, for the library that reads the environment: it
// does not look into embedded structs whose names are not exported.
func (c *Config) parts() []any {
	return []any{&c.basics, &c.backends, &c.release, &c.web, &c.stripe, &c.razorpay, &c.paypal, &c.theaters, &c.messages, &c.limits, &c.accounts, &c.rules, &c.hoarding, &c.upkeep, &c.lists, &c.sandbox}
}
