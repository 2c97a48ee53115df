#!/usr/bin/env bash
# The database of scenarios/powerdns, as its runbook makes it, PowerDNS's own account, and one zone.
set -euo pipefail

run() { psql -Xq -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" "$@"; }
scenario=/leaseproof/powerdns

run -d postgres -f "$scenario/database.sql"
run -d powerdns -f "$scenario/schema.sql" -f "$scenario/accounts.sql"
run -d powerdns <<'END'
CREATE ROLE pdns LOGIN PASSWORD 'leaseproof-pdns';
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pdns;
GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO pdns;
INSERT INTO domains (name, type) VALUES ('example.test', 'NATIVE');
INSERT INTO records (domain_id, name, type, content, ttl) VALUES
  (1, 'example.test', 'SOA', 'ns.example.test hostmaster.example.test 1 3600 600 86400 60', 60),
  (1, 'example.test', 'NS', 'ns.example.test', 60),
  (1, 'www.example.test', 'A', '192.0.2.1', 60);
END
