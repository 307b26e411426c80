package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Options describe one provider.
type Options struct {
	// ID names the provider in addresses; Name is for people.
	ID, Name string
	// Issuer is where its discovery document is, exactly as the provider writes it.
	Issuer                 string
	ClientID, ClientSecret string
	// Scopes are asked for. Default openid, email and profile.
	Scopes []string
	// Private lets the issuer be in a network of our own, and answer unencrypted if its
	// address says http.
	Private bool
	// Now is the time. Default time.Now.
	Now func() time.Time
}

// Provider is one identity provider. It is safe for concurrent use.
type Provider struct {
	options  Options
	now      func() time.Time
	client   *http.Client
	metadata *kept[*metadata]
	verifier *oidc.IDTokenVerifier
}

// New makes a Provider. It asks the issuer nothing yet: one that is away must not keep a
// process from starting.
func New(options Options) (*Provider, error) {
	issuer, err := url.Parse(options.Issuer)
	switch {
	case err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" || issuer.User != nil:
		return nil, fmt.Errorf("oidc: the issuer of provider %q is no address", options.ID)
	case issuer.Scheme != "https" && (issuer.Scheme != "http" || !options.Private):
		return nil, fmt.Errorf("oidc: the issuer of provider %q is not encrypted", options.ID)
	case options.ClientID == "" || options.ClientSecret == "":
		return nil, fmt.Errorf("oidc: provider %q has no client id or secret", options.ID)
	}
	if len(options.Scopes) == 0 {
		options.Scopes = []string{oidc.ScopeOpenID, "email", "profile"}
	}
	p := &Provider{options: options, now: options.Now, client: newClient(options.Private)}
	if p.now == nil {
		p.now = time.Now
	}
	p.metadata = &kept[*metadata]{fetch: p.discover, now: p.now}
	keys := newKeySet(p.client, func(ctx context.Context) (string, error) {
		m, err := p.metadata.get(ctx, false)
		if err != nil {
			return "", err
		}
		return m.keys, nil
	}, p.now)
	algorithms := make([]string, len(signed))
	for i, a := range signed {
		algorithms[i] = string(a)
	}
	p.verifier = oidc.NewVerifier(options.Issuer, keys, &oidc.Config{
		ClientID: options.ClientID, SupportedSigningAlgs: algorithms,
		// The library knows no leeway: a clock behind ours gives one.
		Now: func() time.Time { return p.now().Add(-leeway) },
	})
	return p, nil
}

// ID names the provider in addresses.
func (p *Provider) ID() string { return p.options.ID }

// Name is what people call it.
func (p *Provider) Name() string { return p.options.Name }

// Issuer is what, together with a subject, names a person. Spellings that mean the same
// issuer are one: some write it without its scheme in tokens, or with a slash at its end.
func (p *Provider) Issuer() string {
	issuer, err := url.Parse(p.options.Issuer)
	if err != nil { // New has parsed it
		return p.options.Issuer
	}
	issuer.Scheme, issuer.Host = strings.ToLower(issuer.Scheme), strings.ToLower(issuer.Host)
	return strings.TrimRight(issuer.String(), "/")
}

// metadata is what we need of a discovery document (OpenID Connect Discovery 1.0, section 3).
type metadata struct {
	endpoint       oauth2.Endpoint
	keys, userInfo string
	// namesItself says that the answer of the issuer to the browser names it (RFC 9207).
	namesItself bool
}

func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.options.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		Keys        string   `json:"jwks_uri"`
		NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
		Methods     []string `json:"token_endpoint_auth_methods_supported"`
		Challenges  []string `json:"code_challenge_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, fmt.Errorf("read the discovery document: %w", err)
	}
	m := &metadata{endpoint: found.Endpoint(), keys: more.Keys, userInfo: found.UserInfoEndpoint(), namesItself: more.NamesItself}
	for name, address := range map[string]string{
		"authorization": m.endpoint.AuthURL, "token": m.endpoint.TokenURL, "keys": m.keys, "userinfo": m.userInfo,
	} {
		if name == "userinfo" && address == "" {
			continue
		}
		parsed, err := url.Parse(address)
		if err != nil || parsed.Host == "" || parsed.Scheme != "https" && (parsed.Scheme != "http" || !p.options.Private) {
			return nil, fmt.Errorf("the discovery document has no address for %s that is encrypted", name)
		}
	}
	if len(more.Challenges) > 0 && !slices.Contains(more.Challenges, "S256") {
		return nil, errors.New("the issuer does not know PKCE with S256")
	}
	// Finding it out by trying would send the code twice.
	m.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		m.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return m, nil
}

// Secrets are what one log-in is bound with. They are kept, with the provider, until the
// answer comes.
type Secrets struct{ State, Nonce, Verifier string }

// NewSecrets makes them: 256 random bits each.
func NewSecrets() Secrets {
	return Secrets{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
}

// Start gives the address at the issuer that a browser goes to. redirect is where it comes
// back to. Error: *Refusal.
func (p *Provider) Start(ctx context.Context, redirect string, s Secrets) (string, error) {
	m, err := p.metadata.get(ctx, false)
	if err != nil {
		return "", refuse("discovery", err)
	}
	return p.config(m, redirect).AuthCodeURL(s.State, oauth2.S256ChallengeOption(s.Verifier), oidc.Nonce(s.Nonce),
		// Several people may use one browser, and whose session the issuer has is not said here.
		oauth2.SetAuthURLParam("prompt", "select_account")), nil
}

func (p *Provider) config(m *metadata, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret, Endpoint: m.endpoint,
		RedirectURL: redirect, Scopes: p.options.Scopes,
	}
}
