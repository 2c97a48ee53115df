use leaseproof_domain::Observer;

use crate::check::Check;
use crate::fold::{Life, Look, Run};
use crate::sheet::Sheet;

/// No acknowledged credential is lost before its end.
pub(super) struct Inv2;

impl Check for Inv2 {
    fn life(&mut self, life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
        let Some(issue) = life.acknowledged() else { return };
        let own = life.reads.iter().find(|read| read.seen.is_none() && life.in_force(read.look)).map(|read| read.look);
        let gone = life.gone().map(|gone| gone.look).filter(|look| life.in_force(*look));
        if let Some(lost) = own.into_iter().chain(gone).min_by_key(|look| look.from) {
            sheet.sample();
            let what = format!(
                "{} is not in pg_roles, {} after its issue's answer, though its lease stands and it was not revoked",
                life.name(),
                crate::words::span(lost.from.since(issue.end)),
            );
            sheet.find(life.finding(lost.from, what));
        } else if was_seen(life, run) {
            sheet.sample();
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles]
    }

    fn without_samples(&self) -> &'static str {
        "no credential was looked at between its issue's answer and its end"
    }
}

/// Whether any look while it was in force showed the role.
fn was_seen(life: &Life, run: &Run<'_>) -> bool {
    let read = life.reads.iter().any(|read| read.seen.is_some() && life.in_force(read.look));
    let track = life.track.as_ref();
    let appeared = track.and_then(|track| track.appeared);
    let last = match life.gone() {
        Some(gone) => gone.seen_from,
        None => appeared.and(run.last_look()).map(|look| look.from),
    };
    let seen_at = |from| life.in_force(Look { from, to: from });
    read || appeared.is_some_and(|look| life.in_force(look)) || last.is_some_and(seen_at)
}
