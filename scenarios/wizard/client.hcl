# What the application's sidecar may do: take a credential, renew its lease, give it back.
path "database/creds/db-app" {
  capabilities = ["read"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}

path "sys/leases/revoke" {
  capabilities = ["update"]
}
