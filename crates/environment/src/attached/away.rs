//! How the setup that leaseproof did in an environment that is not its own is taken away: only what is proved to be the run's
//! own, and nothing that a part which stays needs.

mod postgres;
mod vault;

use std::collections::BTreeMap;
use std::fmt;

use leaseproof_history::MadeThere;
use leaseproof_vault::Client;
use postgres_protocol::escape::escape_identifier;

use super::identity::Identity;
use super::issued::Issued;
use super::login::Cluster;
use super::traces::Made;

/// The servers that answer now, and those that the run worked on.
pub(super) struct Servers<'a> {
    pub(super) vault: &'a Client,
    pub(super) namespace: Option<&'a str>,
    pub(super) clusters: &'a BTreeMap<String, Cluster>,
    pub(super) expected: &'a Identity,
    /// The credentials that the run issued.
    pub(super) issued: &'a Issued,
}

/// What became of a thing that a run made in an environment that it did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingState {
    /// It is not there any more.
    Gone,
    /// It is the run's, and still there, or nobody can say.
    Remains,
    /// It was not possible to check whether it still exists.
    Unknown,
    /// The server that it is on does not answer, or another one answers at its address.
    NotReached,
    /// It may be the run's, and somebody changed it: it is not touched.
    Changed,
    /// It is somebody else's, and has the name of one of the run's.
    Foreign,
}

/// Something that was not taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// What, in words.
    pub(super) what: String,
    pub(super) why: String,
    /// What removes it; none where it is not the run's, or not on the server that answers.
    pub(super) command: Option<String>,
    /// The server that the command is for.
    pub(super) at: Option<String>,
    pub(super) state: ThingState,
}

impl Left {
    pub(super) fn of(made: &MadeThere, why: impl Into<String>) -> Self {
        let command = Some(command(made));
        Self { what: made.to_string(), why: why.into(), command, at: None, state: ThingState::Remains }
    }

    /// The same, on that server.
    pub(super) fn at(self, server: &str) -> Self {
        Self { at: Some(server.to_owned()), ..self }
    }

    /// Whether it is the run's, or may be.
    pub(super) fn remains(&self) -> bool {
        !matches!(self.state, ThingState::Gone | ThingState::Foreign)
    }

    /// Whether it is that role.
    pub(super) fn is_role(&self, name: &str) -> bool {
        let rest = self.what.strip_prefix("role ").and_then(|what| what.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(' '))
    }

    /// Of something on a server that does not answer. What would remove it there removes another thing here.
    pub(super) fn not_reached(made: &MadeThere, why: String) -> Self {
        Self { command: None, state: ThingState::NotReached, ..Self::of(made, why) }
    }

    /// Of something that somebody changed, or made anew.
    pub(super) fn changed(made: &MadeThere, why: impl Into<String>) -> Self {
        Self { state: ThingState::Changed, ..Self::of(made, why) }
    }

    /// Of something that is not the run's, and has the name of something that was.
    pub(super) fn strange(made: &MadeThere, why: impl Into<String>) -> Self {
        Self { command: None, state: ThingState::Foreign, ..Self::of(made, why) }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        let Some(command) = &self.command else { return Ok(()) };
        let at = self.at.as_ref().map_or_else(String::new, |at| format!("at {at}, "));
        write!(f, "; {at}`{command}` removes it")
    }
}

/// What a thing is found to be.
pub(super) enum Found {
    /// The run's own, and there.
    Ours(Own),
    /// The run's own is not there.
    Gone,
    /// The run's own is not there, and another one has its name: why it is another one.
    Another(String),
    /// Somebody changed it, or made another one: check it before you remove it.
    Changed(String),
    /// Nobody can say.
    Unknown(String),
}

/// A thing of the run's.
pub(super) struct Own {
    /// Its name or path now.
    pub(super) now: MadeThere,
    /// Why what has its first name now is another one; none where it still has that name, or nothing else has.
    pub(super) foreign: Option<String>,
}

