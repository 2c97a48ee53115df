# The applications: each reads its own credentials, renews and revokes its leases.
path "database/creds/keybuzz-api-db" { capabilities = ["read"] }
path "database/creds/chatwoot-db"    { capabilities = ["read"] }
path "database/creds/n8n-db"         { capabilities = ["read"] }
path "database/creds/workers-db"     { capabilities = ["read"] }
path "sys/leases/renew"              { capabilities = ["update"] }
path "sys/leases/revoke"             { capabilities = ["update"] }
