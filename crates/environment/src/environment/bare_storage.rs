use std::sync::Arc;

use leaseproof_domain::{Origin, Redactor};
use leaseproof_scenario::{SetupAction, SetupStep, VaultPostgresPlan, Warnings};

use crate::launch::context::password;

/// The name of the cluster that a bare environment's Vault keeps its data in, where that is PostgreSQL.
pub const STORAGE: &str = "storage";

/// The stanza of such a storage, and what has to be there before Vault starts: its account and its tables, which Vault
/// does not make (Vault, configuration of the PostgreSQL storage backend).
pub(crate) fn make(nodes: u16, redactor: &Arc<Redactor>) -> (VaultPostgresPlan, SetupStep) {
    let password = password(redactor);
    let password = password.expose();
    let connection_url =
        format!("postgres://vault_storage:{password}@${{postgres.{STORAGE}.write}}/postgres?sslmode=disable");
    let text = format!(
        r#"CREATE ROLE vault_storage LOGIN PASSWORD '{password}';
CREATE TABLE vault_kv_store (
  parent_path TEXT COLLATE "C" NOT NULL,
  path        TEXT COLLATE "C",
  key         TEXT COLLATE "C",
  value       BYTEA,
  CONSTRAINT pkey PRIMARY KEY (path, key)
);
CREATE INDEX parent_path_idx ON vault_kv_store (parent_path);
CREATE TABLE vault_ha_locks (
  ha_key      TEXT COLLATE "C" NOT NULL,
  ha_identity TEXT COLLATE "C" NOT NULL,
  ha_value    TEXT COLLATE "C",
  valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT ha_key PRIMARY KEY (ha_key)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_kv_store, vault_ha_locks TO vault_storage;
"#
    );
    let action = SetupAction::Sql {
        file: None,
        text,
        on: STORAGE.to_owned(),
        database: "postgres".to_owned(),
        user: None,
        password: None,
    };
    let origin = Origin { file: "a bare environment".to_owned(), line: 1, column: 1 };
    (
        VaultPostgresPlan { connection_url, ha_enabled: nodes > 1, origin: None },
        SetupStep {
            name: None,
            action,
            warnings: Warnings::Report,
            expect: None,
            origin,
            keys: std::collections::BTreeMap::new(),
        },
    )
}
