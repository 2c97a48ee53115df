//! The nearest right name for one that does not exist.

/// How many names are listed.
const LISTED: usize = 40;
/// A name of more bytes is a slip of none.
const LONGEST: usize = 200;

/// The candidate nearest to `given`, where one is near enough to have been meant.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > LONGEST {
        return None;
    }
    let wanted = given.to_lowercase();
    candidates
        .into_iter()
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(wanted.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How far two names are from each other. Words in another order or with another joint (`default-ttl`, `ttl_default`)
/// are near, and so is a name's beginning (`super`).
fn distance(one: &str, other: &str) -> usize {
    let sorted = |text: &str| {
        let mut words: Vec<&str> = text.split(['_', '-', '.']).collect();
        words.sort_unstable();
        words.join("_")
    };
    if one.len() >= 3 && other.starts_with(one) {
        return 1;
    }
    strsim::osa_distance(one, other).min(strsim::osa_distance(&sorted(one), &sorted(other)) + 1)
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = names.into_iter();
    let mut names: Vec<String> = all.by_ref().take(LISTED).map(|name| format!("`{name}`")).collect();
    match all.count() {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    match names.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{listed, nearest};

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let names = ["default_ttl", "max_ttl", "rate", "for"];
        for (given, near) in [
            ("defualt_ttl", Some("default_ttl")),
            ("ttl_default", Some("default_ttl")),
            ("rat", Some("rate")),
            ("fro", Some("for")),
            ("def", Some("default_ttl")),
            ("colour", None),
        ] {
            assert_eq!(nearest(given, names), near, "{given}");
        }
    }

    #[test]
    fn names_are_listed_as_people_do() {
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
        assert!(listed(["a"; 100]).ends_with("`a` and 60 more"));
    }
}
