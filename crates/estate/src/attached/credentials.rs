//! Credentials that Vault could not revoke: they are still there after the run's token was revoked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use leaseproof_domain::{Event, Operation, Outcome};
use leaseproof_history::{Entry, History, MadeThere, Recorder};
use leaseproof_postgres::{Session, literal};
use postgres_protocol::escape::escape_identifier;

use super::login::Cluster;

/// How often PostgreSQL is asked.
const PACE: Duration = Duration::from_millis(250);

/// A credential that is still there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CredentialLeft {
    pub(crate) cluster: String,
    pub(crate) role: String,
    pub(crate) lease: String,
    /// Not in ledgers of an older leaseproof.
    pub(crate) oid: Option<u32>,
}

impl CredentialLeft {
    pub(super) fn entry(&self) -> Entry {
        let Self { cluster, role, lease, oid } = self.clone();
        Entry::CredentialLeft { cluster, role, lease, oid }
    }
}

impl fmt::Display for CredentialLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, role, lease, oid } = self;
        let oid = oid.map_or_else(String::new, |oid| format!(" (OID {oid})"));
        write!(f, "role {role}{oid} of postgres.{cluster}, lease {lease}: Vault could not revoke it")
    }
}

/// Where the servers of a run are: what removes something names the server that it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// Vault's address.
    pub(super) vault: String,
    /// Host and port of each cluster.
    pub(super) clusters: BTreeMap<String, String>,
}

impl Places {
    /// As the ledger has them.
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut places = Self::default();
        for entry in entries {
            match entry {
                Entry::Attached { vault, .. } => places.vault.clone_from(vault),
                Entry::ClusterFound { cluster, at, .. } => {
                    places.clusters.insert(cluster.clone(), at.clone());
                }
                _ => {}
            }
        }
        places
    }

    /// As the scenario has them.
    pub(super) fn here(vault: &str, clusters: &BTreeMap<String, Cluster>) -> Self {
        let clusters = clusters.iter().map(|(name, cluster)| (name.clone(), cluster.place()));
        Self { vault: vault.to_owned(), clusters: clusters.collect() }
    }

    /// Where that thing is.
    pub(super) fn of_thing<'a>(&'a self, made: &'a MadeThere) -> &'a str {
        match made {
            MadeThere::Mount { .. } | MadeThere::Policy { .. } => &self.vault,
            MadeThere::Role { cluster, .. } | MadeThere::Database { cluster, .. } => {
                self.clusters.get(cluster).unwrap_or(cluster)
            }
        }
    }

    /// The cluster's name, and where it is.
    fn cluster(&self, name: &str) -> String {
        self.clusters.get(name).map_or_else(|| format!("postgres.{name}"), |at| format!("postgres.{name} ({at})"))
    }
}

/// A role that is not the run's credential, and may come from its statements: what to do.
pub(crate) fn role_in_words(places: &Places, cluster: &str, role: &str, oid: u32) -> String {
    format!(
        "role {role} (OID {oid}) of postgres.{cluster} is new since the setup, and is neither the setup's nor a credential that \
         Vault returned to the run. Vault's statements or somebody else created it: unless somebody else did, on {} \
         `DROP ROLE {}` removes it",
        places.cluster(cluster),
        escape_identifier(role)
    )
}

/// Each of them in words, and after the last one, once for all, what removes them.
pub(crate) fn in_words(left: &[CredentialLeft], places: &Places) -> Vec<String> {
    let mut words: Vec<String> = left.iter().map(ToString::to_string).collect();
    if let (Some(last), Some(CredentialLeft { role, lease, cluster, .. })) = (words.last_mut(), left.last()) {
        let each = if left.len() > 1 {
            format!("\n  To remove each of these {}, here the last one", left.len())
        } else {
            String::new()
        };
        let role_sql = escape_identifier(role);
        last.push_str(&format!(
            "{each}. While Vault at {} still has the lease, correct the cause, and `vault lease revoke {lease}` removes both; \
             otherwise, as a superuser on {}, `REASSIGN OWNED BY {role_sql} TO CURRENT_USER; DROP OWNED BY {role_sql}; DROP ROLE {role_sql}` \
             (all but the last in each of its databases; `leaseproof grants {role} --server URL --removal` prints the exact \
             statements), and then `vault lease revoke -force -prefix {lease}`",
            places.vault,
            places.cluster(cluster)
        ));
    }
    words
}

