# What the dashboard may do with its token: take a credential, renew its lease, give it back.
path "database/creds/delphi-readonly" {
  capabilities = ["read"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}

path "sys/leases/revoke" {
  capabilities = ["update"]
}
