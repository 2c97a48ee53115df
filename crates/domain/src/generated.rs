/// Shorter secrets than this are not looked for by their text: they would match by chance.
pub(crate) const SHORTEST: usize = 6;

/// Whether a word looks like a password and not like a word of a language: it has letters, and digits or signs among them.
pub fn looks_generated(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    let has = |so: fn(&char) -> bool| word.chars().any(|sign| so(&sign));
    let named = ["scram-sha", "sha", "md5", "aes"].iter().any(|begin| word.to_ascii_lowercase().starts_with(begin));
    word.chars().count() >= SHORTEST
        && !named
        && has(|sign| sign.is_alphabetic())
        && has(|sign| sign.is_ascii_digit() || "!#%^&*+?~|".contains(*sign))
}
