#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use leaseproof_history::{Entry, Ledger};

use super::now;
use crate::attached::credential::{CredentialLeft, Unchecked};
use crate::attached::credentials::Places;
use crate::attached::issued::Issued;
use crate::attached::traces::Traces;

fn stuck(role: &str) -> CredentialLeft {
    let lease = format!("database/creds/app/{role}");
    CredentialLeft { cluster: "target".to_owned(), role: role.to_owned(), lease, oid: Some(16_400) }
}

#[test]
fn a_second_signal_after_the_check_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (index, path) = (folder.path().join("index"), folder.path().join("ledger.jsonl"));
    let traces = Traces::of(&Ledger::create_in(&index, &path, "r1").unwrap());
    let left = || now(&traces, &Issued::default(), &Places::default());
    traces.token("http://vault:8200", "a1", 60).unwrap();
    traces.token_revoked();
    traces.credentials_checked(&[stuck("v-1"), stuck("v-2")]).unwrap();
    traces.role_left("target", "v-1-2", 16_401).unwrap();
    let words = left();
    assert!(words[0].starts_with("role v-1-2 (OID 16401) of postgres.target is new since the setup"), "{words:?}");
    assert!(words[1].starts_with("role v-1 (OID 16400) of postgres.target, lease"), "{words:?}");
    assert!(words[2].starts_with("role v-2 (OID 16400)") && words[3].starts_with("To remove each of"), "{words:?}");
    let open = Ledger::open_all_in(&index).unwrap().remove(0);
    let checked = Entry::CredentialsChecked { accessor: "a1".to_owned() };
    assert!(open.entries.contains(&checked) && open.entries.contains(&stuck("v-2").entry()), "{open:?}");
}

#[test]
fn a_ledger_says_whether_it_names_all_credentials_and_stays_readable() {
    for (count, entries) in [(3, 3), (100_000, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let (index, path) = (folder.path().join("index"), folder.path().join("ledger.jsonl"));
        let traces = Traces::of(&Ledger::create_in(&index, &path, "r1").unwrap());
        traces.token("http://vault:8200", "a1", 60).unwrap();
        traces.token_revoked();
        let one = |number: u32| {
            let role = format!("v-token-leaseproof-app-{number}");
            let lease = format!("database/creds/app/{role}");
            Unchecked { role, lease, cluster: Some("target".to_owned()), oid: Some(number) }
        };
        traces.credentials_unchecked(&(0..count).map(one).collect::<Vec<_>>()).unwrap();
        let open = Ledger::open_all_in(&index).unwrap().remove(0);
        assert_eq!(open.unreadable, Vec::<String>::new());
        let is_unchecked = |entry: &&Entry| matches!(entry, Entry::CredentialUnchecked { .. });
        assert_eq!(open.entries.iter().filter(is_unchecked).count(), entries);
        let named = Entry::CredentialsNamed { accessor: "a1".to_owned() };
        assert_eq!(open.entries.contains(&named), entries > 0);
    }
}
