{{ with secret "database/creds/powerdns-role" }}
gpgsql-host={{ env "NOMAD_IP_db" }}
gpgsql-port={{ env "NOMAD_PORT_db" }}
gpgsql-dbname=powerdns
gpgsql-user={{ .Data.username }}
gpgsql-password={{ .Data.password }}
{{ end }}
