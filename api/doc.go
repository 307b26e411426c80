// Package api is the REST API of Boxoffice: a file per resource, the webhooks,
// the middleware, the OpenAPI document, and the one table that turns error codes
// into HTTP problems.
//
// What does not live here: decisions about seats, money or the order of steps.
// The API validates, asks a service or the booking's workflow, and renders.
package api
