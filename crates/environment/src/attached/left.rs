//! What a killed run left in an environment that it did not make.

mod rest;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use leaseproof_domain::{Redactor, Ttl};
use leaseproof_history::{Entry, Ledger, MadeThere, OpenLedger};
use leaseproof_scenario::{AttachedPlan, Plan};
use leaseproof_vault::Client;

use super::away::{Left, Servers, ThingState, in_order, take_away};
use super::credentials::{Places, in_words, role_in_words, unchecked_in_words};
use super::identity::Identity;
use super::issued::Issued;
use super::login::{Cluster, LoggedIn, log_in, reach};
use super::traces::{Made, Traces};
use super::{AttachError, Attached, REQUEST, needs};
use crate::left_there;
use crate::open_run::{MadeBy, OpenToken, alone, tokens};

/// How long Vault may take to revoke what a killed run's token had.
const REVOKING: Duration = Duration::from_secs(10);

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

/// One thing that a run made in an environment that it did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedThing {
    /// What, and where it is still there: why, and the command that removes it.
    pub words: String,
    /// On a line of its own: the commands that remove this and the things before it.
    pub help: Option<String>,
    /// What became of it.
    pub state: ThingState,
}

impl CleanedThing {
    fn remains(words: String) -> Self {
        Self::in_state(words, ThingState::Remains)
    }

    fn gone(words: String) -> Self {
        Self::in_state(words, ThingState::Gone)
    }

    fn in_state(words: String, state: ThingState) -> Self {
        Self { words, help: None, state }
    }
}

/// The run's token in words, and what to do.
pub(crate) fn words(address: &str, token: &OpenToken) -> String {
    let OpenToken { accessor, ends, is_login } = token;
    let (what, end) = if *is_login { ("the harness's own login", "ends") } else { ("the run's token", "end with it") };
    let leases = if *is_login { "" } else { " and every lease under it, which" };
    let which = if *is_login { ", which" } else { "" };
    format!(
        "{what} on Vault at {address}{leases}{which} {end} by {} {}: `leaseproof clean --attached SCENARIO` revokes it \
         now, and so does `vault write auth/token/revoke-accessor accessor={accessor}`",
        if *is_login { "itself" } else { "themselves" },
        ends.map_or_else(|| "at its TTL".to_owned(), in_time)
    )
}

/// What would be left if the harness ended now, in words and in the order in which it can be removed.
pub(super) fn now(traces: &Traces, issued: &Issued, places: &Places) -> Vec<String> {
    let (token, logins, made) = traces.all();
    let (known, roles) = traces.left();
    let credentials = match &token {
        Some(_) => issued.in_words(&[]).into_iter().collect(),
        None if !known.is_empty() => in_words(&known, places),
        None if traces.is_unchecked() => unchecked_in_words(&issued.unchecked(), places),
        None => Vec::new(),
    };
    let roles = roles.iter().map(|(cluster, role, oid)| role_in_words(places, cluster, role, *oid));
    let tokens = token.iter().chain(&logins).map(|token| words(&places.vault, token));
    let made = in_order(&made)
        .into_iter()
        .map(|Made { what, .. }| Left::of(&what, "it was not removed yet").at(places.of_thing(&what)).to_string());
    roles.chain(tokens).chain(credentials).chain(made).collect()
}

/// When that second since 1970 is, from now.
fn in_time(ends: u64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    match ends.saturating_sub(now) {
        0 => "(that time is over)".to_owned(),
        left => format!("in {}", Ttl::from_secs(left)),
    }
}

/// What a run left whose login to Vault was cut short by a signal, in words; none where it left nothing.
pub fn left_by_login(run: &str) -> Option<String> {
    let open = Ledger::open_all().ok()?.into_iter().find(|open| open.run == run)?;
    let vault = vault_of(&open.entries)?;
    let left: Vec<String> = tokens(&open.entries).iter().map(|token| words(vault, token)).collect();
    (!left.is_empty()).then(|| left_there(&left))
}

/// Removes what killed runs left in the environment of that plan: their tokens, with every lease, and their setups. A run
/// whose harness still runs is left alone, and so is one of another Vault. A dry run removes nothing.
///
/// # Errors
/// [`AttachError`] where the harness cannot log in. A login that could not be ended is in `ledger`
/// ([`left_by_login`]), also after an error.
pub async fn clean_attached(plan: &Plan, dry_run: bool, ledger: &Ledger) -> Result<Vec<CleanedThings>, AttachError> {
    let attached = plan.attached.as_ref().ok_or(AttachError::Nowhere)?;
    let redactor = Redactor::new();
    let clusters = attached.postgres.iter().map(|(name, said)| Ok((name.clone(), Cluster::of(name, said, &redactor)?)));
    let clusters = clusters.collect::<Result<BTreeMap<_, _>, AttachError>>()?;
    let traces = Traces::of(ledger);
    let logged_in = log_in(attached, &reach(attached, REQUEST), &redactor, &traces).await?;
    let cleaned = match needs::own_token(&logged_in.vault, plan).await {
        Ok(_it_is_one) => Ok(clean_runs(plan, attached, &logged_in, &clusters, dry_run).await),
        Err(why) => Err(why),
    };
    logged_in.log_out(attached, &traces).await;
    cleaned
}

