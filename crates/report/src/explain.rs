//! `leaseproof explain`: the catalogue entry of a check.

use leaseproof_domain::{CATALOGUE, CheckId, CheckInfo, Timing};

use crate::layout::{Layout, USUAL_WIDTH};

/// One check in full: its title, what it compares, its source, whether it rests on timing. Lines have at most `width`
/// columns; the default is 80.
pub fn explain(check: CheckId, width: Option<usize>) -> String {
    let info = check.info();
    let timing = timing(info);
    let source = format!("Source: {}.", info.source.trim_end_matches('.'));
    let layout = Layout::new(width.or(Some(USUAL_WIDTH)));
    let mut text = String::new();
    layout.paragraph(&mut text, &format!("{}  ", info.id), info.title);
    for paragraph in [info.shown, timing, &source] {
        text.push('\n');
        layout.paragraph(&mut text, "", &paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    text
}

/// What becomes of a failure if the load generator could not keep its schedule.
const fn timing(info: &CheckInfo) -> &'static str {
    match info.timing {
        Timing::Rests => {
            "A failure rests on timing: if the load generator could not keep its schedule, the measurement is invalid and \
             the failure does not count."
        }
        Timing::RestsExceptShares => {
            "If the load generator could not keep its schedule, it depends on the metric. A threshold on a time, on \
             unanswered requests or on dropped arrivals rests on timing: the measurement is invalid, and neither a kept nor \
             a crossed limit counts. A threshold on a share of failures (`*.failed`) does not rest on timing: it counts."
        }
        Timing::DoesNotRest => "A failure does not rest on timing: it counts even if the measurement is invalid.",
    }
}

/// Every check with its title, in lines of at most `width` columns; the default is 80.
pub fn explain_all(width: Option<usize>) -> String {
    let layout = Layout::new(width.or(Some(USUAL_WIDTH)));
    let mut text = String::new();
    for info in CATALOGUE {
        layout.paragraph(&mut text, &format!("{:<7} ", info.id), info.title);
    }
    text
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{CATALOGUE, CheckId};

    use super::{explain, explain_all};

    #[test]
    fn a_check_is_reported_in_full() {
        insta::assert_snapshot!(explain(CheckId::of("EXP-1"), None));
        insta::assert_snapshot!("a_threshold_in_full", explain(CheckId::of("THR-1"), None));
    }

    #[test]
    fn no_line_is_too_long() {
        for info in CATALOGUE {
            let text = explain(CheckId::of(info.id), Some(60)) + &explain_all(Some(60));
            assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        }
    }
}
