//! PostgreSQL roles that a killed run left and that are not its setup's: credentials, and what its statements made.

use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_history::{Entry, OpenLedger};
use leaseproof_postgres::{Error, Session};

use super::{CleanedThing, REVOKING};
use crate::attached::away::{Left, Servers, ThingState};
use crate::attached::credentials::{CredentialLeft, Places, credentials_left, in_words, role_in_words, roles_left};
use crate::attached::identity::nowhere;
use crate::attached::login::Cluster;

/// Notes something in the ledger. Returns why it could not.
type Note<'a> = &'a (dyn Fn(&Entry) -> Option<CleanedThing> + Sync);

/// All of them, but for those that are named with their mount.
pub(super) async fn of(
    open: &OpenLedger,
    servers: &Servers<'_>,
    dry_run: bool,
    named: &[Left],
    note: Note<'_>,
) -> Vec<CleanedThing> {
    // On another cluster they are not, which is not to be taken for gone.
    let (mut here, mut away) = (BTreeMap::new(), BTreeMap::new());
    for (name, cluster) in servers.clusters {
        let is_known = servers.expected.clusters.contains_key(name);
        let same = if is_known { servers.expected.same_timeline(name, Some(cluster)).await.err() } else { None };
        match same {
            Some(why) => drop(away.insert(name.as_str(), why)),
            None => drop(here.insert(name.as_str(), cluster)),
        }
    }
    let rest =
        Rest { open, servers, here, away, places: Places::here(servers.vault.address(), servers.clusters), dry_run };
    let mut things = rest.credentials(named, note).await;
    things.extend(rest.roles(note).await);
    things
}

struct Rest<'a> {
    open: &'a OpenLedger,
    servers: &'a Servers<'a>,
    /// The clusters that are those that the run worked on.
    here: BTreeMap<&'a str, &'a Cluster>,
    /// Why the others of the scenario are not.
    away: BTreeMap<&'a str, String>,
    places: Places,
    dry_run: bool,
}

impl Rest<'_> {
    fn is_of_setup(&self) -> bool {
        self.open.entries.iter().any(|entry| matches!(entry, Entry::MadeThere { .. }))
    }

    fn not_reached(&self, what: String, cluster: &str) -> CleanedThing {
        let why = self.away.get(cluster).cloned().unwrap_or_else(|| nowhere(cluster));
        let why = self.servers.expected.not_reached(cluster, &why);
        CleanedThing { words: format!("{what}: {why}"), state: ThingState::NotReached }
    }

    /// The credentials that Vault could not revoke. Without the mount nothing else names them: somebody may have removed it
    /// by force.
    async fn credentials(&self, named: &[Left], note: Note<'_>) -> Vec<CleanedThing> {
        let (known, away): (Vec<CredentialLeft>, Vec<CredentialLeft>) = credentials_left(&self.open.entries)
            .into_iter()
            .partition(|left| self.here.contains_key(left.cluster.as_str()));
        let mut things: Vec<CleanedThing> = away
            .iter()
            .map(|left| self.not_reached(format!("role {} of postgres.{}", left.role, left.cluster), &left.cluster))
            .collect();
        self.servers.issued.add(&known);
        // A mount is gone after all of its leases.
        let grace = if self.dry_run || self.is_of_setup() { Duration::ZERO } else { REVOKING };
        let left = match self.servers.issued.still_there(&self.here, grace).await {
            Ok(left) => left,
            Err(why) => {
                things.push(CleanedThing::remains(why));
                return things;
            }
        };
        let is_unnamed = |left: &&CredentialLeft| !named.iter().any(|named| named.is_role(&left.role));
        let (stuck, live): (Vec<CredentialLeft>, Vec<CredentialLeft>) =
            left.iter().filter(is_unnamed).cloned().partition(|left| !self.dry_run || known.contains(left));
        things.extend(live.iter().map(|CredentialLeft { cluster, role, lease, .. }| {
            CleanedThing::remains(format!("role {role} of postgres.{cluster}, lease {lease}: Vault would revoke it"))
        }));
        things.extend(in_words(&stuck, &self.places).into_iter().map(CleanedThing::remains));
        if self.dry_run {
            return things;
        }
        for left in left.iter().filter(|left| !known.contains(left)) {
            things.extend(note(&left.entry()));
        }
        for gone in known.iter().filter(|known| left.iter().all(|left| left.role != known.role)) {
            things.push(CleanedThing::gone(format!("role {} of postgres.{}: gone", gone.role, gone.cluster)));
            things.extend(note(&Entry::CredentialGone { role: gone.role.clone() }));
        }
        things
    }

    /// The roles that its statements may have made: those that the run found, and those that are named after a credential.
    async fn roles(&self, note: Note<'_>) -> Vec<CleanedThing> {
        let known = roles_left(&self.open.entries);
        let mut things = Vec::new();
        for (cluster, role, oid) in known.iter().filter(|(cluster, ..)| !self.here.contains_key(cluster.as_str())) {
            things.push(self.not_reached(format!("role {role} (OID {oid}) of postgres.{cluster}"), cluster));
        }
        if !self.is_of_setup() && known.is_empty() {
            return things;
        }
        for (name, cluster) in &self.here {
            let there = match roles(cluster).await {
                Ok(there) => there,
                Err(why) => {
                    things
                        .push(CleanedThing::remains(format!("postgres.{name} cannot say which roles are left: {why}")));
                    continue;
                }
            };
            for (oid, role) in &there {
                let is_known = known.iter().any(|(of, _, known)| of == name && known == oid);
                if !is_known && !self.servers.issued.is_named_after_one(role) {
                    continue;
                }
                things.push(CleanedThing::remains(role_in_words(&self.places, name, role, *oid)));
                if !is_known && !self.dry_run {
                    let (cluster, role) = ((*name).to_owned(), role.clone());
                    things.extend(note(&Entry::RoleLeft { cluster, role, oid: *oid }));
                }
            }
            let is_gone = |known: &&(String, String, u32)| known.0 == *name && !there.contains_key(&known.2);
            for (cluster, role, oid) in known.iter().filter(|known| !self.dry_run && is_gone(known)) {
                things.push(CleanedThing::gone(format!("role {role} of postgres.{cluster}: gone")));
                things.extend(note(&Entry::RoleGone { cluster: cluster.clone(), oid: *oid }));
            }
        }
        things
    }
}

