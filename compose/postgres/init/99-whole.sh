#!/bin/sh
# The last of the first start's scripts: the cluster is whole (node.sh).
rm -f "$PGDATA.unfinished"
