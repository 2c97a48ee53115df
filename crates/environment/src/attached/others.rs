//! Roles, databases, memberships and settings of others: what of them differs after the setup, and after the run.
//!
//! What the setup creates did not exist before, and is not compared. Neither is what others create or drop meanwhile for
//! their own credentials.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_history::MadeThere;
use leaseproof_postgres::{Error, Session};
use leaseproof_scenario::{Plan, SetupAction, SetupStep};
use serde_json::Value;

use super::AttachError;
use super::issued::Issued;
use super::login::Cluster;
use super::traces::Made;

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

impl Catalog {
    /// Roles that are new later: OID, name, and whether it is no credential with an end.
    fn new_roles<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = (u32, &'a str, bool)> {
        let new = later.0.iter().filter(|(key, _)| !self.0.contains_key(*key));
        new.filter_map(|(key, row)| {
            Some((key.strip_prefix('r')?.parse().ok()?, row.what.strip_prefix("role ")?, row.lasts))
        })
    }

    /// OIDs of roles that are new later, and are members of roles with those OIDs or have these as members: from PostgreSQL 16
    /// on, who creates a role becomes a member of it.
    fn beside<'a>(&'a self, later: &'a Self, ours: &[u32]) -> impl Iterator<Item = u32> + use<'a> {
        let ours: BTreeSet<String> = ours.iter().map(|oid| format!("r{oid}")).collect();
        let memberships = later.0.iter().filter(|(key, _)| key.starts_with('m'));
        let of_ours = memberships.filter(move |(_, row)| row.of.iter().filter(|one| ours.contains(*one)).count() == 1);
        let new = of_ours.flat_map(|(_, row)| &row.of).filter(|one| !self.0.contains_key(*one));
        new.filter_map(|one| one.strip_prefix('r')?.parse().ok())
    }

    /// Memberships of roles that were there before, but for those accounts', in roles with those OIDs.
    fn joined<'a>(
        &'a self,
        later: &'a Self,
        ours: &[u32],
        accounts: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = String> + 'a {
        let groups: BTreeSet<String> = ours.iter().map(|oid| format!("r{oid}")).collect();
        let memberships = later.0.iter().filter(|(key, _)| key.starts_with('m') && !self.0.contains_key(*key));
        memberships.filter_map(move |(_, row)| {
            let (of_ours, members): (Vec<&String>, Vec<&String>) = row.of.iter().partition(|one| groups.contains(*one));
            let member = self.0.get(*members.first()?).filter(|member| member.lasts)?;
            let is_others = member.what.strip_prefix("role ").is_some_and(|name| !accounts.contains(name));
            (!of_ours.is_empty() && is_others).then(|| row.differs("none", row.shown()))
        })
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
pub(super) struct Others {
    clusters: BTreeMap<String, Catalog>,
    /// Accounts that steps of the setup log in with: PostgreSQL makes the creator of a role a member of it.
    accounts: BTreeSet<String>,
}

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
        Ok(Self { clusters: all, accounts: BTreeSet::new() })
    }

    /// The same, with the accounts that the steps of that plan log in with.
    pub(super) fn with_accounts_of(self, plan: &Plan) -> Self {
        let user = |step: &SetupStep| match &step.action {
            SetupAction::Sql { user, .. } => user.clone(),
            _ => None,
        };
        Self { accounts: plan.setup.iter().filter_map(user).collect(), ..self }
    }

    /// What of them differs later, each in words.
    pub(super) fn changes(&self, later: &Self) -> Vec<String> {
        self.each(later, |_, before, later| before.changes(later))
    }

    /// Memberships of others' roles in those that the run made, each in words: they end with its roles.
    pub(super) fn joined(&self, later: &Self, made: &[Made], clusters: &BTreeMap<String, Cluster>) -> Vec<String> {
        self.each(later, |name, before, later| {
            let mut accounts = self.accounts.clone();
            accounts.extend(clusters.get(name).map(|cluster| cluster.account().to_owned()));
            before.joined(later, &roles_on(name, made), &accounts).collect()
        })
    }

    /// Roles that are new later, and members of those that the run made, or the other way round: cluster and OID.
    pub(super) fn beside(&self, later: &Self, made: &[Made]) -> BTreeSet<(String, u32)> {
        let pairs = self.clusters.iter().filter_map(|(name, before)| Some((name, before, later.clusters.get(name)?)));
        pairs
            .flat_map(|(name, before, later)| {
                before.beside(later, &roles_on(name, made)).map(move |oid| (name.clone(), oid))
            })
            .collect()
    }

    fn each(&self, later: &Self, of: impl Fn(&str, &Catalog, &Catalog) -> Vec<String>) -> Vec<String> {
        let all =
            self.clusters.iter().filter_map(|(name, before)| Some((name, of(name, before, later.clusters.get(name)?))));
        all.flat_map(|(name, words)| words.into_iter().map(move |words| format!("{words} (postgres.{name})"))).collect()
    }

    /// Roles that are new later, and are neither of those nor credentials of the run's: cluster, name and OID. One with an end
    /// is another Vault's credential, unless it is named after one of the run's, or was found beside the run's roles.
    pub(super) fn new_roles(
        &self,
        later: &Self,
        (made, beside): (&[Made], &BTreeSet<(String, u32)>),
        issued: &Issued,
    ) -> Vec<(String, String, u32)> {
        let mut new = Vec::new();
        for (cluster, before) in &self.clusters {
            let Some(later) = later.clusters.get(cluster) else { continue };
            let ours = roles_on(cluster, made);
            let is_of_run =
                |oid: u32, name: &str| issued.is_named_after_one(name) || beside.contains(&(cluster.clone(), oid));
            let roles = before.new_roles(later).filter(|(oid, name, _)| !issued.has(name) && !ours.contains(oid));
            let roles = roles.filter(|(oid, name, lasts)| *lasts || is_of_run(*oid, name));
            new.extend(roles.map(|(oid, name, _)| (cluster.clone(), name.to_owned(), oid)));
        }
        new
    }
}

