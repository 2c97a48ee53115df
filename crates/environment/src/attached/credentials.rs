//! Credentials that Vault could not revoke, and those that were not checked after the run's token was revoked.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_history::{Entry, MadeThere, OpenLedger};
use postgres_protocol::escape::escape_identifier;

use super::credential::{CredentialLeft, Unchecked};
use super::issued::Issued;
use super::login::Cluster;

/// How many credentials are named one by one.
const MOST_LINES: usize = 100;

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

/// Each of them on a line, and after the last one, once for all, what removes them.
pub(crate) fn in_words(left: &[CredentialLeft], places: &Places) -> Vec<String> {
    let each = left.iter().take(MOST_LINES).map(ToString::to_string);
    each.chain(more(left.len())).chain(removal(left, places)).collect()
}

/// The same for those that were not checked.
pub(super) fn unchecked_in_words(unchecked: &[Unchecked], places: &Places) -> Vec<String> {
    let each = unchecked.iter().take(MOST_LINES);
    let each = each.map(|one| format!("{one}: it was not checked whether it still exists"));
    each.chain(more(unchecked.len())).chain(removal_of_unchecked(unchecked, places)).collect()
}

/// Of that many, those that are not named, in words.
fn more(count: usize) -> Option<String> {
    let more = count.checked_sub(MOST_LINES).filter(|more| *more > 0)?;
    Some(format!("and {more} more: the run's ledger or its history names each of them"))
}

/// What removes them, on one line.
pub(super) fn removal(left: &[CredentialLeft], places: &Places) -> Option<String> {
    let CredentialLeft { role, lease, cluster, .. } = left.last()?;
    let which = if left.len() > 1 {
        format!("To remove each of these {}, here the last one", left.len())
    } else {
        "To remove it".to_owned()
    };
    Some(how_to_remove(&which, role, lease, &places.cluster(cluster), &places.vault))
}

fn removal_of_unchecked(unchecked: &[Unchecked], places: &Places) -> Option<String> {
    let Unchecked { role, lease, cluster, .. } = unchecked.last()?;
    let which = if unchecked.len() > 1 {
        format!("To remove each of these {} that still exists, here the last one", unchecked.len())
    } else {
        "To remove it, if it still exists".to_owned()
    };
    let cluster = cluster.as_ref().map_or_else(|| "its PostgreSQL cluster".to_owned(), |name| places.cluster(name));
    Some(how_to_remove(&which, role, lease, &cluster, &places.vault))
}

