package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// paypalCertName is in the certificate that events are signed with, as in PayPal's own.
const paypalCertName = "messageverificationcerts.sandbox.paypal.com"

// paypalKeys are a root of the sandbox's own and the certificate below it. They are made
// when they are first needed, and kept in the data file.
type paypalKeys struct {
	mu        sync.Mutex
	store     *store
	publicURL string
	given     []byte // Options.PayPalRoot

	root     *x509.Certificate
	rootKey  crypto.Signer
	leaf     []byte // PEM
	leafKey  crypto.Signer
	leafPath string

	made map[string]*paypalKeyPair // what keep has kept
}

// paypalKeyPair is how a certificate and its key are kept, both in PEM.
type paypalKeyPair struct {
	Certificate, Key []byte
	Path             string
}

// signer is the key of the certificate at the address.
func (k *paypalKeys) signer() (crypto.Signer, string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.ready(); err != nil {
		return nil, "", err
	}
	return k.leafKey, k.publicURL + k.leafPath, nil
}

// certificate is the one at the path; nil without one.
func (k *paypalKeys) certificate(path string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.ready(); err != nil || path != k.leafPath {
		return nil, err
	}
	return k.leaf, nil
}

func (k *paypalKeys) rootPEM() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.rooted(); err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.root.Raw}), nil
}

// rooted reads or makes the root.
func (k *paypalKeys) rooted() error {
	if k.root != nil {
		return nil
	}
	if len(k.given) > 0 {
		return k.takeRoot(k.given, k.given)
	}
	kept, err := k.kept("root")
	if err != nil {
		return err
	}
	if kept != nil {
		return k.takeRoot(kept.Certificate, kept.Key)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(tick()), Subject: pkix.Name{CommonName: "Boxoffice sandbox: PayPal's root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	pair, err := newKeyPair(template, template, key, key)
	if err != nil {
		return err
	}
	return errors.Join(k.keep("root", pair), k.takeRoot(pair.Certificate, pair.Key))
}

func (k *paypalKeys) takeRoot(certificate, key []byte) error {
	root, err := readCertificate(certificate)
	if err != nil {
		return fmt.Errorf("root of PayPal's certificates: %w", err)
	}
	signer, err := readKey(key)
	if err != nil {
		return fmt.Errorf("key of the root of PayPal's certificates: %w", err)
	}
	k.root, k.rootKey = root, signer
	return nil
}

// ready reads or makes the certificate below the root.
func (k *paypalKeys) ready() error {
	if k.leaf != nil {
		return nil
	}
	if err := k.rooted(); err != nil {
		return err
	}
	kept, err := k.kept("leaf")
	if err != nil {
		return err
	}
	if kept == nil || !k.signed(kept) {
		if kept, err = k.newLeaf(); err != nil {
			return err
		}
		if err := k.keep("leaf", kept); err != nil {
			return err
		}
	}
	key, err := readKey(kept.Key)
	if err != nil {
		return err
	}
	k.leaf, k.leafKey, k.leafPath = kept.Certificate, key, kept.Path
	return nil
}

// signed tells whether a kept certificate is below the root that counts now.
func (k *paypalKeys) signed(kept *paypalKeyPair) bool {
	leaf, err := readCertificate(kept.Certificate)
	return err == nil && leaf.CheckSignatureFrom(k.root) == nil && time.Now().Before(leaf.NotAfter)
}

func (k *paypalKeys) newLeaf() (*paypalKeyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	pair, err := newKeyPair(&x509.Certificate{
		SerialNumber: big.NewInt(tick()), Subject: pkix.Name{CommonName: paypalCertName}, DNSNames: []string{paypalCertName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(2, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}, k.root, key, k.rootKey)
	if err != nil {
		return nil, err
	}
	pair.Path = paypalPrefix + "/v1/notifications/certs/CERT-" + paypalTransmissionID()[:22]
	return pair, nil
}

func newKeyPair(template, parent *x509.Certificate, key, parentKey crypto.Signer) (*paypalKeyPair, error) {
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &paypalKeyPair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey}),
	}, nil
}

func (k *paypalKeys) kept(name string) (pair *paypalKeyPair, err error) {
	err = k.store.view(func(t *tx) (err error) {
		pair, err = get[paypalKeyPair](t, bucketPaypalSettings, name)
		return err
	})
	if pair != nil {
		k.made[name] = pair
	}
	return pair, err
}

func (k *paypalKeys) keep(name string, pair *paypalKeyPair) error {
	k.made[name] = pair
	return k.store.update(func(t *tx) error { return t.put(bucketPaypalSettings, name, pair) })
}

// keepAgain writes down what a reset of the books has wiped: receivers know the root.
func (k *paypalKeys) keepAgain() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.store.update(func(t *tx) error {
		var all error
		for name, pair := range k.made {
			all = errors.Join(all, t.put(bucketPaypalSettings, name, pair))
		}
		return all
	})
}

// block finds the first PEM block whose type fits.
func block(text []byte, fits func(kind string) bool) *pem.Block {
	for {
		found, rest := pem.Decode(text)
		if found == nil || fits(found.Type) {
			return found
		}
		text = rest
	}
}

func readCertificate(text []byte) (*x509.Certificate, error) {
	found := block(text, func(kind string) bool { return kind == "CERTIFICATE" })
	if found == nil {
		return nil, errors.New("no CERTIFICATE in PEM")
	}
	return x509.ParseCertificate(found.Bytes)
}

func readKey(text []byte) (crypto.Signer, error) {
	found := block(text, func(kind string) bool { return kind == "PRIVATE KEY" })
	if found == nil {
		return nil, errors.New("no PRIVATE KEY in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(found.Bytes)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%T cannot sign", key)
	}
	return signer, nil
}
