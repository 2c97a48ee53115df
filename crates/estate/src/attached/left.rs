//! What a killed run left in an estate that it did not make.

use std::collections::BTreeMap;

use leaseproof_domain::Redactor;
use leaseproof_history::{Entry, Ledger, MadeThere, OpenLedger};
use leaseproof_scenario::{AttachedPlan, Plan};
use leaseproof_vault::{Client, Reach};

use super::away::{Servers, take_away};
use super::identity::Identity;
use super::login::{Cluster, LoggedIn, log_in, log_out, reach};
use super::traces::Made;
use super::{AttachError, REQUEST};
use crate::MadeBy;
use crate::clean::{alone, tokens};

/// What `clean --attached` did with the things of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedThings {
    /// The run that made them.
    pub run: String,
    /// Who made that.
    pub made_by: Option<MadeBy>,
    /// Each thing.
    pub things: Vec<CleanedThing>,
}

/// One thing that a run made in an estate that it did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedThing {
    /// What, and where it is still there: why, and the command that removes it.
    pub words: String,
    /// Whether it is still there, or nobody can say.
    pub remains: bool,
    /// Whether it is a thing of somebody else's, which has the name of one of the run's.
    pub strange: bool,
}

/// The run's token in words, and what to do.
pub(crate) fn words(address: &str, accessor: &str) -> String {
    format!(
        "the run's token on Vault at {address} and every lease under it, which end with it by themselves: \
         `vault write auth/token/revoke-accessor accessor={accessor}` ends them now"
    )
}

/// Removes what killed runs left in the estate of that plan: their tokens, with every lease, and their set-ups. A run
/// whose harness still lives is left alone, and so is one of another Vault. A dry run removes nothing.
///
/// # Errors
/// [`AttachError`] where the harness cannot log in.
pub async fn clean_attached(plan: &Plan, dry_run: bool) -> Result<Vec<CleanedThings>, AttachError> {
    let attached = plan.attached.as_ref().ok_or(AttachError::Nowhere)?;
    let reach = reach(attached, REQUEST);
    let redactor = Redactor::new();
    let LoggedIn { vault, cluster_id, .. } = log_in(attached, &reach, &redactor).await?;
    let clusters = attached.postgres.iter().map(|(name, said)| Ok((name.clone(), Cluster::of(name, said, &redactor)?)));
    let clusters = clusters.collect::<Result<BTreeMap<_, _>, AttachError>>()?;
    let mut cleaned = Vec::new();
    // Where the index cannot be read, `clean` says so.
    for open in Ledger::open_all().unwrap_or_default().iter().filter(|open| alone(open).is_none()) {
        let expected = Identity::of(&open.entries);
        let is_this_vault = match (&expected.vault, &cluster_id) {
            (Some((expected, _)), Some(here)) if expected == here => true,
            // Another Vault may answer at the address of the one that the run worked on: that is said.
            _ => vault_of(&open.entries) == Some(vault.address()),
        };
        if is_this_vault {
            let servers = Servers {
                vault: &vault,
                namespace: attached.vault.namespace.as_deref(),
                clusters: &clusters,
                expected: &expected,
            };
            let things = clean_run(open, &servers, dry_run).await;
            cleaned.push(CleanedThings { run: open.run.clone(), made_by: MadeBy::of(&open.entries), things });
        }
    }
    log_out(attached, &vault).await;
    Ok(cleaned)
}

async fn clean_run(open: &OpenLedger, servers: &Servers<'_>, dry_run: bool) -> Vec<CleanedThing> {
    let remains = |words: String| CleanedThing { words, remains: true, strange: false };
    let gone = |words: String| CleanedThing { words, remains: false, strange: false };
    let note = |entry: &Entry| open.add(entry).err().map(|why| remains(why.to_string()));
    let address = servers.vault.address();
    let mut things = Vec::new();
    // An accessor is one token's only. On another Vault it is nobody's, which is not to be taken for revoked.
    let differs = servers.expected.differs_from_vault(servers.vault, servers.namespace).await;
    for accessor in tokens(&open.entries) {
        let revoked = match &differs {
            _ if dry_run => Err("it would be revoked".to_owned()),
            Some(why) if servers.expected.vault.is_some() => Err(why.clone()),
            _ => revoke(servers.vault, &accessor).await.map_err(|why| why.to_string()),
        };
        match revoked {
            Ok(()) => {
                things.push(gone(format!("its token (accessor {accessor}) and every lease under it: revoked")));
                things.extend(note(&Entry::TokenRevoked { accessor }));
            }
            Err(why) => things.push(remains(format!("{} ({why})", words(address, &accessor)))),
        }
    }
    let mut removed = Vec::new();
    let left = take_away(&Made::of(&open.entries), servers, dry_run, |what| removed.push(what.clone())).await;
    if !dry_run {
        for what in removed {
            if !left.iter().any(|left| left.what == what.to_string()) {
                things.push(gone(format!("{what}: removed, or gone already")));
            }
            things.extend(note(&Entry::TakenAway { what }));
        }
    }
    things.extend(left.iter().map(|left| CleanedThing {
        words: left.to_string(),
        remains: left.remains,
        strange: !left.remains,
    }));
    things
}

/// What a run made there, its token aside, and did not take away.
pub(crate) fn made_there(entries: &[Entry]) -> Vec<MadeThere> {
    Made::of(entries).into_iter().map(|made| made.what).collect()
}

/// The Vault of a run in an estate that it did not make.
pub(crate) fn vault_of(entries: &[Entry]) -> Option<&str> {
    entries.iter().find_map(|entry| if let Entry::Attached { vault, .. } = entry { Some(vault.as_str()) } else { None })
}

/// Revokes a run's token by a login of its own: the one that made it may have ended meanwhile.
pub(super) async fn revoke_anew(
    attached: &AttachedPlan,
    at: &Reach,
    accessor: &str,
    redactor: &Redactor,
) -> Result<(), AttachError> {
    let LoggedIn { vault, .. } = log_in(attached, at, redactor).await?;
    let revoked = revoke(&vault, accessor).await;
    log_out(attached, &vault).await;
    let address = vault.address().to_owned();
    revoked.map_err(|source| AttachError::Vault { address, doing: "revoke the run's token", source })
}

/// A token that Vault knows no more is revoked: 403 or 500 `invalid accessor`, and 400 `token not found` where a
/// revocation that was asked for before has come half of its way (vault/token_store.go).
async fn revoke(vault: &Client, accessor: &str) -> Result<(), leaseproof_vault::Error> {
    match vault.revoke_accessor(accessor).await {
        Err(why) if ["invalid accessor", "token not found"].iter().any(|gone| why.to_string().contains(gone)) => Ok(()),
        revoked => revoked,
    }
}
