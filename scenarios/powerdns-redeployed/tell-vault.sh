# The second half of the document's recovery, once more.
vault write database/config/powerdns-database \
    connection_url="postgresql://{{username}}:{{password}}@$PGHOST:$PGPORT/powerdns" \
    username="vaultuser" password="vaultpass" \
    plugin_name="postgresql-database-plugin" \
    allowed_roles="powerdns-role" \
    password_authentication="scram-sha-256"
