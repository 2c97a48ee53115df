# leaseproof with the servers that its scenarios start, on Debian 12.
#   docker build --tag leaseproof .
#
# Vault is not in this image: its binary is under BUSL-1.1, and this project does not redistribute it. Mount one:
#   docker run --rm --volume /usr/bin/vault:/usr/local/bin/vault:ro --volume "$PWD:/work" leaseproof run scenarios/powerdns
# or build your own image:
#   FROM leaseproof
#   COPY --from=hashicorp/vault:1.21.0 /bin/vault /usr/local/bin/vault
ARG RUST_IMAGE=rust:1.95-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /source
# The bindings of PostgreSQL's grammar are generated from its C headers.
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends libclang-dev \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
COPY . .
RUN CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols \
    cargo build --release --locked -p leaseproof

FROM ${BASE_IMAGE}
# The packages would start system services; leaseproof starts its own servers.
RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
 && apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      ca-certificates etcd-server haproxy libfaketime patroni pdns-backend-pgsql pdns-server pgbouncer postgresql-15 \
      python3-etcd python3-psycopg2 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb \
 && useradd --uid 1000 --create-home --shell /bin/bash leaseproof \
 && install -d -o leaseproof -g leaseproof /work
COPY --from=build /source/target/release/leaseproof /usr/local/bin/leaseproof
COPY LICENSE NOTICE /usr/share/doc/leaseproof/
COPY scenarios /usr/share/leaseproof/scenarios
USER leaseproof
WORKDIR /work
ENTRYPOINT ["leaseproof"]
CMD ["doctor"]
