use std::collections::BTreeSet;

use leaseproof_postgres::Observer;

use crate::Error;

/// One database of a cluster, and the harness's own eye on it.
#[derive(Clone)]
pub struct Watched {
    /// The cluster, e.g. `target`.
    pub cluster: String,
    /// The database that `observer` is connected to: its objects and privileges are observed.
    pub database: String,
    /// The connection.
    pub observer: Observer,
}

impl Watched {
    pub(crate) fn failed(&self, what: &'static str, source: leaseproof_postgres::Error) -> Error {
        Error::Postgres { what, cluster: self.cluster.clone(), source }
    }
}

/// The watched databases of one cluster, and after them every other one that it has: a credential can log in wherever
/// PUBLIC may, and what it can do there nobody promised.
pub(crate) async fn whole_cluster(mut watched: Vec<Watched>) -> Result<Vec<Watched>, Error> {
    let first = watched[0].clone();
    let names = first.observer.databases().await.map_err(|source| first.failed("the databases", source))?;
    let known: BTreeSet<String> = watched.iter().map(|watched| watched.database.clone()).collect();
    for database in names.into_iter().filter(|name| !known.contains(name)) {
        let observer = first.observer.in_database(&database);
        watched.push(Watched { cluster: first.cluster.clone(), database, observer });
    }
    Ok(watched)
}
