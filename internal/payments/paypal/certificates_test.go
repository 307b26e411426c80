package paypal_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// authority is a root that tests make certificates with.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	root, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return authority{root, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})}
}

// rsaKey is one for all tests: making it takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

const certificateName = "messageverificationcerts.paypal.com"

// issue makes a certificate that events may be signed with, unless change spoils it.
func (a authority) issue(t *testing.T, change func(*x509.Certificate), key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: certificateName}, DNSNames: []string{certificateName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

// certificateHost is where PayPal's certificates are, by path.
type certificateHost struct {
	server *httptest.Server
	root   authority
	asked  atomic.Int64
	slow   atomic.Int64 // nanoseconds

	mu    sync.Mutex
	files map[string]func(http.ResponseWriter, *http.Request)
}

const goodCertificate = "/certs/CERT-360caa42"

func newCertificateHost(t *testing.T) *certificateHost {
	t.Helper()
	h := &certificateHost{root: newAuthority(t), files: map[string]func(http.ResponseWriter, *http.Request){}}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.asked.Add(1)
		time.Sleep(time.Duration(h.slow.Load()))
		h.mu.Lock()
		serve := h.files[req.URL.Path]
		h.mu.Unlock()
		if serve == nil {
			http.NotFound(w, req)
			return
		}
		serve(w, req)
	}))
	t.Cleanup(h.server.Close)
	h.put(goodCertificate, h.root.issue(t, nil, rsaKey()))
	return h
}

func (h *certificateHost) put(path string, text []byte) string {
	return h.serve(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
}

func (h *certificateHost) serve(path string, handler http.HandlerFunc) (address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[path] = handler
	return h.server.URL + path
}

// sign makes the headers of one transmission.
func (h *certificateHost) sign(t *testing.T, body []byte, webhookID string, at time.Time) http.Header {
	t.Helper()
	return signed(t, uuid.NewString(), webhookID, h.server.URL+goodCertificate, at, fmt.Sprint(crc32.ChecksumIEEE(body)))
}

func signed(t *testing.T, id, webhookID, address string, at time.Time, sum string) http.Header {
	t.Helper()
	sent := at.UTC().Format(time.RFC3339)
	digest := sha256.Sum256([]byte(id + "|" + sent + "|" + webhookID + "|" + sum))
	signature, err := rsa.SignPKCS1v15(rand.Reader, rsaKey(), crypto.SHA256, digest[:])
	require.NoError(t, err)
	header := http.Header{}
	for name, value := range map[string]string{
		"PAYPAL-TRANSMISSION-ID": id, "PAYPAL-TRANSMISSION-TIME": sent, "PAYPAL-AUTH-ALGO": "SHA256withRSA",
		"PAYPAL-CERT-URL": address, "PAYPAL-TRANSMISSION-SIG": base64.StdEncoding.EncodeToString(signature),
	} {
		header.Set(name, value)
	}
	return header
}
