//! PostgreSQL roles that a killed run left and that are not its setup's: credentials, and what its statements made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leaseproof_history::{Entry, OpenLedger};
use leaseproof_postgres::{Error, Session};

use super::{CleanedThing, REVOKING};
use crate::attached::away::{Left, Servers, ThingState};
use crate::attached::credential::{CredentialLeft, Unchecked};
use crate::attached::credentials::{
    LAST_ONES, Places, are_named, credentials_left, nameless, removal, role_in_words, roles_left, unchecked,
    unchecked_in_words, unchecked_tokens,
};
use crate::attached::identity::nowhere;
use crate::attached::login::Cluster;

/// Notes things in the ledger. Returns why it could not.
type Note<'a> = &'a (dyn Fn(&[Entry]) -> Option<CleanedThing> + Sync);

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
    /// The clusters that are those that the run worked on, or may be: see [`Rest::is_same`].
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

    /// Whether that cluster is the one that the run worked on. What is not in another one may still exist.
    fn is_same(&self, cluster: &str) -> bool {
        self.here.contains_key(cluster) && self.servers.expected.clusters.contains_key(cluster)
    }

    /// Something that was not found, and may still exist in a cluster that was not asked.
    fn not_found(&self, what: String, cluster: Option<&str>) -> CleanedThing {
        let unreached = self.unreached();
        let index = self.open.index().display();
        let why = match cluster.or_else(|| unreached.first().copied()) {
            Some(cluster) if !self.here.contains_key(cluster) => return self.not_reached(what, cluster),
            Some(cluster) => format!(
                "not found, but the ledger does not say whether the cluster that answers as postgres.{cluster} is the one that \
                 the run worked on. If it is, and nothing else of the run is left, remove {index}"
            ),
            None => format!(
                "not found, and it is not known in which cluster it was: run `leaseproof clean --attached` with the run's own \
                 scenario. If the role is in none of the run's clusters, and nothing else of the run is left, remove {index}"
            ),
        };
        CleanedThing::in_state(format!("{what}: {why}"), ThingState::Unknown)
    }

    /// The credentials that were not found, and may be in a cluster that was not asked.
    fn unsettled(&self, unchecked: &[Unchecked], left: &[CredentialLeft]) -> Vec<CleanedThing> {
        let found: BTreeSet<&str> = left.iter().map(|left| left.role.as_str()).collect();
        let is_unsettled = |one: &&Unchecked| {
            !found.contains(one.role.as_str()) && !one.cluster.as_deref().is_some_and(|of| self.is_same(of))
        };
        let unsettled = unchecked.iter().filter(is_unsettled);
        unsettled.map(|one| self.not_found(one.to_string(), one.cluster.as_deref())).collect()
    }

    /// Notes that every credential was checked. Those that are known by their names were.
    fn note_checked(&self, note: Note<'_>) -> Vec<CleanedThing> {
        let tokens = unchecked_tokens(&self.open.entries);
        if self.dry_run || self.is_open || tokens.is_empty() {
            return Vec::new();
        }
        let is_named = are_named(&self.open.entries);
        if let Some(why) = self.servers.issued.unread().filter(|_| !is_named) {
            return vec![CleanedThing::in_state(nameless(self.open, &why), ThingState::Unknown)];
        }
        let checked: Vec<Entry> = tokens.into_iter().map(|accessor| Entry::CredentialsChecked { accessor }).collect();
        let are_last_missing = self.servers.issued.is_cut_off() && !is_named;
        // Nothing that can be looked for remains.
        let remark = are_last_missing.then(|| CleanedThing::gone(LAST_ONES.to_owned()));
        note(&checked).into_iter().chain(remark).collect()
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
        let unsettled = self.unsettled(&unchecked, &left);
        let is_settled = unsettled.is_empty();
        things.extend(unsettled);
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
        let mut entries: Vec<Entry> =
            left.iter().filter(|left| !known.contains(left)).map(CredentialLeft::entry).collect();
        for gone in known.iter().filter(|known| left.iter().all(|left| left.role != known.role)) {
            let what = format!("role {} of postgres.{}", gone.role, gone.cluster);
            if self.is_same(&gone.cluster) {
                things.push(CleanedThing::gone(format!("{what}: gone")));
                entries.push(Entry::CredentialGone { role: gone.role.clone() });
            } else {
                things.push(self.not_found(what, Some(&gone.cluster)));
            }
        }
        let unwritten = note(&entries);
        let is_written = unwritten.is_none();
        things.extend(unwritten);
        if is_settled && is_written {
            things.extend(self.note_checked(note));
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
                    things.extend(note(&[Entry::RoleLeft { cluster, role, oid: *oid }]));
                }
            }
            let is_gone = |known: &&(String, String, u32)| known.0 == *name && !there.contains_key(&known.2);
            for (cluster, role, oid) in known.iter().filter(|known| !self.dry_run && is_gone(known)) {
                let what = format!("role {role} of postgres.{cluster}");
                if !self.is_same(cluster) {
                    things.push(self.not_found(what, Some(cluster)));
                    continue;
                }
                things.push(CleanedThing::gone(format!("{what}: gone")));
                things.extend(note(&[Entry::RoleGone { cluster: cluster.clone(), oid: *oid }]));
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
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use leaseproof_history::{Entry, Ledger};
    use leaseproof_postgres::Login;
    use leaseproof_vault::{Client, Reach};

    use super::of;
    use crate::attached::away::{Servers, ThingState};
    use crate::attached::identity::Identity;
    use crate::attached::issued::Issued;
    use crate::attached::left::CleanedThing;
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
        let (vault, expected, issued) = (vault(), Identity::of(&open.entries), Issued::default());
        let things = of(&open, &servers(&vault, &clusters, &expected, &issued), (false, false), &[], &|_| None).await;
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

    fn servers<'a>(
        vault: &'a Client,
        clusters: &'a BTreeMap<String, Cluster>,
        expected: &'a Identity,
        issued: &'a Issued,
    ) -> Servers<'a> {
        Servers { vault, namespace: None, clusters, expected, issued }
    }

    fn vault() -> Client {
        let address = "http://127.0.0.1:8200".to_owned();
        let reach = Reach { address, timeout: Duration::from_secs(5), encryption: None, namespace: None };
        Client::reaching(&reach).unwrap()
    }

    fn unchecked(cluster: Option<&str>) -> Entry {
        let (role, lease) = ("v-1".to_owned(), "database/creds/app/1".to_owned());
        Entry::CredentialUnchecked { role, lease, cluster: cluster.map(str::to_owned), oid: None }
    }

    /// What `clean --attached` says of a run whose token was revoked, where no cluster is the run's, and whether it notes that
    /// the credentials were checked.
    async fn cleaned(entries: &[Entry], does_write: bool) -> (Vec<(String, ThingState)>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("index");
        let ledger = Ledger::create_in(&index, &folder.path().join("ledger.jsonl"), "r1").unwrap();
        let (vault_at, accessor) = ("http://127.0.0.1:8200".to_owned(), "a1".to_owned());
        ledger.add(Entry::TokenAccessor { vault: vault_at, accessor: accessor.clone(), ends: None }).unwrap();
        ledger.add(Entry::TokenRevoked { accessor }).unwrap();
        ledger.add_all(entries).unwrap();
        let open = Ledger::open_all_in(&index).unwrap().remove(0);
        let (expected, issued) = (Identity::of(&open.entries), Issued::recorded(&open.path));
        let (vault, clusters) = (vault(), BTreeMap::new());
        let is_checked = AtomicBool::new(false);
        let note = |entries: &[Entry]| {
            let has = entries.iter().any(|entry| matches!(entry, Entry::CredentialsChecked { .. }));
            is_checked.fetch_or(has, Ordering::Relaxed);
            (!does_write).then(|| CleanedThing::remains("the disk is full".to_owned()))
        };
        let things = of(&open, &servers(&vault, &clusters, &expected, &issued), (false, false), &[], &note).await;
        (things.into_iter().map(|thing| (thing.words, thing.state)).collect(), is_checked.into_inner())
    }

    #[tokio::test]
    async fn a_credential_of_a_cluster_that_the_ledger_does_not_identify_stays_unchecked() {
        let named = Entry::CredentialsNamed { accessor: "a1".to_owned() };
        for (cluster, words, state) in [
            (
                Some("target"),
                "v-1 of postgres.target, lease database/creds/app/1: not reached: ",
                ThingState::NotReached,
            ),
            (None, "it is not known in which cluster it was", ThingState::Unknown),
        ] {
            let (things, is_checked) = cleaned(&[unchecked(cluster), named.clone()], true).await;
            assert!(!is_checked, "{things:?}");
            assert!(things.len() == 1 && things[0].0.contains(words) && things[0].1 == state, "{things:?}");
        }
        let gone = Entry::CredentialGone { role: "v-1".to_owned() };
        let settled = [unchecked(None), gone, named];
        assert_eq!(cleaned(&settled, true).await, (Vec::new(), true));
    }

    #[tokio::test]
    async fn one_name_of_many_does_not_replace_a_history_that_cannot_be_read() {
        let gone = Entry::CredentialGone { role: "v-1".to_owned() };
        let (things, is_checked) = cleaned(&[unchecked(Some("target")), gone], true).await;
        assert!(!is_checked && things.len() == 1, "{things:?}");
        assert!(things[0].0.contains("not all of their names are known"), "{things:?}");
    }
}
