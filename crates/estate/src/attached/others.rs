//! Roles, databases, memberships and settings of others: what of them differs after the setup, and after the run.
//!
//! What the setup creates did not exist before, and is not compared. Neither is what others create or drop meanwhile for
//! their own credentials.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_postgres::{Error, Session};
use serde_json::Value;

use super::AttachError;
use super::login::Cluster;

/// The catalogs that all databases of a cluster share. Each row has what identifies it (`key`), what it is called, its
/// value, the roles and databases it is about (`of`), and whether it is no credential with an end (`lasts`). Credentials,
/// passwords and VALID UNTIL are not compared: Vault changes them for others too. Values of settings may be secrets: their
/// hashes are read.
const CATALOG: &str = "SELECT jsonb_agg(row)::text FROM (\
    SELECT jsonb_build_object('key', 'r' || oid, 'what', 'role ' || rolname, 'of', jsonb_build_array('r' || oid), \
      'lasts', rolvaliduntil IS NULL OR rolvaliduntil = 'infinity', 'value', concat_ws(', ', 'name ' || rolname, \
      CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolinherit THEN 'INHERIT' END, \
      CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, \
      CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolreplication THEN 'REPLICATION' END, \
      CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, 'CONNECTION LIMIT ' || rolconnlimit)) AS row FROM pg_catalog.pg_roles \
    UNION ALL SELECT jsonb_build_object('key', 'm' || m.roleid || ' ' || m.member || ' ' || m.grantor, \
      'what', format('membership of %s in %s', pg_catalog.pg_get_userbyid(m.member), pg_catalog.pg_get_userbyid(m.roleid)), \
      'of', jsonb_build_array('r' || m.roleid, 'r' || m.member), 'lasts', true, \
      'value', (to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor')::text) FROM pg_catalog.pg_auth_members m \
    UNION ALL SELECT jsonb_build_object('key', 'd' || oid, 'what', 'database ' || datname, \
      'of', jsonb_build_array('d' || oid), 'lasts', true, 'value', concat_ws(', ', 'name ' || datname, \
      'owner ' || pg_catalog.pg_get_userbyid(datdba), CASE WHEN datistemplate THEN 'IS_TEMPLATE' END, \
      CASE WHEN datallowconn THEN 'ALLOW_CONNECTIONS' END, 'CONNECTION LIMIT ' || datconnlimit)) \
      FROM pg_catalog.pg_database \
    UNION ALL SELECT jsonb_build_object('key', format('a%s %s %s', d.oid, a.grantee, a.privilege_type), \
      'what', format('%s on database %s for %s', a.privilege_type, d.datname, \
      CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END), \
      'of', jsonb_build_array('d' || d.oid) || CASE a.grantee WHEN 0 THEN '[]' ELSE jsonb_build_array('r' || a.grantee) END, \
      'lasts', true, 'value', CASE WHEN bool_or(a.is_grantable) THEN 'WITH GRANT OPTION' ELSE 'granted' END) \
      FROM pg_catalog.pg_database d, \
      LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a \
      GROUP BY d.oid, d.datname, a.grantee, a.privilege_type \
    UNION ALL SELECT jsonb_build_object('key', format('s%s %s %s', s.setdatabase, s.setrole, split_part(c, '=', 1)), \
      'what', concat_ws(' ', 'setting', split_part(c, '=', 1), 'of role ' || r.rolname, 'in database ' || d.datname), \
      'of', to_jsonb(array_remove(ARRAY['r' || r.oid, 'd' || d.oid], NULL)), 'lasts', true, \
      'value', 'SHA-256 ' || encode(sha256(textsend(c)), 'hex')) \
      FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
      LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c) rows";

/// Begins the value of a setting, which is compared by its hash.
const HASHED: &str = "SHA-256 ";
/// What is shown of such a value.
const HIDDEN: &str = "a value";

/// One row of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    what: String,
    value: String,
    of: BTreeSet<String>,
    lasts: bool,
}

/// The catalogs of one cluster, by what identifies a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Catalog(BTreeMap<String, Row>);

