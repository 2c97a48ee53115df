use std::fmt::Write;

use leaseproof_domain::CATALOGUE;

/// The catalogue of checks as a page of Markdown: what each compares with what, and where its promise comes from.
pub fn catalogue_markdown() -> String {
    let mut page = String::from(
        "# The checks\n\n\
         Each promise of a scenario asks for some of these. A check passes where every sample kept the promise and there \
         were samples; it fails on the first that did not; otherwise it is Unknown, with a reason.\n\n\
         A check knows from the run how many samples it should have had: a first login of every credential at every \
         endpoint, a look at the roles after every acknowledged revocation, a probe of every promised privilege. What a \
         fault or the scenario itself excuses is not expected. A check that could judge less than half of them, at one \
         endpoint or altogether, is Unknown where it found nothing: `judged 3 of 40 expected`.\n\n\
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
        if info.timing {
            page.push_str("- A failure rests on timing: an invalid measurement takes it back.\n");
        }
    }
    page
}

fn row(page: &mut String, line: std::fmt::Arguments<'_>) {
    page.write_fmt(line).expect("a String takes every text");
}

fn anchor(id: &str) -> String {
    id.to_lowercase()
}
