//! What of others differs after a run with a setup of its own.

use std::collections::BTreeSet;

use super::others::Others;
use super::traces::Made;
use super::{AttachError, Attached, role_in_words};

/// What was found before the run's own roles are removed.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Others' roles that are members of the run's own, in words.
    pub(super) joined: Vec<String>,
    /// New roles that are members of the run's own, or have these as members: cluster and OID.
    roles: BTreeSet<(String, u32)>,
}

impl Attached {
    /// Observations before the run's own roles are removed.
    pub(super) async fn beside(&self, made: &[Made]) -> Beside {
        let Some(before) = self.others.get().filter(|_| !made.is_empty()) else { return Beside::default() };
        // Where a cluster does not answer, the comparison after it says so.
        let Ok(now) = Others::read(&self.clusters).await else { return Beside::default() };
        let joined = before.joined(&now, made, &self.clusters).into_iter().map(|change| {
            format!(
                "changed during the run, and not by leaseproof's own statements: {change}. It ends with the run's role: find out \
                 which of Vault's statements granted it"
            )
        });
        Beside { joined: joined.collect(), roles: before.beside(&now, made) }
    }

    /// What others had before the setup and is different now, and roles that nobody accounts for, in words.
    pub(super) async fn others_changed(&self, made: &[Made], beside: &Beside) -> Vec<String> {
        let Some(before) = self.others.get() else { return Vec::new() };
        let now = match Others::read(&self.clusters).await {
            Ok(now) => now,
            Err(why) => return vec![unknown(&why)],
        };
        let changes = before.changes(&now).into_iter().map(|change| {
            format!(
                "changed during the run, and not by leaseproof's own statements: {change}. The run's setup, Vault's \
                 statements or somebody else changed it: correct it by hand"
            )
        });
        let places = self.places();
        let roles =
            before.new_roles(&now, (made, &beside.roles), &self.issued).into_iter().map(|(cluster, role, oid)| {
                let unwritten = self.traces.role_left(&cluster, &role, oid).err().map(|why| format!(" ({why})"));
                role_in_words(&places, &cluster, &role, oid) + &unwritten.unwrap_or_default()
            });
        changes.chain(roles).collect()
    }
}

fn unknown(why: &AttachError) -> String {
    format!("it is not known whether roles and databases of others are as before the setup: {why}")
}
