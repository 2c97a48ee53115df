//! What a check shows, from the catalogue.

use std::fmt::Write as _;

use leaseproof_domain::{CATALOGUE, CheckId};

/// One check in full: its title, what is compared, where it comes from, whether it rests on timing.
pub fn explain(check: CheckId) -> String {
    let info = check.info();
    let timing = if info.timing {
        "A failure rests on timing: where the generator itself fell behind, the measurement is invalid and the failure \
         does not count."
    } else {
        "A failure does not rest on timing: it stands even where the measurement is invalid."
    };
    let mut text = format!("{}  {}\n\n", info.id, info.title);
    for paragraph in [info.shown, timing] {
        wrap(&mut text, paragraph);
        text.push('\n');
    }
    wrap(&mut text, &format!("Source: {}.", info.source.trim_end_matches('.')));
    text
}

/// Every check, a line each.
pub fn explain_all() -> String {
    let mut text = String::new();
    for info in CATALOGUE {
        let _ = writeln!(text, "{:<7} {}", info.id, info.title);
    }
    text
}

/// Breaks a paragraph at 100 columns.
fn wrap(text: &mut String, paragraph: &str) {
    let mut width = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 100 {
            text.push('\n');
            width = 0;
        } else if width > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{CATALOGUE, CheckId};

    use super::explain;

    #[test]
    fn a_check_is_told_in_full() {
        insta::assert_snapshot!(explain(CheckId::of("EXP-1")));
    }

    #[test]
    fn no_line_is_too_long() {
        for info in CATALOGUE {
            let text = explain(CheckId::of(info.id));
            assert!(text.lines().skip(1).all(|line| line.chars().count() <= 100), "{text}");
        }
    }
}
