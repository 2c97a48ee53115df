/// A number with its noun: `1 sample`, `322 samples`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_no_plural() {
        let words: Vec<String> = [0, 1, 2].into_iter().map(|number| count(number, "check")).collect();
        assert_eq!(words, ["0 checks", "1 check", "2 checks"]);
    }
}
