package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"
)

const (
	certificatePatience = 5 * time.Second
	certificateLasts    = 24 * time.Hour // in the cache; PayPal changes them every few years
	certificatesKept    = 16
	maxCertificate      = 64 << 10
	// certificateFetches is how many are fetched at once: the address is in a header that
	// nothing has signed.
	certificateFetches = 4
)

// certificates are those that events are signed with, by their addresses.
type certificates struct {
	hosts   []string
	prefix  string // of addresses that are allowed besides
	names   []string
	roots   *x509.CertPool // nil: the system's
	http    *http.Client
	kept    *expirable.LRU[string, *x509.Certificate]
	flights singleflight.Group
	room    chan struct{}
}

// errAway is a certificate that cannot be had now.
var errAway = errors.New("certificate away")

func newCertificates(o Options, roots *x509.CertPool) *certificates {
	return &certificates{
		hosts: o.CertificateHosts, prefix: o.CertificateURL, names: o.CertificateNames, roots: roots,
		http: &http.Client{
			Timeout:       certificatePatience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		kept: expirable.NewLRU[string, *x509.Certificate](certificatesKept, nil, certificateLasts),
		room: make(chan struct{}, certificateFetches),
	}
}

// at is the certificate at an address. An error is errAway when it may be had later, and
// final otherwise.
func (c *certificates) at(ctx context.Context, address string, now time.Time) (*x509.Certificate, error) {
	if err := c.allowed(address); err != nil {
		return nil, err
	}
	certificate, kept := c.kept.Get(address)
	if !kept {
		fetch := c.flights.DoChan(address, func() (any, error) {
			// The first caller may leave; the others still want it.
			return c.fetch(context.WithoutCancel(ctx), address, now)
		})
		select {
		case got := <-fetch:
			if got.Err != nil {
				return nil, got.Err
			}
			certificate = got.Val.(*x509.Certificate)
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", errAway, ctx.Err())
		}
	}
	if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return nil, errors.New("certificate has expired or is not valid yet")
	}
	return certificate, nil
}

// allowed keeps us from fetching from anywhere but PayPal.
func (c *certificates) allowed(address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.Fragment != "" {
		return errors.New("certificate's address is none")
	}
	if besides, err := url.Parse(c.prefix); err == nil && besides.Host == parsed.Host && besides.Scheme == parsed.Scheme &&
		strings.HasPrefix(parsed.Path, besides.Path) && !strings.Contains(parsed.Path, "..") {
		return nil
	}
	ours := slices.ContainsFunc(c.hosts, func(suffix string) bool { return strings.HasSuffix(strings.ToLower(parsed.Host), suffix) })
	if parsed.Scheme != "https" || !ours { // a port makes another host
		return fmt.Errorf("certificate's host %q is not PayPal's", parsed.Host)
	}
	return nil
}

func (c *certificates) fetch(ctx context.Context, address string, now time.Time) (*x509.Certificate, error) {
	select {
	case c.room <- struct{}{}:
		defer func() { <-c.room }()
	default:
		return nil, fmt.Errorf("%w: too many at once", errAway)
	}
	ctx, cancel := context.WithTimeout(ctx, certificatePatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("certificate's address: %w", err)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	defer func() { _ = answer.Body.Close() }()
	switch {
	case answer.StatusCode >= http.StatusInternalServerError, answer.StatusCode == http.StatusTooManyRequests:
		return nil, fmt.Errorf("%w: HTTP %d", errAway, answer.StatusCode)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("certificate: HTTP %d", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxCertificate+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errAway, err)
	case len(text) > maxCertificate:
		return nil, errors.New("certificate is too large")
	}
	certificate, err := c.verified(text, now)
	if err == nil {
		c.kept.Add(address, certificate)
	}
	return certificate, err
}

// verified checks that the first certificate of a PEM file is PayPal's and may sign
// events; the others may be the way to the root.
func (c *certificates) verified(text []byte, now time.Time) (*x509.Certificate, error) {
	var certificate *x509.Certificate
	between := x509.NewCertPool()
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		one, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, fmt.Errorf("certificate: %w", err)
		case certificate == nil:
			certificate = one
		default:
			between.AddCert(one)
		}
	}
	if certificate == nil {
		return nil, errors.New("no certificate at its address")
	}
	key, isRSA := certificate.PublicKey.(*rsa.PublicKey)
	switch {
	case !isRSA || key.N.BitLen() < 2048:
		return nil, errors.New("certificate has no RSA key of 2048 bits")
	case certificate.IsCA:
		return nil, errors.New("certificate is an authority's")
	case !c.isNamed(certificate):
		return nil, fmt.Errorf("certificate is for %q", certificate.Subject.CommonName)
	}
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return certificate, nil
}

func (c *certificates) isNamed(certificate *x509.Certificate) bool {
	names := certificate.DNSNames
	if len(names) == 0 {
		names = []string{certificate.Subject.CommonName}
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(c.names, func(suffix string) bool { return strings.HasSuffix(strings.ToLower(name), suffix) })
	})
}