fn how_to_remove(which: &str, role: &str, lease: &str, cluster: &str, vault: &str) -> String {
    let role_sql = escape_identifier(role);
    format!(
        "{which}: while Vault at {vault} still has the lease, correct the cause, and `vault lease revoke {lease}` removes both; \
         otherwise, as a superuser on {cluster}, `REASSIGN OWNED BY {role_sql} TO CURRENT_USER; DROP OWNED BY {role_sql}; DROP ROLE {role_sql}` \
         (all but the last in each of its databases; `leaseproof grants {role} --server URL --removal` prints the exact \
         statements), and then `vault lease revoke -force -prefix {lease}`"
    )
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

/// The accessors of a run's tokens under which credentials were issued, if nobody checked after the revocation which of them
/// are gone.
pub(super) fn unchecked_tokens(entries: &[Entry]) -> Vec<String> {
    let is_checked = |wanted: &str| {
        entries.iter().any(|entry| matches!(entry, Entry::CredentialsChecked { accessor } if accessor == wanted))
    };
    let tokens = entries.iter().filter_map(|entry| match entry {
        Entry::TokenAccessor { accessor, .. } => Some(accessor.clone()),
        _ => None,
    });
    tokens.filter(|accessor| !is_checked(accessor)).collect()
}

/// The credentials that a ledger or its run's history names, and that nobody found or missed since.
pub(super) fn unchecked(entries: &[Entry], issued: &Issued) -> Vec<Unchecked> {
    let settled = entries.iter().filter_map(|entry| match entry {
        Entry::CredentialLeft { role, .. } | Entry::CredentialGone { role } => Some(role.as_str()),
        _ => None,
    });
    let settled: BTreeSet<&str> = settled.collect();
    let named = entries.iter().filter_map(|entry| match entry {
        Entry::CredentialUnchecked { role, lease, cluster, oid } => {
            let (role, lease, cluster, oid) = (role.clone(), lease.clone(), cluster.clone(), *oid);
            Some(Unchecked { role, lease, cluster, oid })
        }
        _ => None,
    });
    // The ledger says more of each than the history.
    let mut all: BTreeMap<String, Unchecked> =
        issued.unchecked().into_iter().map(|one| (one.role.clone(), one)).collect();
    all.extend(named.map(|one| (one.role.clone(), one)));
    all.into_values().filter(|one| !settled.contains(one.role.as_str())).collect()
}

/// Whether the ledger itself names every credential that was not checked.
pub(super) fn are_named(entries: &[Entry]) -> bool {
    let is_named = |wanted: &String| {
        entries.iter().any(|entry| matches!(entry, Entry::CredentialsNamed { accessor } if accessor == wanted))
    };
    unchecked_tokens(entries).iter().all(is_named)
}

/// Of a run whose harness was killed.
pub(super) const LAST_ONES: &str = "the run's history ends early: credentials that Vault returned in the last half second may be \
                                    missing in it, and it is not checked whether these still exist";

/// In words, what is not known of the credentials of a run whose token was revoked; nothing where they were checked.
pub(crate) fn not_checked(open: &OpenLedger, places: &Places) -> Vec<String> {
    if unchecked_tokens(&open.entries).is_empty() {
        return Vec::new();
    }
    let issued = Issued::recorded(&open.path);
    let unchecked = unchecked(&open.entries, &issued);
    let mut words = unchecked_in_words(&unchecked, places);
    match issued.unread() {
        Some(why) if !are_named(&open.entries) => words.push(nameless(open, &why)),
        _ if words.is_empty() => words.push("it was not checked whether credentials of the run still exist".to_owned()),
        _ => {}
    }
    words.extend((issued.is_cut_off() && !are_named(&open.entries)).then(|| LAST_ONES.to_owned()));
    words
}

/// In words, that nobody knows the names of the run's credentials any more.
pub(super) fn nameless(open: &OpenLedger, why: &str) -> String {
    format!(
        "credentials that Vault could not revoke may still exist, and not all of their names are known: {why}. ObservationTime for roles that \
         Vault created during the run; if there are none, remove {}",
        open.index().display()
    )
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

#[cfg(test)]
mod tests {
    use leaseproof_history::Entry;

    use super::{
        CredentialLeft, Issued, Places, Unchecked, credentials_left, in_words, unchecked, unchecked_in_words,
        unchecked_tokens,
    };

    fn left(role: &str) -> CredentialLeft {
        let lease = format!("database/creds/app/{role}");
        CredentialLeft { cluster: "target".to_owned(), role: role.to_owned(), lease, oid: Some(16_400) }
    }

    #[test]
    fn what_is_gone_is_not_left() {
        let all =
            credentials_left(&[left("a").entry(), left("b").entry(), Entry::CredentialGone { role: "a".to_owned() }]);
        assert_eq!(all.len(), 1);
        let clusters = [("target".to_owned(), "db:5432".to_owned())].into();
        let words = in_words(&all, &Places { vault: "http://vault:8200".to_owned(), clusters });
        assert_eq!(
            words[0],
            "role b (OID 16400) of postgres.target, lease database/creds/app/b: Vault could not revoke it"
        );
        assert!(words[1].starts_with("To remove it: while Vault at http://vault:8200 still"), "{words:?}");
        assert!(words[1].contains("as a superuser on postgres.target (db:5432), `REASSIGN"), "{words:?}");
        assert!(words[1].contains("`vault lease revoke database/creds/app/b`"), "{words:?}");
        assert!(words[1].contains("TO CURRENT_USER; DROP OWNED BY \"b\"; DROP ROLE \"b\"`"), "{words:?}");
    }

    #[test]
    fn what_removes_several_is_said_once() {
        let words = in_words(&[left("a"), left("b")], &Places::default());
        assert_eq!(words.len(), 3, "{words:?}");
        assert!(words[2].starts_with("To remove each of these 2, here the last one: while Vault"), "{words:?}");
        assert!(words.iter().all(|line| !line.contains('\n')), "{words:?}");
        assert!(words[2].contains("`vault lease revoke database/creds/app/b`"), "{words:?}");
        assert!(in_words(&[], &Places::default()).is_empty());
    }

    #[test]
    fn of_very_many_only_some_are_named() {
        let all: Vec<CredentialLeft> = (0..5_000).map(|number| left(&number.to_string())).collect();
        let words = in_words(&all, &Places::default());
        assert_eq!(words.len(), 102);
        assert!(words[100].starts_with("and 4900 more"), "{}", words[100]);
        let unchecked: Vec<Unchecked> = (0..5_000)
            .map(|number| Unchecked { role: number.to_string(), lease: String::new(), cluster: None, oid: None })
            .collect();
        assert_eq!(unchecked_in_words(&unchecked, &Places::default()).len(), 102);
    }

    #[test]
    fn a_revoked_token_says_nothing_of_its_credentials_until_they_are_checked() {
        let (vault, accessor) = ("http://vault:8200".to_owned(), "a1".to_owned());
        let unseen = |role: &str| Entry::CredentialUnchecked {
            role: role.to_owned(),
            lease: format!("database/creds/app/{role}"),
            cluster: Some("target".to_owned()),
            oid: Some(16_400),
        };
        let mut entries = vec![
            Entry::TokenAccessor { vault, accessor: accessor.clone(), ends: None },
            Entry::TokenRevoked { accessor: accessor.clone() },
            unseen("a"),
            unseen("b"),
            unseen("c"),
            left("b").entry(),
            Entry::CredentialGone { role: "c".to_owned() },
        ];
        assert_eq!(unchecked_tokens(&entries), ["a1"]);
        let words: Vec<String> = unchecked(&entries, &Issued::default()).iter().map(ToString::to_string).collect();
        assert_eq!(words, ["role a (OID 16400) of postgres.target, lease database/creds/app/a"]);
        entries.push(Entry::CredentialsChecked { accessor });
        assert!(unchecked_tokens(&entries).is_empty());
    }
}
