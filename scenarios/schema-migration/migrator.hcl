# What the migration job may do with its token, besides the rights of the dashboard.
path "database/creds/delphi-migrator" {
  capabilities = ["read"]
}
