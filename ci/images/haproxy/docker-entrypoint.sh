#!/bin/sh
# Starts HAProxy as the official image does: master and worker, in the foreground, in place of this script. Written for
# leaseproof from the official image's documentation.
set -eu

case ${1-} in
-* | "") set -- haproxy "$@" ;;
esac
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
