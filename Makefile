# Two commands do everything on a fresh Debian 12 with Swift 6.3: `make run` and `make test`.
.POSIX:
.SILENT:
.PHONY: help run build install deb test-package test-image test-docs test test-browser test-extra test-nginx test-metrics fuzz bench bench-history bench-webhooks simulate schema grafana lint packages clean

help:
	echo "make run       build in release mode and run fitnessd (the demo, unless Strava credentials are set)"
	echo "make test      style check, build, all tests, verdict"
	echo "make test-browser  the pages and the connect flow in headless Chromium: with data, without, while loading; phone and desktop; light and dark; times with 2,000 activities"
	echo "make test-extra  what needs more than Swift and PostgreSQL: the Python SDK as an assistant, the tools of docs/dashboards.md, docker-compose.yml"
	echo "make test-nginx  docs/nginx.conf in front of the demo"
	echo "make test-metrics  the demo's metrics and docs/alerts.yml, checked by Prometheus' promtool"
	echo "make fuzz      requests made from the public API's description, against the demo"
	echo "make bench     how fast a history lands, how fast and small the warehouse is, against rivals in the same run"
	echo "make bench-history  how fast silver makes one athlete's 20,000 activities, each further 1,000, on a server at its own settings"
	echo "make bench-webhooks  how long a running daemon takes to answer Strava's events, at half the rate of pgbench's commits"
	echo "make simulate  a simulated week of quota and schedule for 1,000 and 10,000 athletes, as a table"
	echo "make build     release build only, with Swift's runtime inside"
	echo "make install   install what make build has built; DESTDIR=, PREFIX=/usr/local, SYSCONFDIR=/etc"
	echo "make deb       a Debian package in .build/deb; MAINTAINER=\"Name <address>\""
	echo "make test-package  install, upgrade, remove and purge the Debian package in a Debian 12 of its own with systemd (as root)"
	echo "make test-docs     the commands of the documentation in a Debian 12 of its own with systemd (as root)"
	echo "make test-image    the steps of the Dockerfile in a Debian 12 of its own, and the daemon in it (as root)"
	echo "make schema    write db/schema.sql anew from the migrations"
	echo "make grafana   write the Grafana dashboards of sql/dashboards/grafana anew"
	echo "make lint      style check only"
	echo "make clean     remove build products"

run: build
	exec scripts/run

build: packages
	scripts/build -c release --product fitnessd
	scripts/build -c release --product fitnessctl
	scripts/build -c release --product strava-simulator

# Not after `build`: as root, who installs, there may be no compiler.
install:
	DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" SYSCONFDIR="$(SYSCONFDIR)" scripts/install

deb: build
	scripts/packages debhelper dpkg-dev python3
	MAINTAINER="$(MAINTAINER)" scripts/deb

test-package: deb
	scripts/packages debootstrap systemd-container lintian mandoc
	scripts/test-package

test-docs: deb
	scripts/packages debootstrap systemd-container
	scripts/test-docs

test-image: build
	scripts/packages debootstrap systemd-container
	scripts/test-image

# systemd's own tools check the unit files, man and mandoc the manual pages; PgBouncer is what the daemon must refuse to work through; Chromium
# opens each page once.
test:
	scripts/packages systemd pgbouncer python3 man-db mandoc chromium chromium-driver python3-selenium
	scripts/test

# BROWSER holds options, as in `make test-browser BROWSER="--screenshots /tmp/pages"`.
test-browser: build
	scripts/packages chromium chromium-driver fonts-noto-color-emoji postgresql-client python3 python3-pil python3-pip python3-selenium
	scripts/test-pages --matrix $(BROWSER)
	scripts/test-pages --speed
	scripts/test-browser $(BROWSER)

test-extra: build
	scripts/packages python3 python3-venv python3-yaml docker-compose postgresql-client
	scripts/test-assistant
	scripts/grafana-dashboards --check
	scripts/test-compose
	scripts/test-tools

test-nginx: build
	scripts/packages nginx-light curl openssl python3
	scripts/test-nginx

test-metrics: build
	scripts/packages prometheus curl python3
	scripts/test-metrics

fuzz: build
	scripts/packages curl python3 python3-venv
	scripts/fuzz

bench: build
	scripts/bench
	scripts/build -c release --product warehouse-bench
	scripts/bench-warehouse
	scripts/bench-claim
	scripts/bench-webhooks

bench-history: packages
	scripts/build -c release --product warehouse-bench
	scripts/bench-warehouse --only history

bench-webhooks: build
	scripts/build -c release --product warehouse-bench
	scripts/bench-webhooks

# One test makes the schema anyway, to see that the file is current.
schema: packages
	scripts/build --build-tests
	FITNESS_TEST_WRITE_SCHEMA=1 swift test --skip-build --disable-xctest --filter SchemaFileTests

grafana:
	scripts/packages python3 python3-venv
	scripts/grafana-dashboards

# SIMULATE holds options, as in `make simulate SIMULATE="--seed 7"`.
simulate: packages
	scripts/build -c release --product fitness-simulate
	.build/release/fitness-simulate $(SIMULATE)

lint:
	swift format lint --strict --parallel --configuration .swift-format --recursive Package.swift Sources Tests
	scripts/test-docs --check

# Installs the Debian packages that are missing; does nothing, quickly, when all are there.
packages:
	scripts/packages

clean:
	rm -rf .build
