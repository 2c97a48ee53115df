GRANT pg_signal_backend TO vaultuser;
