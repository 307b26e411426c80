# syntax=docker/dockerfile:1

# One program, so one image: which part of the platform a container is, its
# command says (api, worker, migrate, seed, sandbox, keys).

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/boxoffice ./cmd/boxoffice
RUN mkdir -p /out/data /out/keys

# Letters for titles in other scripts than Latin, Greek and Cyrillic, on printed tickets.
FROM debian:bookworm-slim AS fonts
RUN apt-get update && \
    apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji

# No shell, no package manager; certificates, time zones and an unprivileged user.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=fonts /usr/share/fonts /usr/share/fonts
COPY --from=build /out/boxoffice /boxoffice
# Where the sandbox keeps its books, and where the demo's keys are; a volume here
# starts with this owner.
COPY --from=build --chown=nonroot:nonroot /out/data /data
COPY --from=build --chown=nonroot:nonroot /out/keys /keys
USER nonroot
EXPOSE 8080
ENTRYPOINT ["/boxoffice"]
CMD ["api"]
