use std::collections::BTreeSet;

use leaseproof_domain::{Event, Finding, Micros, SessionSeen, UnixMicros};

use crate::check::{Check, Whole};
use crate::fold::Run;
use crate::sheet::Sheet;

/// Every session of credentials and of Vault itself is encrypted.
#[derive(Default)]
pub(super) struct Encryption {
    /// Credentials' sessions that were judged and are open: one that loses its role's name is told again.
    open: BTreeSet<(i32, UnixMicros)>,
    /// Credentials' sessions of which it was not to be seen.
    unseen: BTreeSet<(i32, UnixMicros)>,
    saw_credential: bool,
    saw_vault: bool,
}

impl Check for Encryption {
    fn see(&mut self, event: &Event, run: &Run<'_>, sheet: &mut Sheet) {
        let Event::Sessions(sighting) = event else { return };
        for session in &sighting.appeared {
            if session.encrypted.is_none() {
                self.unseen.insert((session.pid, session.started));
                continue;
            }
            self.unseen.remove(&(session.pid, session.started));
            sheet.expect(true);
            if self.open.insert((session.pid, session.started)) {
                self.saw_credential = true;
                judge(session, sighting.from, run, sheet);
            }
        }
        for session in sighting.accounts.iter().filter(|session| session.encrypted.is_some()) {
            self.saw_vault = true;
            judge(session, sighting.from, run, sheet);
        }
        for gone in &sighting.gone {
            self.open.remove(gone);
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, sheet: &mut Sheet) {
        sheet.expect_many("", self.unseen.len() as u64, 0);
        if !self.saw_vault {
            sheet.cannot_say("no session of Vault's own accounts was observed");
        }
        if !self.saw_credential {
            sheet.cannot_say("no session of a credential was observed");
        }
    }

    fn without_samples(&self) -> &'static str {
        "the encryption of no session could be read"
    }
}

fn judge(session: &SessionSeen, at: Micros, run: &Run<'_>, sheet: &mut Sheet) {
    sheet.sample();
    if session.encrypted == Some(false) {
        sheet.find(finding(session, at, run));
    }
}

fn finding(session: &SessionSeen, at: Micros, run: &Run<'_>) -> Finding {
    let name =
        session.name.as_ref().map_or_else(|| format!("a dropped role (OID {})", session.oid), ToString::to_string);
    let program = if session.application.is_empty() { String::new() } else { format!(" ({})", session.application) };
    Finding {
        what: format!("a session of {name}{program} is not encrypted"),
        username: session.name.clone(),
        lease: session.name.as_ref().and_then(|name| run.life_of(name)).and_then(|life| life.lease.clone()),
        oid: Some(session.oid),
        at: Some(at),
        ..Finding::default()
    }
}
