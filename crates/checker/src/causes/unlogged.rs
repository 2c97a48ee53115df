//! Requests that were acknowledged and never reached Vault: they have no effect, and are not in its audit log.

use std::sync::LazyLock;

use leaseproof_domain::CheckId;
use regex::Regex;

use super::Group;
use super::pattern::regex;

/// What AUD-1 finds of them.
static UNLOGGED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^([0-9]+) (renewal|revocation)s? acknowledged, and the audit log has ([0-9]+) response"));

/// Whether the findings of AUD-1 are about as many requests as had no effect, at most.
pub(super) fn is_without_effect(check: CheckId, own: &Group, other: &Group) -> bool {
    let what = own.example().what.as_str();
    let of = match check.as_str() {
        "REV-1" if what.contains("after its revocation was acknowledged") => "revocation",
        "TTL-2" if what.starts_with("VALID UNTIL is ") => "renewal",
        _ => return false,
    };
    let Some(found) = UNLOGGED.captures(&other.example().what) else { return false };
    let number = |place: usize| found.get(place).and_then(|text| text.as_str().parse::<u64>().ok());
    let (Some(acknowledged), Some(logged)) = (number(1), number(3)) else { return false };
    found.get(2).is_some_and(|word| word.as_str() == of) && acknowledged.saturating_sub(logged) <= own.count
}
