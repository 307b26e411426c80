# syntax=docker/dockerfile:1

# One program, so one image: which part of the platform a container is, its
# command says (api, worker, migrate, seed, sandbox).

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/boxoffice ./cmd/boxoffice
RUN mkdir -p /out/data

# No shell, no package manager; certificates, time zones and an unprivileged user.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/boxoffice /boxoffice
# Only for health checks: a program called wget is all that busybox is here.
COPY --from=busybox:1.37-musl /bin/busybox /bin/wget
# Where the sandbox keeps its books; a volume here starts with this owner.
COPY --from=build --chown=nonroot:nonroot /out/data /data
USER nonroot
EXPOSE 8080
ENTRYPOINT ["/boxoffice"]
CMD ["api"]
