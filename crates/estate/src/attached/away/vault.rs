//! Mounts and policies.

use leaseproof_history::{MadeThere, Proof};
use leaseproof_vault::Client;

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
        Found::Ours(_) if dry_run => left.push(Left::of(&made.what, "it would be removed")),
        Found::Ours(path) => match vault.delete(&path).await {
            Ok(_) => gone(&made.what),
            Err(why) => left.push(Left::of(&made.what, why.to_string())),
        },
        Found::Gone => gone(&made.what),
        Found::Another(why) => {
            left.push(Left::strange(&made.what, why));
            gone(&made.what);
        }
        Found::Unknown(why) => left.push(Left::of(&made.what, why)),
    }
}

async fn mount(path: &str, proofs: &[Proof], vault: &Client) -> Found {
    let mount = match vault.mount(path).await {
        Ok(Some(mount)) => mount,
        Ok(None) => return Found::Gone,
        Err(why) => return Found::Unknown(format!("Vault does not say what is mounted there: {why}")),
    };
    let accessor = proofs.iter().find_map(|proof| match proof {
        Proof::Accessor { accessor } => Some(accessor),
        _ => None,
    });
    let marker = proofs.iter().find_map(|proof| if let Proof::Marker { text } = proof { Some(text) } else { None });
    let ours = Found::Ours(format!("sys/mounts/{path}"));
    match (accessor, marker) {
        (Some(accessor), _) if *accessor == mount.accessor => ours,
        (None, Some(marker)) if *marker == mount.description => ours,
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
        Some(written) if written.trim() == rules.trim() => Found::Ours(format!("sys/policies/acl/{name}")),
        Some(_) => Found::Another("its rules are not those that the run wrote: it is left alone".to_owned()),
        None => Found::Unknown("nothing proves that it is the run's".to_owned()),
    }
}
