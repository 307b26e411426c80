package platform

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice/internal/keys"
)

// Namespace is the Temporal namespace of the bookings.
const Namespace = "boxoffice"

// vendor is one that the sandbox can stand in for: the variable that means
// "there is a real account", and what leads to the sandbox when it is not given.
type vendor struct {
	key     string
	sandbox map[string]string
	secrets []string
}

func (p *Platform) vendors() []vendor {
	sandbox := localURL(p.ports.Sandbox)
	return []vendor{
		{key: "STRIPE_SECRET_KEY", sandbox: map[string]string{
			"STRIPE_API_URL":             sandbox,
			"STRIPE_CHECKOUT_URL":        sandbox + "/checkout/{payment_intent}?client_secret={client_secret}",
			"SANDBOX_STRIPE_WEBHOOK_URL": localURL(p.ports.API) + "/v1/webhooks/stripe",
		}, secrets: []string{"STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRETS"}},
		{key: "RAZORPAY_KEY_ID", sandbox: map[string]string{
			"RAZORPAY_API_URL":             sandbox + "/razorpay",
			"RAZORPAY_SCRIPT_URL":          sandbox + "/razorpay/v1/checkout.js",
			"SANDBOX_RAZORPAY_WEBHOOK_URL": localURL(p.ports.API) + "/v1/webhooks/razorpay",
		}, secrets: []string{"RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRETS"}},
		{key: "PAYPAL_CLIENT_ID", sandbox: map[string]string{
			"PAYPAL_API_URL":             sandbox + "/paypal",
			"PAYPAL_CERTIFICATES_URL":    sandbox + "/paypal/",
			"SANDBOX_PAYPAL_WEBHOOK_URL": localURL(p.ports.API) + "/v1/webhooks/paypal",
			"SANDBOX_PAYPAL_ROOT_FILE":   p.keyFile("paypal-root.pem"),
			"PAYPAL_ROOTS_FILE":          p.keyFile("paypal-root.pem"),
		}, secrets: []string{"PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_IDS"}},
		{key: "SENDGRID_API_KEY", sandbox: map[string]string{
			"SENDGRID_API_URL": sandbox,
		}, secrets: []string{"SENDGRID_API_KEY"}},
		{key: "TWILIO_AUTH_TOKEN", sandbox: map[string]string{
			"TWILIO_API_URL": sandbox,
		}, secrets: []string{"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"}},
		{key: "VAPID_PRIVATE_KEY", sandbox: map[string]string{
			"PUSH_SANDBOX_URL": sandbox,
		}, secrets: []string{"VAPID_PRIVATE_KEY"}},
	}
}

// makeEnv builds the variables of all programs. Secrets are made once and kept
// with the state, because what is stored can only be read with them.
func (p *Platform) makeEnv() error {
	secrets, err := openSecrets(filepath.Join(p.opts.StateDir, "dev.env"))
	if err != nil {
		return err
	}
	p.env["BOXOFFICE_ENV"] = "dev"
	p.env["TEMPORAL_NAMESPACE"] = Namespace
	p.env["TEMPORAL_CODEC_KEYS"] = secrets.get("TEMPORAL_CODEC_KEYS")
	p.env["FACTOR_KEYS"] = secrets.get("FACTOR_KEYS")
	p.env["THEATER_KEYS"] = secrets.get("THEATER_KEYS")
	if p.runs(Temporal) {
		p.env["TEMPORAL_ADDRESS"] = local(p.ports.Temporal)
	}
	if p.runs(Redis) {
		p.env["REDIS_URL"] = "redis://" + local(p.ports.Redis) + "/0"
	}
	if p.runs(API) {
		p.env["API_ADDR"] = local(p.ports.API)
		p.env["PUBLIC_URL"] = PublicURL(p.ports.API)
		p.env["CORS_ORIGINS"] = fmt.Sprintf("%s,http://localhost:%d", localURL(p.ports.TemporalUI), p.ports.TemporalUI)
	}
	if p.runs(Sandbox) {
		p.env["THEATER_SANDBOX_URL"] = localURL(p.ports.Sandbox)
		p.env["SANDBOX_ADDR"] = local(p.ports.Sandbox)
		p.env["SANDBOX_DATA_FILE"] = filepath.Join(p.opts.StateDir, "sandbox.db")
		for _, vendor := range p.vendors() {
			if p.opts.Env[vendor.key] == "" {
				vendor.useSandbox(p.env, secrets)
			}
		}
	}
	if err := secrets.save(); err != nil {
		return fmt.Errorf("keep the development secrets: %w", err)
	}
	if err := p.makeKeyFiles(); err != nil {
		return err
	}
	maps.Copy(p.env, p.opts.Env)
	return nil
}

func (v vendor) useSandbox(env map[string]string, secrets *secretFile) {
	maps.Copy(env, v.sandbox)
	for _, name := range v.secrets {
		env[name] = secrets.get(name)
	}
}

func (p *Platform) keyFile(name string) string { return filepath.Join(p.opts.StateDir, "keys", name) }

func (p *Platform) makeKeyFiles() error {
	for _, key := range []struct{ variable, secret, file string }{
		{"JWT_SIGNING_KEY_FILE", "JWT_SIGNING_KEY", "jwt.pem"},
		{"TICKET_SIGNING_KEY_FILE", "TICKET_SIGNING_KEY", "ticket.pem"},
		{"SANDBOX_PAYPAL_ROOT_FILE", "SANDBOX_PAYPAL_ROOT", "paypal-root.pem"},
	} {
		path := p.keyFile(key.file)
		if !exists(path) {
			if err := writeWhole(path, []byte(keys.New(key.secret))); err != nil {
				return fmt.Errorf("make %s: %w", path, err)
			}
		}
		p.env[key.variable] = path
	}
	return nil
}

// secretFile is a file of NAME=value lines that a person can read and source.
type secretFile struct {
	path   string
	values map[string]string
	added  bool
}

func openSecrets(path string) (*secretFile, error) {
	s := &secretFile{path: path, values: map[string]string{}}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the development secrets: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok && !strings.HasPrefix(name, "#") {
			s.values[name] = value
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the development secrets: %w", err)
	}
	return s, nil
}

func (s *secretFile) get(name string) string {
	if s.values[name] == "" {
		s.values[name] = keys.New(name)
		s.added = true
	}
	return s.values[name]
}

func (s *secretFile) save() error {
	if !s.added {
		return nil
	}
	var text strings.Builder
	text.WriteString("# Made for this machine; good for nothing else. What is stored cannot be read without it.\n")
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		fmt.Fprintf(&text, "%s=%s\n", name, s.values[name])
	}
	return writeWhole(s.path, []byte(text.String()))
}

// writeWhole leaves either the old file or the whole new one.
func writeWhole(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
