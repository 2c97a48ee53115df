use std::collections::BTreeMap;

use leaseproof_domain::Operation;

use crate::fold::{Life, Step};

/// The first tries of a credential at one endpoint.
pub(super) struct FirstLogin<'l> {
    pub(super) endpoint: &'l str,
    /// The first that worked.
    pub(super) worked: Option<&'l Step>,
    /// Those that were refused before that.
    pub(super) refused: Vec<&'l Step>,
    /// The last of those that did not work, answered or not.
    pub(super) failed: Option<&'l Step>,
}

/// The first logins of a life while its lease stood and its revocation had not begun, endpoint by endpoint.
pub(super) fn first_logins(life: &Life) -> Vec<FirstLogin<'_>> {
    let mut endpoints: BTreeMap<&str, FirstLogin<'_>> = BTreeMap::new();
    for step in life.steps_of(Operation::Login).filter(|step| step.is_ok() || life.not_ended(step.end)) {
        let endpoint = step.endpoint.as_deref().unwrap_or("its endpoint");
        let known = endpoints.entry(endpoint).or_insert(FirstLogin {
            endpoint,
            worked: None,
            refused: Vec::new(),
            failed: None,
        });
        if known.worked.is_some() {
            continue;
        }
        if step.is_ok() {
            known.worked = Some(step);
            continue;
        }
        known.failed = Some(step);
        if step.failure().is_some() {
            known.refused.push(step);
        }
    }
    endpoints.into_values().collect()
}
