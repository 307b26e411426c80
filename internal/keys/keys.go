// Package keys makes the secrets of an installation whose vendors are the
// sandbox: the development platform's and the demo's. Nothing here is a default:
// each installation gets its own, once.
package keys

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// makers are how the values of the variables are made.
var makers = map[string]func() string{
	"TEMPORAL_CODEC_KEYS":      func() string { return "dev:" + base64.StdEncoding.EncodeToString(random(32)) },
	"FACTOR_KEYS":              func() string { return base64.StdEncoding.EncodeToString(random(32)) },
	"THEATER_KEYS":             func() string { return base64.StdEncoding.EncodeToString(random(32)) },
	"STRIPE_SECRET_KEY":        func() string { return "sk_test_" + randomHex() },
	"STRIPE_PUBLISHABLE_KEY":   func() string { return "pk_test_" + randomHex() },
	"STRIPE_WEBHOOK_SECRETS":   func() string { return "whsec_" + randomHex() },
	"RAZORPAY_KEY_ID":          func() string { return "rzp_test_" + randomHex()[:14] },
	"RAZORPAY_KEY_SECRET":      randomHex,
	"RAZORPAY_WEBHOOK_SECRETS": randomHex,
	"PAYPAL_CLIENT_ID":         randomHex,
	"PAYPAL_CLIENT_SECRET":     randomHex,
	"PAYPAL_WEBHOOK_IDS":       func() string { return strings.ToUpper(randomHex()[:17]) },
	"SANDBOX_PAYPAL_ROOT":      certificateRoot,
	"SENDGRID_API_KEY":         func() string { return "SG." + randomHex() },
	"TWILIO_ACCOUNT_SID":       func() string { return "AC" + randomHex() },
	"TWILIO_AUTH_TOKEN":        randomHex,
	"JWT_SIGNING_KEY":          signingKey,
	"TICKET_SIGNING_KEY":       signingKey,
	"VAPID_PRIVATE_KEY":        vapidKey,
}

// Variables lists what New can make, by name.
func Variables() []string {
	var names []string
	for name := range makers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New makes a value for a variable of Variables. The signing keys are PEM files'
// content (PKCS #8, Ed25519).
func New(variable string) string { return makers[variable]() }

// fileName is what the file with the value of a variable is called.
func fileName(variable string) string { return strings.ToLower(variable) }

// Fill creates dir and makes a file for each variable that has none there. It returns their
// names. It never replaces a file: data that was stored with a key can only be read with
// that key.
func Fill(dir string) (made []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of keys: %w", err)
	}
	for _, variable := range Variables() {
		path := filepath.Join(dir, fileName(variable))
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return made, fmt.Errorf("look for a key: %w", err)
			}
			continue
		}
		if err := create(path, New(variable)); err != nil {
			return made, fmt.Errorf("keep a key: %w", err)
		}
		made = append(made, path)
	}
	return made, nil
}

// create leaves the whole file or none, and if two processes create it at once, the first
// wins.
func create(path, content string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(content)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func signingKey() string {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // an Ed25519 key always has this form
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// vapidKey is a private key of P-256, as VAPID_PRIVATE_KEY wants it. The public one follows
// from it.
func vapidKey() string {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return base64.RawURLEncoding.EncodeToString(key.Bytes())
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see its documentation
	return b
}

func randomHex() string { return hex.EncodeToString(random(16)) }

// certificateRoot is a root for certificates of a sandbox, and its private key (PKCS #8), in
// PEM. Only what is told to trust it does.
func certificateRoot() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Boxoffice sandbox"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err) // the template is complete
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // a key of P-256 always has this form
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
