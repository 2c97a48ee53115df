//! How the set-up that leaseproof did in an estate that is not its own is taken away.

use std::collections::BTreeMap;

use leaseproof_history::MadeThere;
use leaseproof_postgres::Session;
use leaseproof_vault::Client;

use super::login::Cluster;

/// Takes away what was made: mounts and policies, then databases, then the roles that may own something in them, each
/// in reverse order. Answers with what could not be, and why.
pub(super) async fn take_away(
    made: &[MadeThere],
    vault: &Client,
    clusters: &BTreeMap<String, Cluster>,
) -> Vec<(MadeThere, String)> {
    let mut left = Vec::new();
    let order = |made: &MadeThere| match made {
        MadeThere::Mount { .. } => 0,
        MadeThere::Policy { .. } => 1,
        MadeThere::Database { .. } => 2,
        MadeThere::Role { .. } => 3,
    };
    for kind in 0..4 {
        for made in made.iter().rev().filter(|made| order(made) == kind) {
            let gone = match made {
                MadeThere::Mount { path } => {
                    vault.delete(&format!("sys/mounts/{path}")).await.map(drop).map_err(|why| why.to_string())
                }
                MadeThere::Policy { name } => {
                    vault.delete(&format!("sys/policies/acl/{name}")).await.map(drop).map_err(|why| why.to_string())
                }
                MadeThere::Database { cluster, name } => {
                    drop_by(clusters, cluster, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).await
                }
                MadeThere::Role { cluster, name } => {
                    drop_by(clusters, cluster, &format!("DROP ROLE IF EXISTS {}", quoted(name))).await
                }
            };
            left.extend(gone.err().map(|why| (made.clone(), why)));
        }
    }
    left
}

async fn drop_by(clusters: &BTreeMap<String, Cluster>, cluster: &str, sql: &str) -> Result<(), String> {
    let of = clusters.get(cluster).ok_or("the scenario does not say where that cluster is")?;
    let session = Session::open(&of.operator(&of.observer.database)).await.map_err(|why| why.to_string())?;
    let done = session.script(sql).await.map_err(|why| why.to_string());
    session.close().await;
    done
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
