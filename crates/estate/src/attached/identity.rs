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
    /// By cluster: where it answered, and its system identifier.
    pub(super) clusters: BTreeMap<String, (String, String)>,
}

impl Identity {
    /// What a ledger says.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut identity = Self::default();
        for entry in entries {
            match entry {
                Entry::Attached { cluster_id: Some(id), namespace, .. } => {
                    identity.vault = Some((id.clone(), namespace.clone()));
                }
                Entry::ClusterFound { cluster, at, system_identifier } => {
                    identity.clusters.insert(cluster.clone(), (at.clone(), system_identifier.clone()));
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
            let found = system_identifier(cluster).await.map_err(failed)?;
            identity.clusters.insert(name.clone(), (place(cluster), found));
        }
        Ok(identity)
    }

    /// For the ledger.
    pub(super) fn entries(&self, address: &str) -> Vec<Entry> {
        let (cluster_id, namespace) = self.vault.clone().map_or((None, None), |(id, namespace)| (Some(id), namespace));
        let vault = Entry::Attached { vault: address.to_owned(), cluster_id, namespace };
        let clusters = self.clusters.iter().map(|(cluster, (at, system_identifier))| Entry::ClusterFound {
            cluster: cluster.clone(),
            at: at.clone(),
            system_identifier: system_identifier.clone(),
        });
        [vault].into_iter().chain(clusters).collect()
    }

    /// Why the Vault that answers is not the one that the run worked on, or cannot be told from another.
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

    /// Why the cluster that answers is not the one that the run worked on, or cannot be told from another.
    pub(super) async fn differs_from_cluster(&self, name: &str, cluster: Option<&Cluster>) -> Option<String> {
        let Some(cluster) = cluster else {
            return Some(format!("the scenario does not say where postgres.{name} is"));
        };
        let Some((was_at, expected)) = self.clusters.get(name) else {
            return Some(format!(
                "the ledger does not say which cluster postgres.{name} was: an older leaseproof wrote it"
            ));
        };
        match system_identifier(cluster).await {
            Ok(got) if got == *expected => None,
            Ok(got) => Some(format!(
                "another cluster answers at {}: expected system identifier {expected} (which was at {was_at}), got {got}",
                place(cluster)
            )),
            Err(why) => Some(format!("postgres.{name} at {} cannot say which one it is: {why}", place(cluster))),
        }
    }
}

fn place(cluster: &Cluster) -> String {
    format!("{}:{}", cluster.observer.host, cluster.observer.port)
}

/// initdb gives each cluster its own, and everybody may ask for it (src/backend/utils/misc/pg_controldata.c).
async fn system_identifier(cluster: &Cluster) -> Result<String, leaseproof_postgres::Error> {
    let session = Session::open(&cluster.operator(&cluster.observer.database)).await?;
    let found = session.value("SELECT system_identifier FROM pg_catalog.pg_control_system()").await?;
    session.close().await;
    Ok(found.unwrap_or_default())
}
