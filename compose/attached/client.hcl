# What the shop may do with its token: take a credential, keep its lease alive, give it back. Nothing else.
path "database/creds/shop" {
  capabilities = ["read"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}

path "sys/leases/revoke" {
  capabilities = ["update"]
}
