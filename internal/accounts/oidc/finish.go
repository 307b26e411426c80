package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"regexp"

	"golang.org/x/oauth2"
)

// Answer is what a browser brings back from the issuer.
type Answer struct {
	Code string
	// Issuer is the parameter iss (RFC 9207); empty without.
	Issuer string
	// Failure is the parameter error (RFC 6749, section 4.1.2.1); empty without.
	Failure string
}

// Person is who an issuer says that a person is.
type Person struct {
	// Issuer and Subject together name the person, and nothing else does.
	Issuer, Subject string
	// Email is an address; only EmailVerified says that the issuer knows it to be the
	// person's own.
	Email         string
	EmailVerified bool
	Name          string
}

// Refusal is why an answer of an issuer does not count. Its text is for logs: it has no
// token, code or secret in it.
type Refusal struct {
	Reason string
	cause  error
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.cause == nil {
		return r.Reason
	}
	text := r.cause.Error()
	if len(text) > 200 {
		text = text[:200]
	}
	return fmt.Sprintf("%s: %q", r.Reason, text)
}

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.cause }

func refuse(reason string, cause error) error { return &Refusal{reason, cause} }

const (
	// Both are in bytes.
	maxCode  = 4 << 10
	maxToken = 16 << 10
)

// word is what an error code looks like; the rest of what an issuer says stays out of logs.
var word = regexp.MustCompile(`^[a-z_]{1,40}$`)

func plain(code string) string {
	if word.MatchString(code) {
		return code
	}
	return "other"
}

// Finish exchanges the code of an answer and checks the ID token. redirect and secrets are
// those of Start. Error: *Refusal.
func (p *Provider) Finish(ctx context.Context, redirect string, s Secrets, answer Answer) (Person, error) {
	m, err := p.metadata.get(ctx, false)
	switch {
	case err != nil:
		return Person{}, refuse("discovery", err)
	// Before anything is sent: the code may be another issuer's.
	case answer.Issuer != "" && answer.Issuer != p.options.Issuer:
		return Person{}, refuse("answer_of_another_issuer", nil)
	case answer.Issuer == "" && m.namesItself:
		return Person{}, refuse("answer_without_issuer", nil)
	case answer.Failure != "":
		return Person{}, refuse("answered_"+plain(answer.Failure), nil)
	case answer.Code == "" || len(answer.Code) > maxCode:
		return Person{}, refuse("code", nil)
	}
	token, err := p.config(m, redirect).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), answer.Code, oauth2.VerifierOption(s.Verifier))
	if err != nil {
		return Person{}, exchangeRefused(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" || len(raw) > maxToken {
		return Person{}, refuse("id_token_size", nil)
	}
	c, err := p.read(ctx, raw, token.AccessToken, s.Nonce)
	if err != nil {
		return Person{}, err
	}
	person := Person{Issuer: p.Issuer(), Subject: c.Subject, Name: c.Name}
	if c.Email == "" && m.userInfo != "" {
		info, err := p.userInfo(ctx, m, token.AccessToken, c.Subject)
		if err != nil {
			return Person{}, err
		}
		if person.Name == "" {
			person.Name = info.Name
		}
		c.Email, c.Verified = info.Email, info.Verified
	}
	person.Email, person.EmailVerified = c.Email, bool(c.Verified) && c.Email != ""
	return person, nil
}

// read checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7). The library checks
// signature, issuer, audience and expiry; the rest is ours.
func (p *Provider) read(ctx context.Context, raw, accessToken, nonce string) (claims, error) {
	token, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return claims{}, refuse("id_token", err)
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(nonce), []byte(token.Nonce)) != 1 {
		return claims{}, refuse("nonce", nil)
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(accessToken); err != nil {
			return claims{}, refuse("access_token_hash", err)
		}
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return claims{}, refuse("claims", err)
	}
	if c.Subject != token.Subject { // the library reads names in any case
		return claims{}, refuse("subject", nil)
	}
	if wrong := p.wrongClaims(c, token.Audience); wrong != "" {
		return claims{}, refuse(wrong, nil)
	}
	return c, nil
}

// exchangeRefused leaves out the answer's body, which may repeat the code.
func exchangeRefused(err error) error {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) {
		status := 0
		if answered.Response != nil {
			status = answered.Response.StatusCode
		}
		return refuse(fmt.Sprintf("token_request_%d_%s", status, plain(answered.ErrorCode)), nil)
	}
	return refuse("token_request", err)
}
