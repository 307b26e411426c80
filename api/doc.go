// Package api is the REST API of Boxoffice. It composes: the services that a process
// serves (a package each, with their part of the OpenAPI document beside their handlers)
// on one server of api/rest, and what every process answers: its health and the document.
//
// What does not live here: handlers of a service, and decisions about seats, money or the
// order of steps. The API validates, asks a service or the booking's workflow, and
// renders.
package api
