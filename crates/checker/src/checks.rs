//! The checks, one file each.

mod account_attributes;
mod accounted_credentials;
mod action_ends;
mod audit_completeness;
mod audit_pairs;
mod availability;
mod cap;
mod dns_agent_policy;
mod dns_answers;
mod dns_credential_change;
mod dns_record_changes;
mod due;
mod early_loss;
mod early_refusal;
mod encryption;
mod ended_by_actions;
mod endpoints;
mod expiry;
mod fate;
mod first_logins;
mod fresh_logins;
mod irrevocable_leases;
mod issue_answers;
mod issuing_after_faults;
mod leftover_dependencies;
mod logins_after_end;
mod maximum_ttl;
mod named;
mod orphans_after_run;
mod orphans_before_run;
mod orphans_during_run;
mod passwords_in_logs;
mod policy_denials;
mod privileges;
mod probes_match_catalog;
mod probes_match_promises;
mod promised_ttls;
mod renewal_ttl;
mod replication_after_faults;
mod revocation;
mod saturation;
mod sessions_after_end;
mod shown;
mod stable_privileges;
mod thresholds;
mod tried;
mod usable_credentials;
mod usernames;
mod valid_until_at_issue;
mod valid_until_covers_lease;
mod wrong_passwords;

use leaseproof_domain::Subject;
use leaseproof_scenario::{Ask, Plan};

use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::Run;

pub(crate) use accounted_credentials::Totaller;
pub(crate) use expiry::expiry_lag;

/// The check that an ask names. KNO-1, which judges the others' verdicts, is not among them.
pub(crate) fn check(ask: &Ask, plan: &Plan) -> Box<dyn Check> {
    match ask.check.as_str() {
        "SAT-1" => Box::new(saturation::Saturation::default()),
        "AVL-1" => Box::new(availability::Availability::default()),
        "ISS-1" => Box::new(issue_answers::IssueAnswers),
        "ISS-2" => Box::new(usernames::Usernames::default()),
        "ISS-4" => Box::new(valid_until_at_issue::ValidUntilAtIssue::default()),
        "LOG-1" => Box::new(fresh_logins::FreshLogins::default()),
        "GRA-1" => Box::new(privileges::Privileges::default()),
        "PRB-1" => Box::new(probes_match_promises::ProbesMatchPromises::default()),
        "PWD-2" => Box::new(wrong_passwords::WrongPasswords::new(role_of(ask))),
        "PRB-2" => Box::new(probes_match_catalog::ProbesMatchCatalog::default()),
        "TTL-2" => Box::new(renewal_ttl::RenewalTtl::default()),
        "TTL-7" => Box::new(promised_ttls::PromisedTtls::default()),
        "REV-1" => Box::new(revocation::Revocation),
        "EXP-1" => Box::new(expiry::Expiry::new(role_of(ask))),
        "POL-1" => Box::new(policy_denials::PolicyDenials::new(role_of(ask))),
        "AUD-1" => Box::new(audit_completeness::AuditCompleteness::new(role_of(ask))),
        "PWD-1" => Box::new(passwords_in_logs::PasswordsInLogs::default()),
        "TLS-1" => Box::new(encryption::Encryption::default()),
        "ACC-1" => Box::new(account_attributes::AccountAttributes::new(ask, plan)),
        "RUN-2" => Box::new(orphans_after_run::OrphansAfterRun::default()),
        "RUN-7" => Box::new(orphans_before_run::OrphansBeforeRun),
        "INV-1" => Box::new(usable_credentials::UsableCredentials::new(role_of(ask))),
        "INV-2" => Box::new(early_loss::EarlyLoss),
        "INV-3" => Box::new(orphans_during_run::OrphansDuringRun::default()),
        "INV-4" => Box::new(valid_until_covers_lease::ValidUntilCoversLease::default()),
        "INV-5" => Box::<early_refusal::EarlyRefusal>::default(),
        "INV-6a" => Box::new(logins_after_end::LoginsAfterEnd::default()),
        "INV-6b" => Box::new(sessions_after_end::SessionsAfterEnd::default()),
        "INV-7" => Box::new(maximum_ttl::MaximumTtl),
        "INV-8" => Box::new(irrevocable_leases::IrrevocableLeases::default()),
        "INV-9" => Box::new(stable_privileges::StablePrivileges),
        "INV-11" => Box::new(leftover_dependencies::LeftoverDependencies::default()),
        "INV-10" => Box::new(accounted_credentials::AccountedCredentials),
        "FLT-1" => Box::<issuing_after_faults::IssuingAfterFaults>::default(),
        "FLT-2" => Box::new(replication_after_faults::ReplicationAfterFaults),
        "ACT-1" => Box::new(action_ends::ActionEnds),
        "ACT-2" => Box::new(ended_by_actions::EndedByActions),
        "DNS-1" => Box::new(dns_answers::DnsAnswers),
        "DNS-2" => Box::new(dns_credential_change::DnsCredentialChange),
        "DNS-3" => Box::new(dns_record_changes::DnsRecordChanges),
        "DNS-4" => Box::new(dns_agent_policy::DnsAgentPolicy::default()),
        "THR-1" => Box::new(thresholds::Thresholds::new(ask, plan)),
        _ => Box::new(Unmade),
    }
}

/// The role that an ask is about; none where it is about the environment.
fn role_of(ask: &Ask) -> Option<String> {
    match &ask.subject {
        Subject::Role(name) => Some(name.clone()),
        _ => None,
    }
}

/// Stands in for a check that a plan from elsewhere asks for and this build does not have.
struct Unmade;

/// Why such a check is Unknown.
pub(crate) const UNMADE: &str = "this version does not have the check";

impl Check for Unmade {
    fn end(&mut self, _: &Run<'_>, _: &crate::check::Whole<'_>, collector: &mut FindingCollector) {
        collector.cannot_say(UNMADE);
    }

    fn without_samples(&self) -> &'static str {
        UNMADE
    }
}