/// What a ledger says was left, and not found gone since.
pub(crate) fn credentials_left(entries: &[Entry]) -> Vec<CredentialLeft> {
    let mut left = BTreeSet::new();
    for entry in entries {
        match entry {
            Entry::CredentialLeft { cluster, role, lease, oid } => {
                let (cluster, role, lease, oid) = (cluster.clone(), role.clone(), lease.clone(), *oid);
                left.insert(CredentialLeft { cluster, role, lease, oid });
            }
            Entry::CredentialGone { role } => left.retain(|left| left.role != *role),
            _ => {}
        }
    }
    left.into_iter().collect()
}

/// The roles that are not gone of those that a ledger says were found: cluster, name and OID.
pub(crate) fn roles_left(entries: &[Entry]) -> Vec<(String, String, u32)> {
    let mut left = BTreeSet::new();
    for entry in entries {
        match entry {
            Entry::RoleLeft { cluster, role, oid } => {
                left.insert((cluster.clone(), role.clone(), *oid));
            }
            Entry::RoleGone { cluster, oid } => left.retain(|(of, _, left)| (of, left) != (cluster, oid)),
            _ => {}
        }
    }
    left.into_iter().collect()
}

/// How many names are shown of those that a run issued.
const SHOWN: usize = 5;

/// The credentials that a run issued. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issued(Arc<Mutex<Roles>>);

#[derive(Debug, Default)]
struct Roles {
    /// Those that it did not revoke itself: their PostgreSQL roles and leases.
    live: BTreeMap<String, String>,
    /// All of them.
    ever: BTreeSet<String>,
}

impl Issued {
    /// Takes in what is recorded from now on.
    pub(super) fn follow(&self, recorder: &Recorder) {
        let issued = self.clone();
        recorder.stream().subscribe(move |event| issued.see(event));
    }

    /// Those of a run whose harness was killed, as far as its history goes.
    pub(crate) fn recorded(ledger: &Path) -> Self {
        let issued = Self::default();
        let history = ledger.parent().map(|folder| History::open(&folder.join("history.jsonl.zst")));
        if let Some(Ok(history)) = history {
            history.for_each(|event| issued.see(&event));
        }
        issued
    }

    /// Takes in what an earlier look found.
    pub(super) fn add(&self, left: &[CredentialLeft]) {
        let mut all = self.state();
        all.live.extend(left.iter().map(|left| (left.role.clone(), left.lease.clone())));
        all.ever.extend(left.iter().map(|left| left.role.clone()));
    }

    fn see(&self, event: &Event) {
        let Event::Operation(record) = event else { return };
        let (Some(role), Some(lease), Outcome::Ok) = (&record.username, &record.lease, &record.outcome) else { return };
        let role = role.of_role().to_string();
        let mut all = self.state();
        match record.op {
            Operation::Issue => {
                all.ever.insert(role.clone());
                all.live.insert(role, lease.to_string());
            }
            Operation::Revoke => {
                all.live.remove(&role);
            }
            _ => {}
        }
    }

    /// Those that the run did not revoke, in one line, but for those that are named elsewhere. Some may have expired.
    pub(crate) fn in_words(&self, named: &[CredentialLeft]) -> Option<String> {
        let all = self.state();
        let rest: Vec<&str> =
            all.live.keys().map(String::as_str).filter(|role| !named.iter().any(|named| named.role == *role)).collect();
        let more = match rest.len() {
            0 => return None,
            count if count > SHOWN => format!(" and {} more", count - SHOWN),
            _ => String::new(),
        };
        let shown = rest.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        Some(format!(
            "credentials that the run did not revoke; those whose leases have not ended are there: {shown}{more}. Vault \
             revokes them with the run's token"
        ))
    }

    /// Whether that is no credential of the run's, and its name contains the name of one.
    pub(super) fn is_named_after_one(&self, role: &str) -> bool {
        let all = self.state();
        !all.ever.contains(role) && all.ever.iter().any(|credential| role.contains(credential))
    }

    /// Whether Vault returned that credential to the run.
    pub(super) fn has(&self, role: &str) -> bool {
        self.state().ever.contains(role)
    }

