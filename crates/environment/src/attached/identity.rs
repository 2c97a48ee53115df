//! Which servers answer: an address may lead to another one tomorrow.

use std::collections::BTreeMap;

use leaseproof_history::Entry;
use leaseproof_postgres::Session;
use leaseproof_vault::Client;

use super::AttachError;
use super::login::Cluster;

/// Which servers a run works on, or worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    /// Vault's cluster id and the namespace; none where the ledger of an older leaseproof does not say.
    pub(super) vault: Option<(String, Option<String>)>,
    /// The PostgreSQL clusters.
    pub(super) clusters: BTreeMap<String, FoundCluster>,
}

/// A cluster that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundCluster {
    /// Where.
    at: String,
    system_identifier: String,
    timeline: Option<String>,
}

impl Identity {
    /// What a ledger says. The run worked on the Vault of its first login.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut identity = Self::default();
        for entry in entries {
            match entry {
                Entry::Attached { cluster_id: Some(id), namespace, .. } => {
                    identity.vault.get_or_insert_with(|| (id.clone(), namespace.clone()));
                }
                Entry::ClusterFound { cluster, at, system_identifier, timeline } => {
                    let (at, system_identifier, timeline) = (at.clone(), system_identifier.clone(), timeline.clone());
                    identity.clusters.insert(cluster.clone(), FoundCluster { at, system_identifier, timeline });
                }
                _ => {}
            }
        }
        identity
    }

    /// Asks those clusters who they are.
    pub(super) async fn ask(
        vault: Option<(String, Option<String>)>,
        clusters: &BTreeMap<String, Cluster>,
    ) -> Result<Self, AttachError> {
        let mut identity = Self { vault, clusters: BTreeMap::new() };
        for (name, cluster) in clusters {
            let failed = |source| AttachError::Operator { cluster: name.clone(), source };
            identity.clusters.insert(name.clone(), found(cluster).await.map_err(failed)?);
        }
        Ok(identity)
    }

    /// Asks those clusters too. One that does not allow it stays unknown: nothing of a setup is removed there.
    ///
    /// # Errors
    /// [`AttachError::Postgres`] where one does not answer.
    pub(super) async fn ask_where_allowed(
        vault: Option<(String, Option<String>)>,
        clusters: &BTreeMap<String, Cluster>,
    ) -> Result<Self, AttachError> {
        let mut identity = Self { vault, clusters: BTreeMap::new() };
        for (name, cluster) in clusters {
            match found(cluster).await {
                Ok(found) => drop(identity.clusters.insert(name.clone(), found)),
                Err(why) if is_rejected(&why) => {}
                Err(source) => return Err(AttachError::Postgres { cluster: name.clone(), source }),
            }
        }
        Ok(identity)
    }

    /// Makes sure that the clusters that answer are those that the run worked on, as far as these said which they are.
    ///
    /// # Errors
    /// Why one is another one, or cannot say which one it is.
    pub(super) async fn all_same(&self, clusters: &BTreeMap<String, Cluster>) -> Result<(), String> {
        for name in self.clusters.keys() {
            let _is_neither_restored_nor_promoted = self.same_timeline(name, clusters.get(name)).await?;
        }
        Ok(())
    }

    /// For the ledger.
    pub(super) fn entries(&self, address: &str) -> Vec<Entry> {
        let (cluster_id, namespace) = self.vault.clone().map_or((None, None), |(id, namespace)| (Some(id), namespace));
        let vault = Entry::Attached { vault: address.to_owned(), cluster_id, namespace };
        let clusters = self.clusters.iter().map(|(cluster, found)| Entry::ClusterFound {
            cluster: cluster.clone(),
            at: found.at.clone(),
            system_identifier: found.system_identifier.clone(),
            timeline: found.timeline.clone(),
        });
        [vault].into_iter().chain(clusters).collect()
    }

    /// Why the Vault that answers is not the one that the run worked on, or cannot be distinguished from another.
    pub(super) async fn differs_from_vault(&self, vault: &Client, namespace: Option<&str>) -> Option<String> {
        let address = vault.address();
        let Some((expected, space)) = &self.vault else {
            return Some(format!("the ledger does not say which Vault was at {address}: an older leaseproof wrote it"));
        };
        let got = match vault.health().await {
            Ok(health) => health.cluster_id.unwrap_or_else(|| "none: it is sealed".to_owned()),
            Err(why) => return Some(format!("Vault at {address} cannot say which one it is: {why}")),
        };
        if got != *expected {
            return Some(format!("another Vault answers at {address}: expected cluster id {expected}, got {got}"));
        }
        let shown = |space: Option<&str>| space.unwrap_or("root").trim_matches('/').to_owned();
        let (expected, got) = (shown(space.as_deref()), shown(namespace));
        (expected != got).then(|| format!("the namespace at {address} differs: expected {expected}, got {got}"))
    }

    /// Why nothing is done in a cluster, and what to do.
    pub(super) fn not_reached(&self, cluster: &str, why: &str) -> String {
        let place =
            self.clusters.get(cluster).map_or_else(String::new, |FoundCluster { at, system_identifier, .. }| {
                format!("it is at {at} (system identifier {system_identifier}); ")
            });
        format!(
            "not reached: {place}{why}. Set `observer` back to that server, and run `leaseproof clean --attached SCENARIO` again"
        )
    }

    /// The same of Vault.
    pub(super) fn vault_not_reached(&self, why: &str) -> String {
        let place = self
            .vault
            .as_ref()
            .map_or_else(String::new, |(id, _)| format!("it is on the Vault with cluster id {id}; "));
        format!(
            "not reached: {place}{why}. Set `address` back to that Vault, and run `leaseproof clean --attached SCENARIO` again"
        )
    }

    /// Whether the cluster, which is the one that the run worked on, has been neither restored nor promoted since: a
    /// restore gives OIDs once more.
    ///
    /// # Errors
    /// Why the cluster that answers is another one, or cannot be distinguished from another.
    pub(super) async fn same_timeline(&self, name: &str, cluster: Option<&Cluster>) -> Result<bool, String> {
        let cluster = cluster.ok_or_else(|| nowhere(name))?;
        let expected = self.clusters.get(name).ok_or_else(|| {
            format!("the ledger does not say which cluster postgres.{name} was: an older leaseproof wrote it")
        })?;
        let got = found(cluster)
            .await
            .map_err(|why| format!("postgres.{name} at {} cannot say which one it is: {why}", cluster.place()))?;
        if got.system_identifier != expected.system_identifier {
            return Err(format!(
                "another cluster answers at {}: expected system identifier {} (which was at {}), got {}",
                cluster.place(),
                expected.system_identifier,
                expected.at,
                got.system_identifier
            ));
        }
        Ok(expected.timeline.is_some() && got.timeline == expected.timeline)
    }
}

