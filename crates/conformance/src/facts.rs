//! The facts, one file each.

mod asynchronous_revocation;
mod audit_has_each_request;
mod batch_token;
mod client_gone_after_commit;
mod colliding_usernames;
mod concurrent_grants_on_one_table;
mod connection_that_cannot_log_in;
mod create_in_public;
mod creation_is_one_transaction;
mod credential_lost_by_failover;
mod default_and_maximum_ttl;
mod default_revocation_by_createrole;
mod default_revocation_clears;
mod default_revocation_misses;
mod deleted_connection;
mod exactly_the_grants;
mod expiry_drops_the_role;
mod expiry_while_postgres_is_down;
mod failing_audit_device;
mod failover_keeps_issuing;
mod failover_servers;
mod grantees_per_table;
mod granting_a_group;
mod group_without_grant_option;
mod ha;
mod ha_active_node_killed;
mod ha_expiry_while_all_nodes_are_down;
mod ha_frozen_active_node;
mod ha_health_and_forwarding;
mod ha_lock_row_deleted;
mod ha_step_down;
mod ha_unreadable_storage;
mod ha_without_api_addr;
mod hanging_postgres;
mod irrevocable_leases;
mod irrevocable_list_needs_sudo;
mod issue_makes_one_role;
mod issues_wait_in_line;
mod issuing_while_many_expire;
mod login_at_once;
mod login_past_valid_until;
mod lowered_maximum_ttl;
mod mass_expiry;
mod open_sessions_after_revocation;
mod open_sessions_past_valid_until;
mod password_policy;
mod passwords_in_config_reads;
mod passwords_in_the_server_log;
mod pgbouncer;
mod policies_are_enforced;
mod postgres_down;
mod renewal_is_capped;
mod renewal_sets_valid_until;
mod renewal_without_postgres_role;
mod renewal_without_vault_role;
mod residue;
mod revocation_after_role_deletion;
mod revoke_force;
mod revoke_prefix_needs_sudo;
mod revoking_twice;
mod role_dropped_by_hand;
mod role_not_allowed;
mod role_pointed_at_another_cluster;
mod rollback_statements;
mod rotate_root;
mod rotate_root_interrupted;
mod schema_names_that_need_quotes;
mod slow_creation;
mod statement_splitting;
mod static_role_rotation;
mod static_role_rotation_while_down;
mod synchronous_revocation;
mod tables_made_later;
mod token_revocation_revokes_leases;
mod token_shorter_than_lease;
mod trust_authentication;
mod unknown_role;
mod url_of_a_demoted_server;
mod username_template;
mod valid_until_at_issue;
mod vault_killed_before_storing;

use crate::Fact;

/// Every fact, in the order of reports.
pub const CATALOGUE: &[Fact] = &[
    issue_makes_one_role::FACT,
    username_template::FACT,
    password_policy::FACT,
    valid_until_at_issue::FACT,
    creation_is_one_transaction::FACT,
    rollback_statements::FACT,
    unknown_role::FACT,
    role_not_allowed::FACT,
    statement_splitting::FACT,
    connection_that_cannot_log_in::FACT,
    login_at_once::FACT,
    passwords_in_the_server_log::FACT,
    login_past_valid_until::FACT,
    trust_authentication::FACT,
    open_sessions_past_valid_until::FACT,
    slow_creation::FACT,
    exactly_the_grants::FACT,
    create_in_public::FACT,
    tables_made_later::FACT,
    granting_a_group::FACT,
    default_and_maximum_ttl::FACT,
    renewal_sets_valid_until::FACT,
    renewal_is_capped::FACT,
    lowered_maximum_ttl::FACT,
    renewal_without_vault_role::FACT,
    renewal_without_postgres_role::FACT,
    synchronous_revocation::FACT,
    asynchronous_revocation::FACT,
    revoking_twice::FACT,
    revocation_after_role_deletion::FACT,
    default_revocation_clears::FACT,
    default_revocation_misses::FACT,
    default_revocation_by_createrole::FACT,
    role_dropped_by_hand::FACT,
    open_sessions_after_revocation::FACT,
    revoke_prefix_needs_sudo::FACT,
    revoke_force::FACT,
    schema_names_that_need_quotes::FACT,
    expiry_drops_the_role::FACT,
    token_revocation_revokes_leases::FACT,
    token_shorter_than_lease::FACT,
    batch_token::FACT,
    rotate_root::FACT,
    rotate_root_interrupted::FACT,
    static_role_rotation::FACT,
    static_role_rotation_while_down::FACT,
    policies_are_enforced::FACT,
    irrevocable_list_needs_sudo::FACT,
    audit_has_each_request::FACT,
    failing_audit_device::FACT,
    passwords_in_config_reads::FACT,
    postgres_down::FACT,
    expiry_while_postgres_is_down::FACT,
    irrevocable_leases::FACT,
    deleted_connection::FACT,
    vault_killed_before_storing::FACT,
    hanging_postgres::FACT,
    client_gone_after_commit::FACT,
    failover_keeps_issuing::FACT,
    url_of_a_demoted_server::FACT,
    credential_lost_by_failover::FACT,
    ha_without_api_addr::FACT,
    ha_health_and_forwarding::FACT,
    ha_active_node_killed::FACT,
    ha_step_down::FACT,
    ha_expiry_while_all_nodes_are_down::FACT,
    ha_unreadable_storage::FACT,
    ha_lock_row_deleted::FACT,
    ha_frozen_active_node::FACT,
    issues_wait_in_line::FACT,
    concurrent_grants_on_one_table::FACT,
    mass_expiry::FACT,
    colliding_usernames::FACT,
    grantees_per_table::FACT,
    pgbouncer::FACT,
    role_pointed_at_another_cluster::FACT,
    group_without_grant_option::FACT,
    issuing_while_many_expire::FACT,
];

/// A text that is no fact's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fact `{given}`; the facts are {}", ids())]
pub struct UnknownFact {
    /// What was given.
    pub given: String,
}

/// The fact of that id, in any case.
///
/// # Errors
/// [`UnknownFact`].
pub fn find(id: &str) -> Result<&'static Fact, UnknownFact> {
    let found = CATALOGUE.iter().find(|fact| fact.id.eq_ignore_ascii_case(id));
    found.ok_or_else(|| UnknownFact { given: id.to_owned() })
}

fn ids() -> String {
    CATALOGUE.iter().map(|fact| fact.id).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, find};

    #[test]
    fn every_fact_has_one_id_and_says_what_it_is() {
        for fact in CATALOGUE {
            assert_eq!(CATALOGUE.iter().filter(|other| other.id == fact.id).count(), 1, "{}", fact.id);
            assert_eq!(find(&fact.id.to_ascii_lowercase()).unwrap().id, fact.id);
            for text in [fact.says, fact.shown, fact.source] {
                assert!(!text.is_empty() && text == text.trim(), "{}: {text:?}", fact.id);
            }
        }
        assert!(
            find("ISS-99").unwrap_err().to_string().starts_with("there is no fact `ISS-99`; the facts are ISS-1, ")
        );
    }
}
