# What the agent that renders PowerDNS's configuration may do with its token: take a credential. It cannot renew the lease,
# so that it takes another one when about seven tenths of the lease are over, and the two overlap.
path "database/creds/powerdns-role" {
  capabilities = ["read"]
}

# Without it the agent does not start: its `token_file` method asks Vault what the token in the file is.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
