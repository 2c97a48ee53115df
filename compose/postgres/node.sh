#!/usr/bin/env bash
# One PostgreSQL server of the environment. This script decides at each start whether it is a primary or a standby:
#   an empty volume, FIRST=primary, no primary at PEER:  a new cluster, created by the image's own entrypoint
#   an incomplete new cluster:                            removed, as if the volume were empty
#   an empty volume, a primary at PEER:                   a copy of it, and from then on its standby
#   a volume with a standby's data:                       a standby, as before
#   a volume with a primary's data, a primary at PEER:    refused: two primaries would take different writes
set -euo pipefail

say() { printf 'node.sh: %s\n' "$1" >&2; }

# f: a primary; t: a standby; nothing: no answer.
peer() {
  PGCONNECT_TIMEOUT=2 timeout 5 \
    psql -XAtq -h "$PEER" -U leaseproof_check -d postgres -c 'SELECT pg_is_in_recovery()' 2>/dev/null || true
}

copy() {
  local copy=$PGDATA.copy
  # An interrupted copy is not a cluster.
  rm -rf "$copy" "$PGDATA"
  say "copying the primary $PEER"
  PGPASSWORD=$REPLICATION_PASSWORD pg_basebackup --pgdata "$copy" --wal-method stream --checkpoint fast --no-password \
    --write-recovery-conf --dbname "host=$PEER user=leaseproof_replication application_name=$HOSTNAME"
  chmod 700 "$copy"
  mv "$copy" "$PGDATA"
}

# The image's entrypoint treats an incomplete cluster as complete; init/99-whole.sh removes this mark at the end.
unfinished=$PGDATA.unfinished
if [ -e "$unfinished" ]; then
  say "the making of this cluster was cut short: once more from the beginning"
  rm -rf "$PGDATA"
fi

if [ -s "$PGDATA/PG_VERSION" ]; then
  if [ ! -e "$PGDATA/standby.signal" ] && [ "$(peer)" = f ]; then
    say "this was a primary, and $PEER is one now: not started, because two would take different writes."
    say "docs/containers.md says how to make it a standby (its data is thrown away)."
    exit 1
  fi
elif [ "$FIRST" = primary ] && [ "$(peer)" != f ]; then
  say "making a new cluster"
  touch "$unfinished"
else
  rm -f "$unfinished"
  until [ "$(peer)" = f ]; do
    say "waiting for a primary at $PEER"
    sleep 1
  done
  until copy; do
    say "the copy failed; once more in a second"
    sleep 1
  done
fi

exec docker-entrypoint.sh "$@"