impl Catalog {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error`] where PostgreSQL does not answer.
    pub(super) async fn read(cluster: &Cluster) -> Result<Self, Error> {
        let session = Session::open(&cluster.observer).await?;
        let text = session.value(CATALOG).await?.unwrap_or_default();
        session.close().await;
        Ok(Self::of(&serde_json::from_str(&text).unwrap_or_default()))
    }

    fn of(rows: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| {
            let of = row["of"].as_array().into_iter().flatten().map(text).collect();
            let of = Row { what: text(&row["what"]), value: text(&row["value"]), of, lasts: row["lasts"] == true };
            (text(&row["key"]), of)
        };
        Self(rows.as_array().into_iter().flatten().map(row).collect())
    }

    /// What of it differs later, but for what was created or dropped together with a role or a database.
    pub(super) fn changes(&self, later: &Self) -> Vec<String> {
        // A revocation of somebody else's credential may alter its role before it drops it, or only alter it.
        let lasts = |row: &Row| row.of.iter().all(|one| self.0.get(one).is_none_or(|of| of.lasts));
        let changed = self.0.iter().filter(|(_, before)| lasts(before));
        let changed = changed.filter_map(|(key, before)| match later.0.get(key) {
            Some(after) if after.value != before.value => Some(before.differs(before.shown(), after.shown())),
            Some(_) => None,
            None if before.of.iter().all(|one| one == key || later.0.contains_key(one)) => {
                Some(before.differs(before.shown(), "none"))
            }
            None => None,
        });
        let new = later.0.iter().filter(|(key, after)| !self.0.contains_key(*key) && lasts(after));
        let new = new.filter(|(key, after)| after.of.iter().all(|one| one != *key && self.0.contains_key(one)));
        changed.chain(new.map(|(_, after)| after.differs("none", after.shown()))).collect()
    }
}

impl Row {
    fn differs(&self, expected: &str, got: &str) -> String {
        match (expected, got) {
            (HIDDEN, HIDDEN) => format!("{}: its value differs", self.what),
            _ => format!("{}: expected {expected}, got {got}", self.what),
        }
    }

    /// Its value. One of a setting is not shown.
    fn shown(&self) -> &str {
        if self.value.starts_with(HASHED) { HIDDEN } else { &self.value }
    }
}

/// The catalogs of all clusters.
#[derive(Debug, Default)]
pub(super) struct Others(BTreeMap<String, Catalog>);

impl Others {
    /// Reads them.
    ///
    /// # Errors
    /// [`AttachError::Postgres`] where one does not answer.
    pub(super) async fn read(clusters: &BTreeMap<String, Cluster>) -> Result<Self, AttachError> {
        let mut all = BTreeMap::new();
        for (name, cluster) in clusters {
            let failed = |source| AttachError::Postgres { cluster: name.clone(), source };
            all.insert(name.clone(), Catalog::read(cluster).await.map_err(failed)?);
        }
        Ok(Self(all))
    }

    /// What of them differs now, each in words.
    ///
    /// # Errors
    /// [`AttachError::Postgres`] where one does not answer.
    pub(super) async fn changes(&self, clusters: &BTreeMap<String, Cluster>) -> Result<Vec<String>, AttachError> {
        let now = Self::read(clusters).await?;
        let of = |(name, before): (&String, &Catalog)| {
            let changes = now.0.get(name).map(|later| before.changes(later)).unwrap_or_default();
            changes.into_iter().map(|change| format!("{change} (postgres.{name})")).collect::<Vec<_>>()
        };
        Ok(self.0.iter().flat_map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Catalog;

    fn row(key: &str, value: &str, of: &[&str], lasts: bool) -> Value {
        json!({ "key": key, "what": format!("the {key}"), "value": value, "of": of, "lasts": lasts })
    }

    fn changes(before: &[Value], after: &[Value]) -> Vec<String> {
        Catalog::of(&json!(before)).changes(&Catalog::of(&json!(after)))
    }

    #[test]
    fn what_others_had_before_is_compared() {
        let theirs = || row("r1", "LOGIN", &["r1"], true);
        let other = || row("r2", "", &["r2"], true);
        let member = || row("m1 2", "{}", &["r1", "r2"], true);
        for (before, after, expected) in [
            (
                vec![theirs()],
                vec![row("r1", "LOGIN, CREATEDB", &["r1"], true)],
                "the r1: expected LOGIN, got LOGIN, CREATEDB",
            ),
            (vec![theirs()], vec![], "the r1: expected LOGIN, got none"),
            (
                vec![row("s0 0 x", "SHA-256 0", &[], true)],
                vec![row("s0 0 x", "SHA-256 1", &[], true)],
                "the s0 0 x: its value differs",
            ),
            (vec![theirs(), other()], vec![theirs(), other(), member()], "the m1 2: expected none, got {}"),
            (vec![theirs(), other(), member()], vec![theirs(), other()], "the m1 2: expected {}, got none"),
            (
                vec![theirs()],
                vec![theirs(), row("s0 1 x", "SHA-256 0", &["r1"], true)],
                "the s0 1 x: expected none, got a value",
            ),
        ] {
            assert_eq!(changes(&before, &after), [expected]);
        }
    }

    #[test]
    fn what_comes_and_goes_meanwhile_is_not() {
        let theirs = || row("r1", "LOGIN", &["r1"], true);
        let credential = || row("r3", "LOGIN", &["r3"], false);
        let member = || row("m1 3", "{}", &["r1", "r3"], true);
        for (before, after) in [
            (vec![theirs()], vec![theirs()]),
            (vec![theirs()], vec![theirs(), credential(), member()]),
            (vec![theirs(), credential(), member()], vec![theirs()]),
            // Revoked in steps, or by NOLOGIN.
            (vec![theirs(), credential(), member()], vec![theirs(), row("r3", "", &["r3"], false)]),
            (vec![theirs(), credential()], vec![theirs(), credential(), member()]),
        ] {
            assert_eq!(changes(&before, &after), Vec::<String>::new());
        }
    }
}
