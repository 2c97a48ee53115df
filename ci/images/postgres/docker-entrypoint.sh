#!/usr/bin/env bash
# Starts PostgreSQL as the official image does: at the first start a cluster is made and filled, then the server runs
# in place of this script, as user postgres. Written for leaseproof from the official image's documentation.
set -euo pipefail

fail() {
  printf 'docker-entrypoint.sh: %s\n' "$1" >&2
  exit 1
}

# NAME, or the content of the file that NAME_FILE names.
setting() {
  local name=$1 default=${2-} file_name=$1_FILE
  if [ -n "${!name+x}" ] && [ -n "${!file_name+x}" ]; then
    fail "both $name and $file_name are set; expected one of them"
  fi
  if [ -n "${!file_name+x}" ]; then
    printf -v "$name" '%s' "$(cat "${!file_name}")"
  elif [ -z "${!name+x}" ]; then
    printf -v "$name" '%s' "$default"
  fi
  export "${name?}"
  unset "$file_name"
}

sql() {
  PGHOST='' PGHOSTADDR='' psql --no-psqlrc -v ON_ERROR_STOP=1 --no-password --username "$POSTGRES_USER" "$@"
}

# Only the Unix socket: nobody else may come in before the cluster is whole.
temporary_server() {
  pg_ctl -D "$PGDATA" -w "$1" "${@:2}"
}

fill() {
  local file
  shopt -s nullglob
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
    *.sh)
      if [ -x "$file" ]; then
        echo "docker-entrypoint.sh: running $file"
        "$file"
      else
        echo "docker-entrypoint.sh: sourcing $file"
        set +u
        # shellcheck disable=SC1090
        . "$file"
        set -u
      fi
      ;;
    *.sql)
      echo "docker-entrypoint.sh: running $file"
      sql --dbname "$POSTGRES_DB" -f "$file"
      ;;
    *.sql.gz)
      echo "docker-entrypoint.sh: running $file"
      gunzip -c "$file" | sql --dbname "$POSTGRES_DB"
      ;;
    *) echo "docker-entrypoint.sh: passing over $file" ;;
    esac
  done
}

first_start() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    fail "the database is not initialised, and the superuser has no password: set POSTGRES_PASSWORD to a non-empty value (or, where everybody may be superuser, POSTGRES_HOST_AUTH_METHOD=trust)"
  fi
  local password_file
  password_file=$(mktemp)
  # initdb takes no empty password.
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
  local password=(--pwfile "$password_file")
  [ -n "$POSTGRES_PASSWORD" ] || password=()
  # POSTGRES_INITDB_ARGS is words by its contract.
  eval "initdb --username=\"\$POSTGRES_USER\" -D \"\$PGDATA\" \"\${password[@]}\" $POSTGRES_INITDB_ARGS"
  rm -f "$password_file"

  # What encrypts passwords decides which method can check them.
  local method=$POSTGRES_HOST_AUTH_METHOD
  [ -n "$method" ] || method=$(postgres -C password_encryption "${@:2}")
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

  local options
  options=$(printf ' %q' "${@:2}" -c listen_addresses= -p "${PGPORT:-5432}")
  PGUSER=$POSTGRES_USER temporary_server start -o "$options"
  if [ "$POSTGRES_DB" != postgres ]; then
    sql --dbname postgres -v db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  fill
  temporary_server stop -m fast
  unset PGPASSWORD
  echo "docker-entrypoint.sh: the cluster is made; starting the server"
}

case ${1-} in
-* | "") set -- postgres "$@" ;;
esac

asks_only() {
  local argument
  for argument in "$@"; do
    case $argument in
    -'?' | --help | --describe-config | -V | --version) return 0 ;;
    esac
  done
  return 1
}

if [ "$1" = postgres ] && ! asks_only "$@"; then
  if [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
    chmod 3775 /var/run/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups \
      env HOME=/var/lib/postgresql "${BASH_SOURCE[0]}" "$@"
  fi
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA" 2>/dev/null || true
  # A cluster that is there is never touched, not even one whose first start failed half-way: as in the official image.
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    setting POSTGRES_PASSWORD
    setting POSTGRES_USER postgres
    setting POSTGRES_DB "$POSTGRES_USER"
    setting POSTGRES_INITDB_ARGS
    : "${POSTGRES_HOST_AUTH_METHOD:=}"
    export PGPASSWORD=${PGPASSWORD-$POSTGRES_PASSWORD}
    first_start "$@" >&2
  fi
fi
exec "$@"