    fn state(&self) -> MutexGuard<'_, Roles> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that are in the session's cluster; none where it does not say.
    pub(super) async fn on(&self, cluster: &str, session: &Session) -> Vec<CredentialLeft> {
        let all = self.state().live.clone();
        if all.is_empty() {
            return Vec::new();
        }
        there(&all, cluster, session).await.unwrap_or_default()
    }

    /// Which of them are still in PostgreSQL after `grace`; ends as soon as none is.
    ///
    /// # Errors
    /// Why a cluster cannot say.
    pub(super) async fn still_there(
        &self,
        clusters: &BTreeMap<&str, &Cluster>,
        grace: Duration,
    ) -> Result<Vec<CredentialLeft>, String> {
        let until = Instant::now() + grace;
        let all = self.state().live.clone();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        loop {
            let left = look(&all, clusters).await?;
            if left.is_empty() || Instant::now() >= until {
                return Ok(left);
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

/// Which of these roles, with their leases, are in the session's cluster.
async fn there(
    all: &BTreeMap<String, String>,
    cluster: &str,
    session: &Session,
) -> Result<Vec<CredentialLeft>, leaseproof_postgres::Error> {
    let names: Vec<String> = all.keys().map(|role| literal(role)).collect();
    let sql = format!(
        "SELECT string_agg(oid || E'\\t' || rolname, E'\\n') FROM pg_catalog.pg_roles WHERE rolname IN ({})",
        names.join(", ")
    );
    let found = session.value(&sql).await?.unwrap_or_default();
    let left = |(oid, role): (&str, &str)| {
        let lease = all.get(role)?.clone();
        Some(CredentialLeft { cluster: cluster.to_owned(), role: role.to_owned(), lease, oid: oid.parse().ok() })
    };
    Ok(found.lines().filter_map(|line| line.split_once('\t')).filter_map(left).collect())
}

async fn look(
    all: &BTreeMap<String, String>,
    clusters: &BTreeMap<&str, &Cluster>,
) -> Result<Vec<CredentialLeft>, String> {
    let mut left = Vec::new();
    for (cluster, at) in clusters {
        let failed = |why| format!("postgres.{cluster} cannot say which credentials of the run are left: {why}");
        let session = Session::open(&at.observer).await.map_err(failed)?;
        left.extend(there(all, cluster, &session).await.map_err(failed)?);
        session.close().await;
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use leaseproof_history::Entry;

    use super::{CredentialLeft, Places, credentials_left, in_words};

    #[test]
    fn what_is_gone_is_not_left() {
        let left = |role: &str| Entry::CredentialLeft {
            cluster: "target".to_owned(),
            role: role.to_owned(),
            lease: format!("database/creds/app/{role}"),
            oid: Some(16_400),
        };
        let all = credentials_left(&[left("a"), left("b"), Entry::CredentialGone { role: "a".to_owned() }]);
        assert_eq!(all.len(), 1);
        let clusters = [("target".to_owned(), "db:5432".to_owned())].into();
        let words = in_words(&all, &Places { vault: "http://vault:8200".to_owned(), clusters }).remove(0);
        assert!(words.contains("While Vault at http://vault:8200 still"), "{words}");
        assert!(words.contains("as a superuser on postgres.target (db:5432), `REASSIGN"), "{words}");
        assert!(words.starts_with("role b (OID 16400) of postgres.target"), "{words}");
        assert!(words.contains("`vault lease revoke database/creds/app/b`"), "{words}");
        assert!(words.contains("TO CURRENT_USER; DROP OWNED BY \"b\"; DROP ROLE \"b\"`"), "{words}");
    }

    #[test]
    fn what_removes_several_is_said_once() {
        let left = |role: &str| CredentialLeft {
            cluster: "target".to_owned(),
            role: role.to_owned(),
            lease: format!("database/creds/app/{role}"),
            oid: None,
        };
        let words = in_words(&[left("a"), left("b")], &Places::default());
        assert_eq!(words[0], "role a of postgres.target, lease database/creds/app/a: Vault could not revoke it");
        assert!(words[1].contains("it\n  To remove each of these 2, here the last one. While Vault"), "{words:?}");
        assert!(words[1].contains("`vault lease revoke database/creds/app/b`"), "{words:?}");
        assert!(in_words(&[], &Places::default()).is_empty());
    }
}
