//! TLS-1: whether sessions are encrypted.

use insta::assert_snapshot;
use leaseproof_domain::{Event, SessionObservation, SessionSeen};

use crate::story::{Story, lease, oid, username};

fn sessions(story: Story, change: impl Fn(&mut SessionObservation)) -> Story {
    story.each(|event| {
        if let Event::Sessions(observation) = event {
            change(observation);
        }
    })
}

fn each(sessions: &mut [SessionSeen], encrypted: Option<bool>) {
    sessions.iter_mut().for_each(|session| session.encrypted = encrypted);
}

#[test]
fn tls_1_fails_where_a_credentials_session_is_plain() {
    Story::good().passes("TLS-1");
    assert_eq!(Story::good().judgment("TLS-1").samples, 2);
    let plain = sessions(Story::good(), |observation| each(&mut observation.appeared, Some(false)));
    let findings = plain.fails("TLS-1");
    assert_eq!(
        (findings[0].oid, &findings[0].username, &findings[0].lease),
        (Some(oid(1)), &Some(username(1)), &Some(lease(1)))
    );
    assert_snapshot!(findings[0].what, @"a session of v-token-le-app-role-000000000000000000u1-1700000001 is not encrypted");
}

#[test]
fn tls_1_fails_where_vault_itself_is_plain() {
    let plain = sessions(Story::good(), |observation| each(&mut observation.accounts, Some(false)));
    assert_snapshot!(plain.fails("TLS-1")[0].what, @"a session of vaultuser is not encrypted");
}

#[test]
fn tls_1_of_what_was_not_seen_nobody_can_say() {
    let no_credential = sessions(Story::good(), |observation| observation.appeared.clear());
    assert_eq!(no_credential.unknown("TLS-1"), "no session of a credential was observed");
    let no_vault = sessions(Story::good(), |observation| observation.accounts.clear());
    assert_eq!(no_vault.unknown("TLS-1"), "no session of Vault's own accounts was observed");
    let hidden = sessions(Story::good(), |observation| {
        each(&mut observation.appeared, None);
        each(&mut observation.accounts, None);
    });
    hidden.unknown("TLS-1");
}
