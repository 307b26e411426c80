package main

import "github.com/boxoffice/boxoffice/internal/accounts/oidc"

// identityProviders are the services that people may log in with. None is asked yet.
func (p *platform) identityProviders() ([]*oidc.Provider, error) {
	var all []*oidc.Provider
	for _, one := range p.config.OIDCProviders {
		provider, err := oidc.New(oidc.Options{
			ID: one.ID, Name: one.Name, Issuer: one.Issuer, ClientID: one.ClientID, ClientSecret: one.ClientSecret,
			Scopes: one.Scopes, Private: one.Private,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, provider)
	}
	return all, nil
}
