//! Roles that are not credentials of the run: those from before it, and groups.

use leaseproof_domain::{CreatedGroup, Observed, OrphanBefore, UndecidedBefore, UnixMicros};
use postgres_protocol::escape::escape_identifier;

use crate::figures;

/// How many roles are shown by name; `verdicts.json` has more.
const SHOWN: usize = 5;

/// Roles from before the run that match a username pattern and have no lease, or may have none; empty if there are none.
pub(crate) fn orphans(observed: &Observed) -> Vec<String> {
    without_lease(observed).into_iter().chain(observed.undecided_before.iter().map(undecided)).collect()
}

fn undecided(undecided: &UndecidedBefore) -> String {
    let UndecidedBefore { why, roles, at_least, names, .. } = undecided;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(leaseproof_domain::Username::as_str).collect();
    let more = if *roles > shown.len() as u64 { ", …" } else { "" };
    let without = if *at_least > 0 { format!(" At least {at_least} of them had no lease.") } else { String::new() };
    let verb = if *roles == 1 { "matches a username pattern and was" } else { "match a username pattern and were" };
    format!(
        "{} from before the run {verb} not judged: {why}.{without} leaseproof does not change them: {}{more}",
        figures::count(*roles, "role"),
        shown.join(", ")
    )
}

fn without_lease(observed: &Observed) -> Vec<String> {
    let Observed { orphans_before, more_orphans_before, .. } = observed;
    let Some(first) = orphans_before.first() else { return Vec::new() };
    let all = orphans_before.len() as u64 + more_orphans_before;
    let verb = if all == 1 { "matches" } else { "match" };
    let mut lines = vec![format!(
        "{} from before the run {verb} a username pattern, and Vault listed no lease that could own one. leaseproof does \
         not change them.",
        figures::count(all, "role")
    )];
    lines.extend(orphans_before.iter().take(SHOWN).map(orphan));
    if let Some(more) = all.checked_sub(SHOWN as u64).filter(|more| *more > 0) {
        lines.push(format!("… and {more} more"));
    }
    let name = escape_identifier(first.name.as_str());
    lines.push(format!(
        "Another Vault, a namespace of this one, a person or another program may use such a name. If that is not the case, remove it as a \
         superuser: REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}; in each database, then DROP ROLE {name};. `orphans_before = 0` in [promise] makes \
         such a run fail."
    ));
    lines.push(format!(
        "DROP OWNED does not revoke what another role granted, e.g. Vault's account with its GRANT OPTION. `leaseproof grants \
         '{}' --server URL --removal` prints the exact statements for all databases.",
        first.name.as_str().replace('\'', "'\\''")
    ));
    lines
}

fn orphan(orphan: &OrphanBefore) -> String {
    let OrphanBefore { name, oid, cluster, login, valid_until, role } = orphan;
    let on = if cluster.is_empty() { String::new() } else { format!(" on {cluster}") };
    let login = if *login { "can log in" } else { "cannot log in" };
    let until = valid_until
        .map_or_else(|| "no VALID UNTIL (or infinity)".to_owned(), |until| format!("VALID UNTIL {}", time(until)));
    let pattern =
        role.as_ref().map_or_else(|| "Vault's own template".to_owned(), |role| format!("the pattern of {role}"));
    format!("{name}{on} (OID {oid}): {login}, {until}, matches {pattern}")
}

/// Groups that credentials share and that appeared during the run; empty if there are none.
pub(crate) fn groups(observed: &Observed) -> Vec<String> {
    observed.groups.iter().map(group).collect()
}

fn group(group: &CreatedGroup) -> String {
    let CreatedGroup { name, cluster, oid, declared, stays } = group;
    let on = if cluster.is_empty() { String::new() } else { format!(" on postgres.{cluster}") };
    let declared = if *declared { "declared by `creates`" } else { "not declared" };
    let stays = if *stays { "stays; leaseproof does not drop it" } else { "was dropped again" };
    format!("{name}{on} (OID {oid}) was created during the run: a group without LOGIN, {declared}; it {stays}")
}

/// The time in UTC, with seconds.
fn time(time: UnixMicros) -> String {
    match jiff::Timestamp::from_microsecond(time.0) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{} µs after 1970", time.0),
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{CreatedGroup, Observed, OrphanBefore, UndecidedBefore, UnixMicros, Username};

    use super::{groups, orphans};

    #[test]
    fn roles_from_before_are_reported_with_what_to_do() {
        let orphan = |number: u32| OrphanBefore {
            name: Username::new(format!("v-token-app-{number}")),
            oid: 16_384 + number,
            cluster: "target".into(),
            login: number > 1,
            valid_until: (number > 1).then_some(UnixMicros(1_700_000_000_000_000)),
            role: Some("app".into()),
        };
        let observed = Observed {
            orphans_before: (1..=6).map(orphan).collect(),
            more_orphans_before: 2,
            undecided_before: vec![UndecidedBefore {
                why: "a lease of reports/creds/app, which the scenario does not promise, may own such a role".into(),
                roles: 3,
                at_least: 1,
                at_most: 2,
                names: ["v-a", "v-b", "v-c"].map(Username::new).into(),
            }],
            groups: vec![CreatedGroup {
                name: Username::new("app_readers"),
                cluster: String::new(),
                oid: 16_400,
                declared: true,
                stays: true,
            }],
            ..Observed::default()
        };
        let lines: Vec<String> = orphans(&observed).into_iter().chain(groups(&observed)).collect();
        insta::assert_snapshot!(lines.join("\n"));
        assert!(orphans(&Observed::default()).is_empty());
    }
}