async fn clean_runs(
    plan: &Plan,
    attached: &AttachedPlan,
    LoggedIn { vault, cluster_id, .. }: &LoggedIn,
    clusters: &BTreeMap<String, Cluster>,
    dry_run: bool,
) -> Vec<CleanedThings> {
    let mut cleaned = Vec::new();
    // Where the index cannot be read, `clean` says so.
    for open in Ledger::open_all().unwrap_or_default().iter().filter(|open| alone(open).is_none()) {
        let expected = Identity::of(&open.entries);
        let is_this_vault = match (&expected.vault, cluster_id) {
            (Some((expected, _)), Some(here)) if expected == here => true,
            // Another Vault may answer at the address of the one that the run worked on: that is said.
            _ => vault_of(&open.entries) == Some(vault.address()),
        };
        if is_this_vault {
            let issued = Issued::recorded(&open.path);
            issued.place(plan);
            let servers = Servers {
                vault,
                namespace: attached.vault.namespace.as_deref(),
                clusters,
                expected: &expected,
                issued: &issued,
            };
            let things = clean_run(open, &servers, dry_run).await;
            cleaned.push(CleanedThings { run: open.run.clone(), made_by: MadeBy::of(&open.entries), things });
        }
    }
    cleaned
}

async fn clean_run(open: &OpenLedger, servers: &Servers<'_>, dry_run: bool) -> Vec<CleanedThing> {
    let note = |entries: &[Entry]| open.add_all(entries).err().map(|why| CleanedThing::remains(why.to_string()));
    let address = servers.vault.address();
    let mut things = Vec::new();
    let mut is_open = false;
    // An accessor is one token's only. On another Vault it is nobody's, which is not to be taken for revoked.
    let differs = servers.expected.differs_from_vault(servers.vault, servers.namespace).await;
    for token in tokens(&open.entries) {
        let OpenToken { accessor, is_login, .. } = &token;
        let what = if *is_login {
            format!("the harness's own login (accessor {accessor})")
        } else {
            format!("its token (accessor {accessor}) and every lease under it")
        };
        if let (Some(why), true) = (&differs, servers.expected.vault.is_some()) {
            let words = format!("{what}: {}", servers.expected.vault_not_reached(why));
            things.push(CleanedThing::in_state(words, ThingState::NotReached));
            is_open |= !is_login;
            continue;
        }
        if dry_run {
            things.push(CleanedThing::remains(format!("{what}: would be revoked")));
            is_open |= !is_login;
            continue;
        }
        match revoke(servers.vault, accessor).await {
            Ok(was_there) => {
                let how = if was_there { "revoked" } else { "revoked or expired already" };
                things.push(CleanedThing::gone(format!("{what}: {how}")));
                things.extend(note(&[Entry::TokenRevoked { accessor: accessor.clone() }]));
            }
            Err(why) => {
                things.push(CleanedThing::remains(format!("{} ({why})", words(address, &token))));
                is_open |= !is_login;
            }
        }
    }
    let mut removed = Vec::new();
    let made = Made::of(&open.entries);
    let left = take_away(&made, servers, dry_run, |what, last| removed.push((what.clone(), last.cloned()))).await;
    if !dry_run {
        for (what, last) in removed {
            let how = match last {
                Some(last) if last == what => Some(format!("{what}: removed")),
                Some(last) => Some(format!("{what}, last called {last}: removed")),
                // What has its name now is listed below.
                None if left.iter().any(|left| left.what == what.to_string()) => None,
                None => Some(format!("{what}: gone already")),
            };
            things.extend(how.map(CleanedThing::gone));
            things.extend(note(&[Entry::TakenAway { what }]));
        }
    }
    things.extend(left.iter().map(|left| CleanedThing::in_state(left.to_string(), left.state)));
    things.extend(rest::of(open, servers, (dry_run, is_open), &left, &note).await);
    things
}

/// What a run made there, its token aside, and did not take away, in the order in which it can be removed.
pub(crate) fn made_there(entries: &[Entry]) -> Vec<MadeThere> {
    in_order(&Made::of(entries)).into_iter().map(|made| made.what).collect()
}

/// The Vault of a run in an environment that it did not make.
pub(crate) fn vault_of(entries: &[Entry]) -> Option<&str> {
    entries.iter().find_map(|entry| if let Entry::Attached { vault, .. } = entry { Some(vault.as_str()) } else { None })
}

impl Attached {
    /// Revokes the run's token by a login of its own: the one that made it may have ended meanwhile.
    pub(super) async fn revoke_anew(&self, accessor: &str) -> Result<(), AttachError> {
        // Another Vault may answer there by now. It gets no secret, and has no such token, which is not to be taken for a
        // revoked one.
        let namespace = self.plan.vault.namespace.as_deref();
        if let Some(why) = self.identity.differs_from_vault(&self.vault, namespace).await {
            return Err(AttachError::Differs { why });
        }
        let logged_in = log_in(&self.plan, &self.reach, &self.redactor, &self.traces).await?;
        let revoked = revoke(&logged_in.vault, accessor).await;
        logged_in.log_out(&self.plan, &self.traces).await;
        let address = self.vault.address().to_owned();
        let failed = |source| AttachError::Vault { address, doing: "revoke the run's token", source };
        revoked.map(drop).map_err(failed)
    }
}

/// A token that Vault knows no more is revoked: 403 or 500 `invalid accessor`, and 400 `token not found` where a
/// revocation that was asked for before has come half of its way (vault/token_store.go). False if it was so before.
async fn revoke(vault: &Client, accessor: &str) -> Result<bool, leaseproof_vault::Error> {
    match vault.revoke_accessor(accessor).await {
        Err(why) if ["invalid accessor", "token not found"].iter().any(|gone| why.to_string().contains(gone)) => {
            Ok(false)
        }
        revoked => revoked.map(|()| true),
    }
}

#[cfg(test)]
mod tests;
