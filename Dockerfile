# One static binary and nothing else: no shell, no package, no secret.
#
#   docker build -t kokoroe .
#   docker run --rm -v kokoroe-data:/data kokoroe keys new --origin kokoroe.city.example/1
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -p 127.0.0.1:8080:8080 -v kokoroe-data:/data -v ./settings:/settings:ro \
#     -e KOKOROE_BASE_URL=https://kokoroe.city.example \
#     -e KOKOROE_PROVIDERS=/settings/providers.yaml -e KOKOROE_REGISTERS=/settings \
#     kokoroe
#
# A proxy with TLS stands in front. The first of them makes the signing key in the
# data volume, once.

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
ARG VERSION=devel
ENV CGO_ENABLED=0 GOFLAGS=-mod=readonly
RUN go build -trimpath -ldflags="-s -w -X main.release=${VERSION}" -o /out/ ./cmd/...
# scratch has no commands: what it needs is laid out here. Providers and mail
# servers are reached over TLS, so the certificates come along.
RUN mkdir -p /root-fs/etc/ssl/certs /root-fs/tmp \
 && cp /etc/ssl/certs/ca-certificates.crt /root-fs/etc/ssl/certs/ \
 && echo 'kokoroe:x:10001:10001::/:/none' > /root-fs/etc/passwd \
 && echo 'kokoroe:x:10001:' > /root-fs/etc/group \
 && chmod 1777 /root-fs/tmp && mkdir /empty

FROM scratch
COPY --from=build /root-fs/ /
COPY --from=build --chown=10001:10001 --chmod=0700 /empty /data
COPY --from=build --chown=0:0 /out/ /usr/local/bin/
ENV KOKOROE_LISTEN=0.0.0.0:8080 KOKOROE_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/kokoroe", "health"]
ENTRYPOINT ["/usr/local/bin/kokoroe"]
CMD ["serve"]
