# One node with file storage: its data survives a restart. No TLS, no locked memory: for tests only.
ui            = true
disable_mlock = true
api_addr      = "http://vault:8200"

storage "file" {
  path = "/vault/file"
}

listener "tcp" {
  address     = "0.0.0.0:8200"
  tls_disable = true
}
