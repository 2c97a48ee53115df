# "Vault Connection After Redeployment", as the document has it. PGHOST and PGPORT are the new deployment's.
psql -q -v ON_ERROR_STOP=1 -d postgres -c \
  "CREATE USER vaultuser WITH CREATEDB CREATEROLE LOGIN PASSWORD 'vaultpass';"

vault write database/config/powerdns-database \
    connection_url="postgresql://{{username}}:{{password}}@$PGHOST:$PGPORT/powerdns" \
    username="vaultuser" password="vaultpass" \
    plugin_name="postgresql-database-plugin" \
    allowed_roles="powerdns-role" \
    password_authentication="scram-sha-256"
