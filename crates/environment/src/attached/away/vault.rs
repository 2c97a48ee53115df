//! Mounts and policies.

use leaseproof_history::{MadeThere, Proof};
use leaseproof_vault::{Client, Mount};

use super::{Found, Left, Own};
use crate::attached::traces::Made;

/// Takes a mount or a policy away, if it is the run's.
pub(super) async fn take_away(
    made: &Made,
    vault: &Client,
    dry_run: bool,
    gone: &mut impl FnMut(&MadeThere, Option<&MadeThere>),
    left: &mut Vec<Left>,
) {
    let found = match &made.what {
        MadeThere::Mount { path } => mount(made, path, vault).await,
        MadeThere::Policy { name } => policy(made, name, vault).await,
        MadeThere::Role { .. } | MadeThere::Database { .. } => return,
    };
    match found {
        Found::Ours(own) => {
            left.extend(own.foreign(&made.what));
            if dry_run {
                left.push(own.stays(&made.what, "it would be removed"));
                return;
            }
            match vault.delete(&api_path(&own.now)).await {
                Ok(_) => gone(&made.what, Some(&own.now)),
                Err(why) => left.push(stays(&own, &made.what, &why)),
            }
        }
        Found::Gone => gone(&made.what, None),
        Found::Another(why) => {
            left.push(Left::strange(&made.what, why));
            gone(&made.what, None);
        }
        Found::Changed(why) => left.push(Left::changed(&made.what, why)),
        Found::Unknown(why) => left.push(Left::of(&made.what, why)),
    }
}

/// Vault disables no mount with a lease that it cannot revoke.
fn stays(own: &Own, made: &MadeThere, why: &leaseproof_vault::Error) -> Left {
    let left = own.stays(made, &why.to_string());
    match &own.now {
        MadeThere::Mount { path } if why.status() == Some(400) => Left {
            why: format!("{}. Remove the credentials' roles first", left.why),
            command: Some(format!("vault lease revoke -force -prefix {path}/; vault secrets disable {path}")),
            ..left
        },
        _ => left,
    }
}

fn api_path(made: &MadeThere) -> String {
    match made {
        MadeThere::Mount { path } => format!("sys/mounts/{path}"),
        MadeThere::Policy { name } => format!("sys/policies/acl/{name}"),
        MadeThere::Role { name, .. } | MadeThere::Database { name, .. } => name.clone(),
    }
}

async fn mount(made: &Made, path: &str, vault: &Client) -> Found {
    let proofs = &made.proofs;
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
    let there = mounts.iter().find(|(there, _)| there == path.trim_matches('/'));
    if let Some((now, _)) = mounts.iter().find(|(_, mount)| is_ours(mount)) {
        let foreign =
            || there.map(|(_, mount)| format!("its accessor is {}; the run's own was moved to {now}", mount.accessor));
        return Found::Ours(Own::of(&made.what, now, foreign));
    }
    let Some((_, mount)) = there else { return Found::Gone };
    match (accessor, marker) {
        (Some(accessor), _) => Found::Another(format!(
            "it was made later by somebody else, and is left alone: expected accessor {accessor}, got {}",
            mount.accessor
        )),
        (None, Some(marker)) => Found::Changed(format!(
            "its description is not the run's, and nothing else shows whose it is: expected `{marker}`, got `{}`. Look at it \
             first (`vault secrets list -detailed`); if nobody else needs it",
            mount.description
        )),
        (None, None) => Found::Unknown("nothing proves that it is the run's".to_owned()),
    }
}

async fn policy(made: &Made, name: &str, vault: &Client) -> Found {
    let proofs = &made.proofs;
    let rules = match vault.policy(name).await {
        Ok(Some(rules)) => rules,
        Ok(None) => return Found::Gone,
        Err(why) => return Found::Unknown(format!("Vault does not show it: {why}")),
    };
    let written = proofs.iter().find_map(|proof| if let Proof::Marker { text } = proof { Some(text) } else { None });
    match written {
        Some(written) if written.trim() == rules.trim() => Found::Ours(Own::of(&made.what, name, || None)),
        Some(_) => Found::Changed(format!(
            "its rules are not those that the run wrote: somebody changed them, or made another policy of that name. Read it \
             first (`vault policy read {name}`); if nobody else needs it"
        )),
        None => Found::Unknown("nothing proves that it is the run's".to_owned()),
    }
}
