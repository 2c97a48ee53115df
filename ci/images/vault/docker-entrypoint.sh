#!/usr/bin/env bash
# Starts Vault as the official image does, in place of this script, as user vault. Written for leaseproof from the
# official image's documentation.
set -euo pipefail

config=/vault/config
# Vault's memory holds secrets: no core file of it.
ulimit -c 0

if [ -n "${VAULT_LOCAL_CONFIG:-}" ]; then
  printf '%s\n' "$VAULT_LOCAL_CONFIG" >"$config/local.json"
fi

case ${1-} in
-*) set -- vault "$@" ;;
esac

if [ "${1-}" = server ]; then
  shift
  set -- vault server "-config=$config" "-dev-root-token-id=${VAULT_DEV_ROOT_TOKEN_ID:-}" \
    "-dev-listen-address=${VAULT_DEV_LISTEN_ADDRESS:-0.0.0.0:8200}" "$@"
elif [ -n "${1-}" ] && [ "$1" != vault ]; then
  # Any other word is a command of vault, if it has one of that name.
  help=$(vault "$1" -help 2>&1 || true)
  [ "${help#"Usage: vault $1"}" = "$help" ] || set -- vault "$@"
fi

if [ "${1-}" = vault ] && [ "$(id -u)" -eq 0 ]; then
  if [ -z "${SKIP_CHOWN:-}" ]; then
    for folder in "$config" /vault/logs /vault/file; do
      [ ! -d "$folder" ] || [ "$(stat -c %U "$folder")" = vault ] || chown -R vault:vault "$folder" ||
        echo "docker-entrypoint.sh: cannot give $folder to vault (mounted read-only?)" >&2
    done
  fi
  # Vault locks its memory where the container may (--cap-add IPC_LOCK, number 14). The capability goes to the process,
  # not to the file: setcap would copy the whole binary into every container.
  lock=()
  if [ -z "${SKIP_SETCAP:-}" ] && (((16#$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status) >> 14) & 1)); then
    lock=(--inh-caps +ipc_lock --ambient-caps +ipc_lock)
  fi
  exec setpriv --reuid vault --regid vault --init-groups "${lock[@]}" env HOME=/home/vault "$@"
fi
exec "$@"
