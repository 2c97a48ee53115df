use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{FailureSource, HarnessFault, HarnessTrouble, Micros, Operation, OperationRecord, Outcome};
use leaseproof_scenario::{EnvironmentKind, Plan};

use super::lifecycle::{EarlyEnd, EndedBy};
use crate::words::count;

/// What Vault says of a token that is none (any more), beside its `permission denied` (Vault, vault/request_handling.go).
const NO_TOKEN: &str = "invalid token";

/// What failed on the harness's own side, and so says nothing about the environment.
#[derive(Default)]
pub(crate) struct Harness {
    troubles: BTreeMap<HarnessFault, Trouble>,
    /// The start of the last request that was granted to the client's token, and the kinds of requests that were.
    granted: Option<Micros>,
    kinds: BTreeSet<Operation>,
    /// From when on the client's token may have ended, once a request showed that it had.
    token_end: Option<EarlyEnd>,
}

/// How often it was so, and what was seen first.
struct Trouble {
    times: u64,
    first: Micros,
    why: String,
}

impl Harness {
    /// Why the operation says nothing about the environment though a server answered: in an environment that is not the
    /// harness's own, the client's token is a child of the harness's, and ends with it.
    pub(crate) fn own_failure(&self, record: &OperationRecord, plan: &Plan) -> Option<Outcome> {
        let failure = record.outcome.failure()?;
        let with_token = matches!(record.op, Operation::Issue | Operation::Renew | Operation::Revoke);
        let refused = failure.source == FailureSource::Vault && failure.code == "403";
        if plan.environment != EnvironmentKind::Attached || !with_token || !refused {
            return None;
        }
        // A right that the token never had is the policy's lack.
        let lost = failure.message.contains(NO_TOKEN) || self.kinds.contains(&record.op);
        lost.then(|| Outcome::Harness { fault: HarnessFault::Token, why: failure.to_string() })
    }

    /// Takes in an operation.
    pub(crate) fn operation(&mut self, record: &OperationRecord) {
        match &record.outcome {
            Outcome::Ok => self.grant(record),
            outcome => self.outcome(outcome, record.end),
        }
    }

    /// Takes in how an operation or an action ended.
    pub(crate) fn outcome(&mut self, outcome: &Outcome, at: Micros) {
        if let Outcome::Harness { fault, why } = outcome {
            self.add(*fault, at, why);
        }
    }

    /// Takes in what is no operation. The harness's accounts in an environment of its own are made there, and lost there.
    pub(crate) fn trouble(&mut self, trouble: &HarnessTrouble, plan: &Plan) {
        let account = matches!(trouble.fault, HarnessFault::Token | HarnessFault::Observer);
        if !account || plan.environment == EnvironmentKind::Attached {
            self.add(trouble.fault, trouble.to, &trouble.why);
        }
    }

    fn grant(&mut self, record: &OperationRecord) {
        if matches!(record.op, Operation::Issue | Operation::Renew | Operation::Revoke) {
            self.granted = self.granted.max(Some(record.start));
            self.kinds.insert(record.op);
        }
    }

    fn add(&mut self, fault: HarnessFault, at: Micros, why: &str) {
        if fault == HarnessFault::Token {
            let from = self.granted.unwrap_or(Micros(0));
            self.token_end.get_or_insert(EarlyEnd { from, by: None, of: EndedBy::Token });
        }
        let new = || Trouble { times: 0, first: at, why: why.to_owned() };
        self.troubles.entry(fault).or_insert_with(new).times += 1;
    }

    /// From when on the leases of the run may have ended with the harness's own token.
    pub(crate) fn token_end(&self) -> Option<EarlyEnd> {
        self.token_end
    }

    /// What happened first, in words, with what to do; none where nothing did.
    pub(crate) fn words(&self) -> Option<String> {
        let (fault, first) = self.troubles.iter().min_by_key(|(_, trouble)| trouble.first)?;
        let times: u64 = self.troubles.values().map(|trouble| trouble.times).sum();
        Some(format!(
            "{fault} at {}; {} failed because of that and {} not judged (the first: {}); {}",
            first.first,
            count(times, "request"),
            if times == 1 { "is" } else { "are" },
            first.why,
            fault.advice()
        ))
    }
}
