package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/limits"
)

// openRates makes what counts for all replicas of the API together, or nil without Redis. They
// have one signing key, so they make one secret of it: a reader of Redis cannot tell which
// names belong to which client.
func (p *platform) openRates() (*cache.Rates, error) {
	if p.config.RedisURL == "" {
		return nil, nil
	}
	secret, err := hkdf.Key(sha256.New, p.config.JWTKeys[0].Seed(), nil, "boxoffice names of rates", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("secret of the limits: %w", err)
	}
	rates, err := cache.NewRates(p.config.RedisURL, secret, p.log)
	if err != nil {
		return nil, fmt.Errorf("open Redis for limits: %w", err)
	}
	p.closers = append(p.closers, func() {
		if err := rates.Close(); err != nil {
			p.log.Warn("close Redis", "error", err)
		}
	})
	return rates, nil
}

// openLimits makes what counts requests, or nil for no limits.
func (p *platform) openLimits(rates *cache.Rates) *limits.Limiter {
	switch {
	case p.config.RateLimits == 0:
		return nil
	case rates == nil:
		return limits.New(nil, p.config.RateLimits)
	default:
		return limits.New(rates, p.config.RateLimits)
	}
}
