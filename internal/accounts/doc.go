// Package accounts knows who a caller is: it registers customers, checks passwords, and
// hands out the tokens by which the API recognizes a caller.
//
// An access token is a signed statement for a quarter of an hour, checked without the
// database; Standing asks whether it still holds, where that matters. A refresh token is a random number, stored hashed, that is replaced at every
// use. What an account may do with its role is the API's business.
package accounts
