package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// OIDCProviders are the services that people may log in with.
type OIDCProviders []OIDCProvider

// OIDCProvider is one of them.
type OIDCProvider struct {
	// ID stands in addresses, and in the redirect URI that is registered with the provider.
	ID   string `json:"id"`
	Name string `json:"name"` // for people
	// Issuer is as the provider writes it in its discovery document.
	Issuer           string   `json:"issuer"`
	ClientID         string   `json:"client_id"`
	ClientSecret     string   `json:"client_secret"`
	ClientSecretFile string   `json:"client_secret_file"`
	Scopes           []string `json:"scopes"` // empty: openid, email and profile
	// Private lets the issuer be in a network of one's own.
	Private bool `json:"private"`
}

var providerID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// UnmarshalText reads a list in JSON.
func (p *OIDCProviders) UnmarshalText(text []byte) error {
	var all []OIDCProvider
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil || decoder.More() {
		return ownError("is not a list of providers in JSON, or has a member that is not known.")
	}
	ids, issuers := map[string]bool{}, map[string]bool{}
	for i := range all {
		one := &all[i]
		if wrong := one.complete(); wrong != "" {
			return ownError(fmt.Sprintf("provider %d %s", i+1, wrong))
		}
		issuer := strings.TrimRight(strings.ToLower(one.Issuer), "/")
		if ids[one.ID] || issuers[issuer] {
			return ownError(fmt.Sprintf("provider %d has the id or the issuer of another.", i+1))
		}
		ids[one.ID], issuers[issuer] = true, true
	}
	*p = all
	return nil
}

// complete reads the secret's file, and says what is wrong. It repeats no value.
func (p *OIDCProvider) complete() string {
	issuer, err := url.Parse(p.Issuer)
	switch {
	case !providerID.MatchString(p.ID):
		return "has no id of small letters, digits and hyphens."
	case p.Name == "" || len(p.Name) > 40:
		return "has no name of up to 40 bytes."
	case err != nil || issuer.Host == "" || issuer.Scheme != "https" && issuer.Scheme != "http" || issuer.RawQuery != "" || issuer.Fragment != "":
		return "has no issuer, an address such as https://accounts.google.com."
	case p.ClientID == "":
		return "has no client_id."
	case (p.ClientSecret == "") == (p.ClientSecretFile == ""):
		return "has no client_secret, or has client_secret_file too."
	}
	if p.ClientSecretFile == "" {
		return ""
	}
	content, err := os.ReadFile(p.ClientSecretFile)
	if err != nil {
		return "has a client_secret_file that cannot be read."
	}
	if p.ClientSecret = strings.TrimSpace(string(content)); p.ClientSecret == "" {
		return "has a client_secret_file that is empty."
	}
	return ""
}

// checkProviders refuses what would send codes over an open line.
func (c *Config) checkProviders(wrong *settingErrors) {
	for i, p := range c.OIDCProviders {
		if strings.HasPrefix(p.Issuer, "http:") && (!c.Dev() || !p.Private) {
			wrong.add("OIDC_PROVIDERS", "provider %d is not encrypted. Write https://; in dev a private one may do without.", i+1)
		}
	}
}
