path "database/creds/reader" { capabilities = ["read"] }
path "sys/leases/renew"      { capabilities = ["update"] }
path "sys/leases/revoke"     { capabilities = ["update"] }
