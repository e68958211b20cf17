# fitnessd as an image: a builder with the compiler, and a small image with the programs and the C libraries they use.
# The image holds no PostgreSQL server: set FITNESSD_DATABASE_URL. `make test-image` runs its steps.

FROM swift:6.3-bookworm AS builder
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq-dev libcurl4-openssl-dev libssl-dev libsimdjson-dev zlib1g-dev pkg-config python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The dependencies change less often than the sources: a layer of their own.
COPY Package.swift ./
RUN swift package resolve
COPY scripts scripts
COPY Sources Sources
COPY Tests Tests
# The Swift runtime goes into the programs; the C libraries stay shared, so that Debian's security updates reach them.
RUN scripts/build -c release --product fitnessd \
    && scripts/build -c release --product fitnessctl \
    && scripts/build -c release --product strava-simulator
RUN install -D -s -t /out/bin .build/release/fitnessd .build/release/fitnessctl .build/release/strava-simulator \
    && scripts/notices > /out/third-party-notices.txt

FROM debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libjs-chart.js libjs-leaflet libpq5 libsimdjson14 libssl3 libstdc++6 \
        tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 fitnessd \
    && useradd --system --uid 10001 --gid fitnessd --home-dir /var/lib/fitnessd --shell /usr/sbin/nologin fitnessd \
    && install -d -o fitnessd -g fitnessd -m 0700 /var/lib/fitnessd \
    && install -d -o fitnessd -g fitnessd -m 0750 /run/fitnessd
# strava-simulator is for `fitnessd run --demo` alone.
COPY --from=builder /out/bin /usr/bin
COPY --from=builder /out/third-party-notices.txt /usr/share/doc/fitnessd/third-party-notices.txt
COPY db /usr/share/fitnessd/db
COPY sql /usr/share/fitnessd/sql
COPY web /usr/share/fitnessd/web

USER 10001:10001
# The page for the operator and the metrics stay within the container, whatever FITNESSD_PUBLIC_URL is: only 8080 is for others.
ENV FITNESSD_SHARE_DIR=/usr/share/fitnessd \
    FITNESSD_STATE_DIR=/var/lib/fitnessd \
    FITNESSD_CONTROL_SOCKET=/run/fitnessd/control.sock \
    FITNESSD_HTTP_LISTEN=0.0.0.0:8080 \
    FITNESSD_ADMIN_LISTEN=127.0.0.1:8081 \
    FITNESSD_LOG_FORMAT=json
VOLUME /var/lib/fitnessd
EXPOSE 8080
STOPSIGNAL SIGTERM
# Exit code 3 (daemon not reachable) or 1 makes the container unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/bin/fitnessctl", "status", "--json"]
ENTRYPOINT ["/usr/bin/fitnessd"]
CMD ["run"]
