use std::fmt::Write;

use leaseproof_domain::{CATALOGUE, Timing};

/// The catalogue of checks as Markdown: what each check compares, and the source of its promise.
pub fn catalogue_markdown() -> String {
    let mut page = String::from(
        "# Checks\n\n\
         Each promise of a scenario adds some of these checks. A check passes if it has samples and all of them are as \
         promised; it fails on the first sample that contradicts the promise; otherwise it is Unknown, with a reason.\n\n\
         The plan and the operations so far determine how many samples a check should have: every arrival of a phase, a first \
         login of every credential at every endpoint, an observation of the roles after every acknowledged revocation, a \
         probe of every promised privilege, a query in every held session, observations for as long as a phase lasts. Samples that a fault window or the scenario makes impossible are not expected. An arrival that was dropped outside fault windows is a missing \
         sample, unless its phase has `overload = true`. A check without failures is Unknown if it has less than half of the expected samples. This is tested in total, per endpoint, and per phase and role with at least 3 expected samples: `judged 3 of 40 expected in phase steady`.\n\n\
         This page is generated from the catalogue in `crates/domain/src/check.rs`; `leaseproof explain ID` shows one \
         entry.\n\n| Check | Promise |\n|---|---|\n",
    );
    for info in CATALOGUE {
        row(
            &mut page,
            format_args!("| [{id}](#{anchor}) | {} |\n", info.title, id = info.id, anchor = anchor(info.id)),
        );
    }
    for info in CATALOGUE {
        row(&mut page, format_args!("\n## {}\n\n**{}.**\n\n{}\n\n", info.id, info.title, info.shown));
        row(&mut page, format_args!("- Source: {}\n", info.source));
        page.push_str(match info.timing {
            Timing::Rests => "- A failure rests on timing: it does not count if the measurement is invalid.\n",
            Timing::RestsExceptShares => {
                "- A failure does not count if the measurement is invalid. Exception: a threshold on a share of failures (`*.failed`) always counts.\n"
            }
            Timing::DoesNotRest => "",
        });
    }
    page
}

fn row(page: &mut String, line: std::fmt::Arguments<'_>) {
    page.write_fmt(line).expect("writing to a String does not fail");
}

fn anchor(id: &str) -> String {
    id.to_lowercase()
}
