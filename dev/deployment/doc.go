// Package deployment checks, without a container engine, docker-compose.yml,
// docker-compose.production.yml, the Dockerfile and the configuration of nginx: that the
// files are valid, agree with each other and with the program, and that the demo sells a
// ticket. And it plays a deployment: the former release's program goes on while the
// database is migrated, and this one takes over. It holds tests only.
package deployment
