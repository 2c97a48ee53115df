# What the dashboard and the migration job may do with their token.
path "database/creds/delphi-readonly" {
  capabilities = ["read"]
}

path "database/creds/delphi-migrator" {
  capabilities = ["read"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}

path "sys/leases/revoke" {
  capabilities = ["update"]
}
