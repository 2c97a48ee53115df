//! PostgreSQL roles that a killed run left and that are not its setup's: credentials, and what its statements made.

use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_history::{Entry, OpenLedger};
use leaseproof_postgres::{Error, Session};

use super::{CleanedThing, REVOKING};
use crate::attached::away::{Left, Servers, ThingState};
use crate::attached::credentials::{
    CredentialLeft, Places, Unchecked, credentials_left, nameless, removal, role_in_words, roles_left, unchecked,
    unchecked_in_words, unchecked_tokens,
};
use crate::attached::identity::nowhere;
use crate::attached::login::Cluster;

/// Notes something in the ledger. Returns why it could not.
type Note<'a> = &'a (dyn Fn(&Entry) -> Option<CleanedThing> + Sync);

/// All of them, but for those that are named with their mount. `is_open` says whether the run's token is still valid.
pub(super) async fn of(
    open: &OpenLedger,
    servers: &Servers<'_>,
    (dry_run, is_open): (bool, bool),
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
    let places = Places::here(servers.vault.address(), servers.clusters);
    let rest = Rest { open, servers, here, away, places, dry_run, is_open };
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
    /// Whether the run's token is still valid.
    is_open: bool,
}

impl Rest<'_> {
    fn is_of_setup(&self) -> bool {
        self.open.entries.iter().any(|entry| matches!(entry, Entry::MadeThere { .. }))
    }

    fn not_reached(&self, what: String, cluster: &str) -> CleanedThing {
        let why = self.away.get(cluster).cloned().unwrap_or_else(|| nowhere(cluster));
        let why = self.servers.expected.not_reached(cluster, &why);
        CleanedThing::in_state(format!("{what}: {why}"), ThingState::NotReached)
    }

    /// The clusters of the run that were not asked.
    fn unreached(&self) -> Vec<&str> {
        let all = self.servers.expected.clusters.keys().map(String::as_str);
        all.filter(|name| !self.here.contains_key(name)).collect()
    }

    /// The credentials that may be in a cluster that was not asked.
    fn not_asked(&self, unchecked: &[Unchecked], left: &[CredentialLeft]) -> Vec<CleanedThing> {
        let unreached = self.unreached();
        let missing = unchecked.iter().filter(|one| left.iter().all(|left| left.role != one.role));
        let of = |one: &Unchecked| match &one.cluster {
            Some(cluster) => unreached.iter().find(|name| *name == cluster).copied(),
            None => unreached.first().copied(),
        };
        missing.filter_map(|one| Some(self.not_reached(one.to_string(), of(one)?))).collect()
    }

    /// Notes that every credential was checked, if that is so.
    fn note_checked(&self, note: Note<'_>) -> Vec<CleanedThing> {
        let tokens = unchecked_tokens(&self.open.entries);
        if self.dry_run || self.is_open || tokens.is_empty() || !self.unreached().is_empty() {
            return Vec::new();
        }
        let is_named = self.open.entries.iter().any(|entry| matches!(entry, Entry::CredentialUnchecked { .. }));
        match self.servers.issued.unread().filter(|_| !is_named) {
            Some(why) => vec![CleanedThing::in_state(nameless(self.open, &why), ThingState::Unknown)],
            None => tokens.into_iter().filter_map(|accessor| note(&Entry::CredentialsChecked { accessor })).collect(),
        }
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
        let unchecked = match unchecked_tokens(&self.open.entries).as_slice() {
            [] => Vec::new(),
            _ => unchecked(&self.open.entries, self.servers.issued),
        };
        self.servers.issued.add(&known);
        self.servers.issued.add_unchecked(&unchecked);
        // A mount is gone after all of its leases.
        let grace = if self.dry_run || self.is_of_setup() { Duration::ZERO } else { REVOKING };
        let left = match self.servers.issued.still_there(&self.here, grace).await {
            Ok(left) => left,
            Err(why) => {
                let words = if self.is_open { Vec::new() } else { unchecked_in_words(&unchecked, &self.places) };
                let all = [why].into_iter().chain(words);
                things.extend(all.map(|words| CleanedThing::in_state(words, ThingState::Unknown)));
                return things;
            }
        };
        things.extend(self.not_asked(&unchecked, &left));
        let is_unnamed = |left: &&CredentialLeft| !named.iter().any(|named| named.is_role(&left.role));
        let is_stuck = |left: &CredentialLeft| !self.dry_run || !self.is_open || known.contains(left);
        let (stuck, live): (Vec<CredentialLeft>, Vec<CredentialLeft>) =
            left.iter().filter(is_unnamed).cloned().partition(is_stuck);
        things.extend(live.iter().map(|CredentialLeft { cluster, role, lease, .. }| {
            CleanedThing::remains(format!("role {role} of postgres.{cluster}, lease {lease}: Vault would revoke it"))
        }));
        things.extend(stuck.iter().map(|stuck| CleanedThing::remains(stuck.to_string())));
        if let (Some(last), Some(help)) = (things.last_mut(), removal(&stuck, &self.places)) {
            last.help = Some(help);
        }
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
        things.extend(self.note_checked(note));
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
                    let words = format!("postgres.{name} cannot say which roles are left: {why}");
                    things.push(CleanedThing::in_state(words, ThingState::Unknown));
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
    use crate::attached::identity::Identity;
    use crate::attached::issued::Issued;
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
        let things = of(&open, &servers, (false, false), &[], &|_| None).await;
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