/// All roles of a cluster, by OID.
async fn roles(cluster: &Cluster) -> Result<BTreeMap<u32, String>, Error> {
    let session = Session::open(&cluster.observer).await?;
    let all =
        "SELECT string_agg(oid || E'\\t' || rolname, E'\\n') FROM pg_catalog.pg_roles WHERE rolname !~ '[\\t\\n]'";
    let found = session.value(all).await?.unwrap_or_default();
    session.close().await;
    Ok(found
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(oid, role)| Some((oid.parse().ok()?, role.to_owned())))
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::collections::BTreeMap;
    use std::net::TcpListener;
    use std::time::Duration;

    use leaseproof_history::{Entry, Ledger};
    use leaseproof_postgres::Login;
    use leaseproof_vault::{Client, Reach};

    use super::of;
    use crate::attached::away::{Servers, ThingState};
    use crate::attached::credentials::Issued;
    use crate::attached::identity::Identity;
    use crate::attached::login::Cluster;

    fn cluster(port: u16) -> Cluster {
        let observer = Login {
            host: "127.0.0.1".to_owned(),
            port,
            database: "postgres".to_owned(),
            user: "observer".to_owned(),
            password: None,
            application_name: "leaseproof".to_owned(),
            timeout: Duration::from_secs(5),
            encryption: None,
        };
        Cluster { observer, operator: None, endpoints: Vec::new() }
    }

    #[tokio::test]
    async fn why_a_cluster_is_not_reached_is_what_it_answered() {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("index");
        let ledger = Ledger::create_in(&index, &folder.path().join("ledger.jsonl"), "r1").unwrap();
        for name in ["target", "removed"] {
            let cluster = || name.to_owned();
            let (at, system_identifier) = ("db:5432".to_owned(), "7".to_owned());
            ledger.add(Entry::ClusterFound { cluster: cluster(), at, system_identifier, timeline: None }).unwrap();
            let (role, lease) = (format!("v-{name}"), format!("database/creds/app/{name}"));
            ledger.add(Entry::CredentialLeft { cluster: cluster(), role, lease, oid: Some(16_400) }).unwrap();
            ledger.add(Entry::RoleLeft { cluster: cluster(), role: format!("{name}-2"), oid: 16_401 }).unwrap();
        }
        let open = Ledger::open_all_in(&index).unwrap().remove(0);
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let clusters = BTreeMap::from([("target".to_owned(), cluster(port))]);
        let address = "http://127.0.0.1:8200".to_owned();
        let reach = Reach { address, timeout: Duration::from_secs(5), encryption: None, namespace: None };
        let vault = Client::reaching(&reach).unwrap();
        let (expected, issued) = (Identity::of(&open.entries), Issued::default());
        let servers =
            Servers { vault: &vault, namespace: None, clusters: &clusters, expected: &expected, issued: &issued };
        let things = of(&open, &servers, false, &[], &|_| None).await;
        let of_kind = |cluster: &str, why: &str| {
            let is = |words: &str| words.contains(&format!("postgres.{cluster}")) && words.contains(why);
            things.iter().filter(|thing| thing.state == ThingState::NotReached && is(&thing.words)).count()
        };
        assert_eq!(things.len(), 4, "{things:?}");
        let refused = format!("postgres.target at 127.0.0.1:{port} cannot say which one it is: ");
        assert_eq!(of_kind("target", &refused), 2, "{things:?}");
        assert_eq!(of_kind("target", "onnection refused"), 2, "{things:?}");
        assert_eq!(of_kind("removed", "the scenario does not say where postgres.removed is"), 2, "{things:?}");
        assert!(things.iter().all(|thing| !thing.words.contains("or does not answer")), "{things:?}");
    }
}
