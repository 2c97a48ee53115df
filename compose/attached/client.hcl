# The rights of the shop's token: issue a credential, renew its lease, revoke it. Nothing else.
path "database/creds/shop" {
  capabilities = ["read"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}

path "sys/leases/revoke" {
  capabilities = ["update"]
}
