use std::collections::BTreeSet;

use leaseproof_domain::{Event, Finding, Micros, SessionSeen, UnixMicros};

use crate::check::{Check, Whole};
use crate::fold::Run;
use crate::sheet::Sheet;

/// Every session of credentials and of Vault itself is encrypted.
#[derive(Default)]
pub(super) struct Tls1 {
    /// Sessions that were judged: a look tells some of them again.
    credentials: BTreeSet<(i32, UnixMicros, u32)>,
    accounts: BTreeSet<(i32, UnixMicros, u32)>,
}

impl Check for Tls1 {
    fn see(&mut self, event: &Event, run: &Run<'_>, sheet: &mut Sheet) {
        let Event::Sessions(sighting) = event else { return };
        for (sessions, judged) in
            [(&sighting.appeared, &mut self.credentials), (&sighting.accounts, &mut self.accounts)]
        {
            for session in sessions {
                let Some(encrypted) = session.encrypted else { continue };
                if !judged.insert((session.pid, session.started, session.oid)) {
                    continue;
                }
                sheet.sample();
                if !encrypted {
                    sheet.find(finding(session, sighting.from, run));
                }
            }
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, sheet: &mut Sheet) {
        if self.accounts.is_empty() {
            sheet.cannot_say("no session of an account of Vault's own was seen");
        }
        if self.credentials.is_empty() {
            sheet.cannot_say("no session of a credential was seen");
        }
    }

    fn without_samples(&self) -> &'static str {
        "of no session could be seen whether it is encrypted"
    }
}

fn finding(session: &SessionSeen, at: Micros, run: &Run<'_>) -> Finding {
    let name =
        session.name.as_ref().map_or_else(|| format!("a role that is gone (OID {})", session.oid), ToString::to_string);
    let program = if session.application.is_empty() { String::new() } else { format!(" ({})", session.application) };
    Finding {
        what: format!("a session of {name}{program} is not encrypted; every one has to be"),
        username: session.name.clone(),
        lease: session.name.as_ref().and_then(|name| run.life_of(name)).and_then(|life| life.lease.clone()),
        oid: Some(session.oid),
        at: Some(at),
        ..Finding::default()
    }
}
