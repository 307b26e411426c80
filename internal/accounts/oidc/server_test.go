package oidc_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

func TestAProviderByOthers(t *testing.T) {
	t.Parallel()
	server := oidctest.NewServer(t, redirect)
	p := newProvider(t, server.URL, nil)
	secrets := oidc.NewSecrets()
	address, err := p.Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	back := server.LogIn(address).Query()
	assert.Equal(t, secrets.State, back.Get("state"))
	person, err := p.Finish(t.Context(), redirect, secrets, answerOf(back))
	require.NoError(t, err)
	assert.Equal(t, oidc.Person{Issuer: server.URL, Subject: "person-7", Email: "maya@example.com", EmailVerified: true, Name: "Maya Rao"}, person)

	_, err = p.Finish(t.Context(), redirect, secrets, answerOf(back))
	refused(t, err, "token_request_400")
	address, err = p.Start(t.Context(), redirect, secrets)
	require.NoError(t, err)
	stolen := secrets
	stolen.Verifier = oidc.NewSecrets().Verifier
	_, err = p.Finish(t.Context(), redirect, stolen, answerOf(server.LogIn(address).Query()))
	refused(t, err, "token_request_400")
}