/// Why a cluster is not asked.
pub(super) fn nowhere(cluster: &str) -> String {
    format!("the scenario does not say where postgres.{cluster} is")
}

/// Whether PostgreSQL rejected the question itself: later it would do so again. SQLSTATE classes 08, 53, 57 and 58 are about its
/// connections, its resources and its state.
fn is_rejected(why: &leaseproof_postgres::Error) -> bool {
    why.sqlstate().is_some_and(|code| !["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)))
}

/// initdb gives each cluster a system identifier of its own, and everybody may ask for it and for the timeline
/// (src/backend/utils/misc/pg_controldata.c).
async fn found(cluster: &Cluster) -> Result<FoundCluster, leaseproof_postgres::Error> {
    let session = Session::open(&cluster.operator(&cluster.observer.database)).await?;
    let found = session.value("SELECT system_identifier FROM pg_catalog.pg_control_system()").await?;
    let timeline = session.value("SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()").await?;
    session.close().await;
    Ok(FoundCluster { at: cluster.place(), system_identifier: found.unwrap_or_default(), timeline })
}

#[cfg(test)]
mod tests {
    use leaseproof_history::Entry;
    use leaseproof_postgres::Error;

    use super::{Identity, is_rejected};

    #[test]
    fn a_later_login_to_another_vault_does_not_change_where_the_run_worked() {
        let login = |cluster_id: Option<&str>| Entry::Attached {
            vault: "http://vault:8200".to_owned(),
            cluster_id: cluster_id.map(str::to_owned),
            namespace: None,
        };
        let identity = Identity::of(&[login(None), login(Some("first")), login(Some("second"))]);
        assert_eq!(identity.vault, Some(("first".to_owned(), None)));
    }

    #[test]
    fn only_what_postgresql_rejects_leaves_a_cluster_unknown() {
        let answer =
            |sqlstate: &str| Error::Answer { sqlstate: sqlstate.to_owned(), message: String::new(), position: None };
        assert!(is_rejected(&answer("42501")) && is_rejected(&answer("0A000")));
        for why in [answer("53300"), answer("57P03"), answer("08006"), Error::NoAnswer { why: String::new() }] {
            assert!(!is_rejected(&why), "{why}");
        }
    }
}
