# Whether a credential comes out, and goes away again.
lease=$(vault read -field=lease_id database/creds/powerdns-role)
vault lease revoke -sync "$lease"