impl Own {
    /// By the name that it has now, if that is another one.
    pub(super) fn of(made: &MadeThere, now: &str, other: impl FnOnce() -> Option<String>) -> Self {
        let (mut called, first) = (made.clone(), made);
        match &mut called {
            MadeThere::Role { name, .. } | MadeThere::Database { name, .. } => now.clone_into(name),
            MadeThere::Mount { path } => now.clone_into(path),
            MadeThere::Policy { .. } => {}
        }
        let foreign = if called == *first { None } else { other() };
        Self { now: called, foreign }
    }

    /// Begins the reason for which it stays.
    fn renamed(&self, made: &MadeThere) -> String {
        if self.now == *made { String::new() } else { format!("the run made it as {made}, and somebody renamed it; ") }
    }

    /// It stays.
    pub(super) fn stays(&self, made: &MadeThere, why: &str) -> Left {
        Left::of(&self.now, format!("{}{why}", self.renamed(made)))
    }

    /// What has its first name now.
    pub(super) fn foreign(&self, made: &MadeThere) -> Option<Left> {
        self.foreign.as_ref().map(|why| Left::strange(made, format!("not the run's, and left alone: {why}")))
    }
}

/// The command that removes a thing.
pub(super) fn command(made: &MadeThere) -> String {
    match made {
        MadeThere::Mount { path } => format!("vault secrets disable {path}"),
        MadeThere::Policy { name } => format!("vault policy delete {name}"),
        MadeThere::Database { name, .. } => format!("DROP DATABASE {} WITH (FORCE)", escape_identifier(name)),
        MadeThere::Role { name, .. } => format!("DROP ROLE {}", escape_identifier(name)),
    }
}

/// Takes away what was made, in the order of what needs what: mounts, whose leases Vault revokes in PostgreSQL, with the
/// accounts and databases that are still there; policies; databases; the roles that may own something in them. Where a
/// mount stays, so does everything in PostgreSQL: Vault needs it to revoke.
///
/// `gone` gets each thing that no longer exists, and the name under which it was removed; none if it was gone already. A dry
/// run only says what would be removed.
pub(super) async fn take_away(
    made: &[Made],
    servers: &Servers<'_>,
    dry_run: bool,
    mut gone: impl FnMut(&MadeThere, Option<&MadeThere>),
) -> Vec<Left> {
    let (in_vault, in_postgres): (Vec<Made>, Vec<Made>) = in_order(made)
        .into_iter()
        .partition(|made| matches!(made.what, MadeThere::Mount { .. } | MadeThere::Policy { .. }));
    let mut left = Vec::new();
    let differs = servers.expected.differs_from_vault(servers.vault, servers.namespace).await;
    for made in &in_vault {
        match &differs {
            Some(why) => left.push(Left::not_reached(&made.what, servers.expected.vault_not_reached(why))),
            None => vault::take_away(made, servers.vault, dry_run, &mut gone, &mut left).await,
        }
    }
    let mut left: Vec<Left> = left.into_iter().map(|left| left.at(servers.vault.address())).collect();
    let is_mount = |left: &&Left| left.remains() && left.what.starts_with("mount ");
    let mounts: Vec<String> = left.iter().filter(is_mount).map(|left| left.what.clone()).collect();
    let in_postgres: Vec<&Made> = in_postgres.iter().collect();
    if mounts.is_empty() || dry_run {
        left.extend(postgres::take_away(&in_postgres, servers, dry_run, &mut gone).await);
    } else {
        left.extend(postgres::needed(&in_postgres, servers, &mounts.join(", ")).await);
    }
    left
}

/// The order in which things can be removed: what needs others comes before them, and the last one that was made first.
pub(super) fn in_order(made: &[Made]) -> Vec<Made> {
    let mut all: Vec<Made> = made.iter().rev().cloned().collect();
    all.sort_by_key(|made| match made.what {
        MadeThere::Mount { .. } => 0,
        MadeThere::Policy { .. } => 1,
        MadeThere::Database { .. } => 2,
        MadeThere::Role { .. } => 3,
    });
    all
}
