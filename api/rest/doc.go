// Package rest is what the services of the API share: routes, reading requests, answers
// and problem documents, who is calling, event streams, and what goes around every
// request. It knows no service and none of their data.
package rest