/// The OIDs of the roles that the run made in a cluster.
fn roles_on(cluster: &str, made: &[Made]) -> Vec<u32> {
    let is_here = |made: &&Made| matches!(&made.what, MadeThere::Role { cluster: of, .. } if of == cluster);
    made.iter().filter(is_here).filter_map(Made::oid).collect()
}

#[cfg(test)]
mod tests {
    use leaseproof_history::{MadeThere, Proof};
    use serde_json::{Value, json};

    use super::{Catalog, Others};
    use crate::attached::credential::CredentialLeft;
    use crate::attached::issued::Issued;
    use crate::attached::traces::Made;

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
    fn new_roles_are_distinguished_from_the_runs_own() {
        let named = |oid: u32, name: &str, lasts| {
            let key = format!("r{oid}");
            json!({ "key": key, "what": format!("role {name}"), "value": "", "of": [key], "lasts": lasts })
        };
        let before = vec![named(1, "theirs", true)];
        let made = |oid| Made {
            what: MadeThere::Role { cluster: "target".to_owned(), name: "ours".to_owned() },
            proofs: vec![Proof::Oid { oid }],
        };
        let issued = Issued::default();
        issued.add(&[CredentialLeft {
            cluster: "target".to_owned(),
            role: "v-app-1".to_owned(),
            lease: "database/creds/app/1".to_owned(),
            oid: None,
        }]);
        let others = |rows: &[Value]| Others {
            clusters: [("target".to_owned(), Catalog::of(&json!(rows)))].into(),
            ..Others::default()
        };
        for (new, expected) in [
            (named(2, "ours", true), None),
            (named(3, "v-app-1", true), None),
            (named(4, "v-other-9", false), None),
            (named(5, "v-app-1-2", false), Some("v-app-1-2")),
            (named(6, "xv-app-1", true), Some("xv-app-1")),
            (named(7, "readers", true), Some("readers")),
            (named(8, "beside", false), Some("beside")),
        ] {
            let member = row("m8 2 10", "{}", &["r8", "r2"], true);
            let later = others(&[before[0].clone(), new, member]);
            let beside = others(&before).beside(&later, &[made(2)]);
            let found = others(&before).new_roles(&later, (&[made(2)], &beside), &issued);
            assert_eq!(found.first().map(|(_, name, _)| name.as_str()), expected);
        }
    }

    #[test]
    fn others_roles_in_the_runs_are_named() {
        let role = |oid: u32, name: &str, lasts| {
            let key = format!("r{oid}");
            json!({ "key": key, "what": format!("role {name}"), "value": "", "of": [key], "lasts": lasts })
        };
        let before =
            Catalog::of(&json!([role(1, "theirs", true), role(2, "operator", true), role(3, "credential", false)]));
        for (member, group, expected) in [(1, 7, 1), (2, 7, 0), (3, 7, 0), (1, 9, 0), (8, 7, 0)] {
            let membership =
                row(&format!("m{group} {member} 10"), "{}", &[&format!("r{group}"), &format!("r{member}")], true);
            let later = Catalog::of(&json!([role(1, "theirs", true), role(7, "ours", true), membership]));
            assert_eq!(
                before.joined(&later, &[7], &["operator".to_owned()].into()).count(),
                expected,
                "{member} in {group}"
            );
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
