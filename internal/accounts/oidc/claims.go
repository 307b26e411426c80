package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"time"
)

// claims are what we read of an ID token or of UserInfo. Address and flag are of the same
// document: the two may name different addresses.
type claims struct {
	Subject  string
	Party    string
	IssuedAt *float64
	Email    string
	Verified verified
	Name     string
}

// UnmarshalJSON reads members by their exact names. The standard decoder also takes Email
// for email, and some issuers let people name claims of their own.
func (c *claims) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for name, to := range map[string]any{
		"sub": &c.Subject, "azp": &c.Party, "iat": &c.IssuedAt, "email": &c.Email, "email_verified": &c.Verified, "name": &c.Name,
	} {
		if value, given := members[name]; given {
			if err := json.Unmarshal(value, to); err != nil {
				return fmt.Errorf("claim %s has another form: %w", name, err)
			}
		}
	}
	return nil
}

// verified is the claim email_verified. What is missing, null, or anything but true is not
// verified; one large issuer writes "true" in quotes.
type verified bool

// UnmarshalJSON never fails: a value that we do not understand proves nothing.
func (v *verified) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	*v = verified(bytes.Equal(text, []byte(`true`)) || bytes.Equal(text, []byte(`"true"`)))
	return nil
}

const (
	// leeway is how far the clocks of an issuer and ours may be apart.
	leeway = time.Minute
	// oldest is the age of an ID token, which is made for one log-in. Some issuers date
	// theirs five minutes back.
	oldest = 10 * time.Minute
	// maxSubject is in characters (OpenID Connect Core 1.0, section 2).
	maxSubject = 255
)

// wrongClaims says what is wrong with claims that the library does not look at.
func (p *Provider) wrongClaims(c claims, audiences []string) string {
	switch {
	case c.Subject == "" || len(c.Subject) > maxSubject:
		return "subject"
	case c.Party != "" && c.Party != p.options.ClientID, c.Party == "" && len(audiences) > 1:
		return "authorized_party"
	case c.IssuedAt == nil:
		return "issued_at_missing"
	}
	issued := time.Unix(int64(*c.IssuedAt), 0)
	switch now := p.now(); {
	case issued.After(now.Add(leeway)):
		return "issued_in_the_future"
	case issued.Before(now.Add(-oldest - leeway)):
		return "issued_long_ago"
	default:
		return ""
	}
}

// userInfo asks the issuer for an address that the ID token does not have. The answer must
// be about the same person (OpenID Connect Core 1.0, section 5.3.2).
func (p *Provider) userInfo(ctx context.Context, m *metadata, accessToken, subject string) (claims, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.userInfo, http.NoBody)
	if err != nil {
		return claims{}, refuse("userinfo", err)
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	response, err := p.client.Do(request)
	if err != nil {
		return claims{}, refuse("userinfo", err)
	}
	defer response.Body.Close()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var c claims
	switch {
	case response.StatusCode != http.StatusOK:
		return claims{}, refuse("userinfo_status", nil)
	case kind != "application/json":
		return claims{}, refuse("userinfo_form", nil)
	}
	if err := json.NewDecoder(response.Body).Decode(&c); err != nil {
		return claims{}, refuse("userinfo_form", err)
	}
	if c.Subject == "" || c.Subject != subject {
		return claims{}, refuse("userinfo_of_another_person", nil)
	}
	return c, nil
}
