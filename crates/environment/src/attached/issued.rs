//! The credentials that a run issued, and which of them are still in PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use leaseproof_domain::{Event, Operation, OperationRecord, Outcome, RoleRead, RoleSeen};
use leaseproof_history::{History, ReadEnd, Recorder};
use leaseproof_postgres::{Session, literal};
use leaseproof_scenario::{Plan, RolePromise};

use super::credential::{CredentialLeft, Unchecked};
use super::login::Cluster;

use crate::launch::wait::Tries;

/// How often PostgreSQL is asked.
const PACE: Duration = Duration::from_millis(250);
/// How many names are shown of those that a run issued.
const SHOWN: usize = 5;

/// The credentials that a run issued. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issued(Arc<Mutex<Roles>>);

#[derive(Debug, Default)]
struct Roles {
    /// Those that it did not revoke itself, and whose PostgreSQL roles were not observed to be gone: roles and leases.
    live: BTreeMap<String, String>,
    /// Those of the rest whose roles were observed to be gone.
    gone: BTreeMap<String, String>,
    /// All of them.
    ever: BTreeSet<String>,
    /// The OIDs of roles that were observed, and not to be gone since.
    oids: BTreeMap<String, u32>,
    /// The cluster that a lease's role is in, by what the lease begins with.
    clusters: BTreeMap<String, String>,
    /// Why the history, which names them, cannot be read to its end.
    unread: Option<String>,
    /// Whether the history ends as one does whose writer was killed.
    is_cut_off: bool,
}

impl Issued {
    /// Takes in what is recorded from now on.
    pub(super) fn follow(&self, recorder: &Recorder, plan: &Plan) {
        self.place(plan);
        let issued = self.clone();
        recorder.stream().subscribe(move |event| issued.see(event));
    }

    /// Takes in which clusters the plan's roles are for.
    pub(super) fn place(&self, plan: &Plan) {
        let of_role = |role: &RolePromise| (format!("{}/", role.creds_path()), role.on.clone());
        self.state().clusters = plan.roles.iter().map(of_role).collect();
    }

    /// Those of a run whose harness was killed, as far as its history goes.
    pub(crate) fn recorded(ledger: &Path) -> Self {
        let issued = Self::default();
        let unread = match ledger.parent().map(|folder| History::open(&folder.join("history.jsonl.zst"))) {
            Some(Ok(history)) => issued.read(history),
            Some(Err(why)) => Some(why.to_string()),
            None => Some("the ledger does not say where the run's folder is".to_owned()),
        };
        issued.state().unread = unread;
        issued
    }

    /// Takes in a history. Returns why it could not be read to its end.
    fn read(&self, mut history: History) -> Option<String> {
        history.by_ref().for_each(|event| self.see(&event));
        let end = history.ended();
        self.state().is_cut_off = end.is_as_killed();
        match end {
            ReadEnd::CutOff { why } | ReadEnd::TooLarge { why } if !self.is_cut_off() => {
                Some(format!("the run's history could not be read to its end: {why}"))
            }
            _ => None,
        }
    }

    /// Whether its history ends as one does whose writer was killed: the last credentials may be missing.
    pub(super) fn is_cut_off(&self) -> bool {
        self.state().is_cut_off
    }

    /// Why the history of that run cannot be read, or not to its end.
    pub(super) fn unread(&self) -> Option<String> {
        self.state().unread.clone()
    }

    /// Takes in credentials that nobody checked.
    pub(super) fn add_unchecked(&self, unchecked: &[Unchecked]) {
        let mut all = self.state();
        all.live.extend(unchecked.iter().map(|one| (one.role.clone(), one.lease.clone())));
        all.ever.extend(unchecked.iter().map(|one| one.role.clone()));
    }

    /// Those that the run did not revoke itself, as if nobody had checked them.
    pub(super) fn unchecked(&self) -> Vec<Unchecked> {
        let all = self.state();
        let cluster = |lease: &str| {
            all.clusters.iter().find(|(start, _)| lease.starts_with(start.as_str())).map(|(_, cluster)| cluster.clone())
        };
        let one = |(role, lease): (&String, &String)| Unchecked {
            role: role.clone(),
            lease: lease.clone(),
            cluster: cluster(lease),
            oid: all.oids.get(role).copied(),
        };
        all.live.iter().map(one).collect()
    }

    /// Takes in what an earlier observation found.
    pub(super) fn add(&self, left: &[CredentialLeft]) {
        let mut all = self.state();
        all.live.extend(left.iter().map(|left| (left.role.clone(), left.lease.clone())));
        all.ever.extend(left.iter().map(|left| left.role.clone()));
    }

    fn see(&self, event: &Event) {
        match event {
            Event::Operation(record) => self.see_operation(record),
            Event::RoleRead(RoleRead { role: Some(seen), .. }) => self.see_roles(std::slice::from_ref(seen)),
            Event::Roles(observation) => {
                self.see_roles(&observation.appeared);
                self.see_gone(&observation.gone);
            }
            _ => {}
        }
    }

    fn see_roles(&self, seen: &[RoleSeen]) {
        let mut all = self.state();
        for role in seen {
            let name = role.name.to_string();
            // It is there again, for example after a failover to a standby that had not replayed the DROP ROLE.
            if let Some(lease) = all.gone.remove(&name) {
                all.live.insert(name.clone(), lease);
            }
            all.oids.insert(name, role.oid);
        }
    }

    /// Roles with those OIDs are gone. If roles of several clusters have the same OID, it is not known which one.
    fn see_gone(&self, oids: &[u32]) {
        let oids: BTreeSet<u32> = oids.iter().copied().collect();
        if oids.is_empty() {
            return;
        }
        let mut all = self.state();
        let mut names: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (name, oid) in all.oids.iter().filter(|(_, oid)| oids.contains(oid)) {
            names.entry(*oid).or_default().push(name.clone());
        }
        for names in names.values() {
            if let [name] = names.as_slice() {
                all.oids.remove(name);
                if let Some(lease) = all.live.remove(name) {
                    all.gone.insert(name.clone(), lease);
                }
            }
        }
    }

    fn see_operation(&self, record: &OperationRecord) {
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
        let tries = Tries::new(grace, PACE);
        let all = self.state().live.clone();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        loop {
            let left = observation(&all, clusters).await?;
            if left.is_empty() || !tries.again().await {
                return Ok(left);
            }
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

async fn observation(
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
mod tests;
