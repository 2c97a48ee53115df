//! How the set-up that leaseproof did in an estate that is not its own is taken away: only what is proved to be the run's
//! own, and nothing that a part which stays needs.

mod postgres;
mod vault;

use std::collections::BTreeMap;
use std::fmt;

use leaseproof_history::MadeThere;
use leaseproof_vault::Client;
use postgres_protocol::escape::escape_identifier;

use super::credentials::Issued;
use super::identity::Identity;
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

/// Something that was not taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// What, in words.
    pub(super) what: String,
    pub(super) why: String,
    /// What removes it; none where it is not the run's.
    pub(super) command: Option<String>,
    /// Whether it is the run's, or may be.
    pub(super) remains: bool,
}

impl Left {
    pub(super) fn of(made: &MadeThere, why: impl Into<String>) -> Self {
        Self { what: made.to_string(), why: why.into(), command: Some(command(made)), remains: true }
    }

    /// Whether it is that role.
    pub(super) fn is_role(&self, name: &str) -> bool {
        let rest = self.what.strip_prefix("role ").and_then(|what| what.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(' '))
    }

    /// Of something that is not the run's, and has the name of something that was.
    pub(super) fn strange(made: &MadeThere, why: impl Into<String>) -> Self {
        Self { what: made.to_string(), why: why.into(), command: None, remains: false }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        self.command.as_ref().map_or(Ok(()), |command| write!(f, "; `{command}` removes it"))
    }
}

/// What a thing is found to be.
pub(super) enum Found {
    /// The run's own, and there under that name or path.
    Ours(String),
    /// The run's own is not there.
    Gone,
    /// The run's own is not there, and another one has its name: why it is another one.
    Another(String),
    /// Nobody can say.
    Unknown(String),
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
/// `gone` is told each thing that is not there any more. A dry run only says what would be removed.
pub(super) async fn take_away(
    made: &[Made],
    servers: &Servers<'_>,
    dry_run: bool,
    mut gone: impl FnMut(&MadeThere),
) -> Vec<Left> {
    let of = |kind: fn(&MadeThere) -> bool| made.iter().rev().filter(move |made| kind(&made.what));
    let mut left = Vec::new();
    let differs = servers.expected.differs_from_vault(servers.vault, servers.namespace).await;
    for made in of(|what| matches!(what, MadeThere::Mount { .. } | MadeThere::Policy { .. })).collect::<Vec<_>>() {
        match &differs {
            Some(why) => left.push(Left::of(&made.what, why.clone())),
            None => vault::take_away(made, servers.vault, dry_run, &mut gone, &mut left).await,
        }
    }
    let mounts: Vec<String> = left
        .iter()
        .filter(|left| left.remains && left.what.starts_with("mount "))
        .map(|left| left.what.clone())
        .collect();
    let in_postgres: Vec<&Made> = of(|what| matches!(what, MadeThere::Database { .. }))
        .chain(of(|what| matches!(what, MadeThere::Role { .. })))
        .collect();
    if mounts.is_empty() || dry_run {
        left.extend(postgres::take_away(&in_postgres, servers, dry_run, &mut gone).await);
    } else {
        left.extend(postgres::needed(&in_postgres, servers, &mounts.join(", ")).await);
    }
    left
}
