//! What a killed run left in an estate that it did not make.

use std::collections::BTreeMap;

use leaseproof_domain::Redactor;
use leaseproof_history::{Entry, Ledger, MadeThere};
use leaseproof_scenario::{AttachedPlan, Plan};
use leaseproof_vault::{Client, Reach};

use super::away::take_away;
use super::login::{Cluster, log_in, log_out, reach};
use super::{AttachError, REQUEST};
use crate::clean::{owner, tokens};

/// A token that was looked for and revoked, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedToken {
    /// The run that made it.
    pub run: String,
    /// Its accessor.
    pub accessor: String,
    /// Why it is still there, where it is.
    pub why: Option<String>,
}

/// The run's token in words, and what to do.
pub(crate) fn words(address: &str, accessor: &str) -> String {
    format!(
        "the run's token on Vault at {address} and every lease under it, which end with it by themselves: \
         `vault write auth/token/revoke-accessor accessor={accessor}` ends them now"
    )
}

/// Revokes what killed runs left in the estate of that plan: their tokens, and with them every lease. A run whose
/// harness still lives is left alone.
///
/// # Errors
/// [`AttachError`] where the harness cannot log in.
pub async fn clean_attached(plan: &Plan) -> Result<Vec<CleanedToken>, AttachError> {
    let attached = plan.attached.as_ref().ok_or(AttachError::Nowhere)?;
    let reach = reach(attached, REQUEST);
    let (vault, _) = log_in(attached, &reach, &Redactor::new()).await?;
    let redactor = Redactor::new();
    let clusters = attached.postgres.iter().map(|(name, said)| Ok((name.clone(), Cluster::of(name, said, &redactor)?)));
    let clusters = clusters.collect::<Result<BTreeMap<_, _>, AttachError>>()?;
    let mut cleaned = Vec::new();
    for open in Ledger::open_all().iter().filter(|open| owner(&open.entries).is_none()) {
        if vault_of(&open.entries) != Some(vault.address()) {
            continue;
        }
        let mut all_gone = true;
        for accessor in tokens(&open.entries) {
            let why = revoke(&vault, &accessor).await.err().map(|why| why.to_string());
            all_gone &= why.is_none();
            cleaned.push(CleanedToken { run: open.run.clone(), accessor, why });
        }
        let made = made_there(&open.entries);
        for (made, why) in take_away(&made, &vault, &clusters).await {
            all_gone = false;
            cleaned.push(CleanedToken { run: open.run.clone(), accessor: made.to_string(), why: Some(why) });
        }
        if all_gone && let Err(why) = open.closed() {
            cleaned.push(CleanedToken { run: open.run.clone(), accessor: String::new(), why: Some(why.to_string()) });
        }
    }
    log_out(attached, &vault).await;
    Ok(cleaned)
}

/// What a run made there, its token aside.
pub(crate) fn made_there(entries: &[Entry]) -> Vec<MadeThere> {
    let made = |entry: &Entry| if let Entry::MadeThere { what } = entry { Some(what.clone()) } else { None };
    entries.iter().filter_map(made).collect()
}

/// The Vault of a run in an estate that it did not make.
pub(crate) fn vault_of(entries: &[Entry]) -> Option<&str> {
    entries.iter().find_map(|entry| if let Entry::Attached { vault } = entry { Some(vault.as_str()) } else { None })
}

/// Revokes a run's token by a login of its own: the one that made it may have ended meanwhile.
pub(super) async fn revoke_anew(
    attached: &AttachedPlan,
    at: &Reach,
    accessor: &str,
    redactor: &Redactor,
) -> Result<(), AttachError> {
    let (vault, _) = log_in(attached, at, redactor).await?;
    let revoked = revoke(&vault, accessor).await;
    log_out(attached, &vault).await;
    let address = vault.address().to_owned();
    revoked.map_err(|source| AttachError::Vault { address, doing: "revoke the run's token", source })
}

/// A token that Vault knows no more is revoked: 403 or 500 `invalid accessor` (vault/token_store.go).
async fn revoke(vault: &Client, accessor: &str) -> Result<(), leaseproof_vault::Error> {
    match vault.revoke_accessor(accessor).await {
        Err(why) if why.to_string().contains("invalid accessor") => Ok(()),
        revoked => revoked,
    }
}
