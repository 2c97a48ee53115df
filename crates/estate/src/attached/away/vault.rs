//! Mounts and policies.

use leaseproof_history::{MadeThere, Proof};
use leaseproof_vault::{Client, Mount};

use super::{Found, Left};
use crate::attached::traces::Made;

/// Takes a mount or a policy away, if it is the run's.
pub(super) async fn take_away(
    made: &Made,
    vault: &Client,
    dry_run: bool,
    gone: &mut impl FnMut(&MadeThere),
    left: &mut Vec<Left>,
) {
    let found = match &made.what {
        MadeThere::Mount { path } => mount(path, &made.proofs, vault).await,
        MadeThere::Policy { name } => policy(name, &made.proofs, vault).await,
        MadeThere::Role { .. } | MadeThere::Database { .. } => return,
    };
    match found {
        Found::Ours(now) if dry_run => left.push(Left::of(&called(&made.what, &now), "it would be removed")),
        Found::Ours(now) => match vault.delete(&api_path(&made.what, &now)).await {
            Ok(_) => gone(&made.what),
            Err(why) => left.push(stays(&called(&made.what, &now), &why)),
        },
        Found::Gone => gone(&made.what),
        Found::Another(why) => {
            left.push(Left::strange(&made.what, why));
            gone(&made.what);
        }
        Found::Unknown(why) => left.push(Left::of(&made.what, why)),
    }
}

/// Vault disables no mount with a lease that it cannot revoke.
fn stays(made: &MadeThere, why: &leaseproof_vault::Error) -> Left {
    let left = Left::of(made, why.to_string());
    match made {
        MadeThere::Mount { path } if why.status() == Some(400) => Left {
            why: format!("{}. Remove the credentials' roles first", left.why),
            command: Some(format!("vault lease revoke -force -prefix {path}/; vault secrets disable {path}")),
            ..left
        },
        _ => left,
    }
}

/// The same by the path that it has now.
fn called(made: &MadeThere, now: &str) -> MadeThere {
    match made {
        MadeThere::Mount { .. } => MadeThere::Mount { path: now.to_owned() },
        other => other.clone(),
    }
}

fn api_path(made: &MadeThere, now: &str) -> String {
    let of = if let MadeThere::Mount { .. } = made { "mounts" } else { "policies/acl" };
    format!("sys/{of}/{now}")
}

async fn mount(path: &str, proofs: &[Proof], vault: &Client) -> Found {
    let mounts = match vault.mounts().await {
        Ok(mounts) => mounts,
        Err(why) => return Found::Unknown(format!("Vault does not say what is mounted there: {why}")),
    };
    let accessor = proofs.iter().find_map(|proof| match proof {
        Proof::Accessor { accessor } => Some(accessor),
        _ => None,
    });
    let marker = proofs.iter().find_map(|proof| if let Proof::Marker { text } = proof { Some(text) } else { None });
    // A mount keeps both when it is moved (sys/remount).
    let is_ours = |mount: &Mount| match (accessor, marker) {
        (Some(accessor), _) => *accessor == mount.accessor,
        (None, Some(marker)) => *marker == mount.description,
        (None, None) => false,
    };
    if let Some((now, _)) = mounts.iter().find(|(_, mount)| is_ours(mount)) {
        return Found::Ours(now.clone());
    }
    let Some((_, mount)) = mounts.iter().find(|(there, _)| there == path.trim_matches('/')) else { return Found::Gone };
    match (accessor, marker) {
        (Some(accessor), _) => Found::Another(format!(
            "it was made later by somebody else, and is left alone: expected accessor {accessor}, got {}",
            mount.accessor
        )),
        (None, Some(marker)) => Found::Another(format!(
            "it is somebody else's, and is left alone: expected the description `{marker}`, got `{}`",
            mount.description
        )),
        (None, None) => Found::Unknown("nothing proves that it is the run's".to_owned()),
    }
}

async fn policy(name: &str, proofs: &[Proof], vault: &Client) -> Found {
    let rules = match vault.policy(name).await {
        Ok(Some(rules)) => rules,
        Ok(None) => return Found::Gone,
        Err(why) => return Found::Unknown(format!("Vault does not show it: {why}")),
    };
    let written = proofs.iter().find_map(|proof| if let Proof::Marker { text } = proof { Some(text) } else { None });
    match written {
        Some(written) if written.trim() == rules.trim() => Found::Ours(name.to_owned()),
        Some(_) => Found::Another("its rules are not those that the run wrote: it is left alone".to_owned()),
        None => Found::Unknown("nothing proves that it is the run's".to_owned()),
    }
}
