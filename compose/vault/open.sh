#!/bin/sh
# Initializes the environment's Vault once, and unseals it whenever it is sealed. For tests only: the unseal key is in
# the same volume as the data, and the root token is fixed. To get a sealed Vault, stop this service first.
set -eu

export VAULT_ADDR=http://vault:8200
key=/vault/keys/unseal-key
say() { echo "open.sh: $1" >&2; }
status() { wget -q -O - "$VAULT_ADDR/v1/sys/seal-status" 2>/dev/null || true; }

# Also creates the token if an interrupted first start did not.
fixed_token() {
  [ -s "$key.root" ] || return 0
  until VAULT_TOKEN=$(cat "$key.root") vault token create -id="$ROOT_TOKEN" -policy=root -orphan >/dev/null; do
    sleep 1
  done
  VAULT_TOKEN=$ROOT_TOKEN vault token revoke "$(cat "$key.root")" >/dev/null
  rm -f "$key.root"
  say "the root token is the one of LEASEPROOF_VAULT_ROOT_TOKEN"
}

umask 077
trap 'exit 0' TERM INT
while :; do
  case $(status) in
  *'"initialized":false'*)
    say "initialising"
    vault operator init -key-shares=1 -key-threshold=1 >"$key.new"
    sed -n 's/^Initial Root Token: //p' "$key.new" >"$key.root"
    sed -n 's/^Unseal Key 1: //p' "$key.new" >"$key"
    rm -f "$key.new"
    continue
    ;;
  *'"sealed":true'*)
    if [ -s "$key" ]; then
      vault operator unseal "$(cat "$key")" >/dev/null && say "unsealed"
    else
      say "it is sealed, and its key is not in this volume"
    fi
    ;;
  *'"sealed":false'*) fixed_token ;;
  esac
  # In the background, so that a signal ends the wait.
  sleep 1 &
  wait $!
done
