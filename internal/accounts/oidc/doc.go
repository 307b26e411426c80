// Package oidc asks identity providers who a person is: OpenID Connect Core 1.0, the code
// flow with PKCE (RFC 7636), as RFC 9700 advises. It knows no accounts and keeps no state but
// what an issuer publishes.
//
// What does not live here: which log-ins are under way, and whose an identity is (package
// accounts).
package oidc
