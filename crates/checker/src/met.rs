//! Which texts were met before, in a run that may meet millions.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher};

/// Texts that were met, each kept as a hash of 128 bits and not as itself. Two of a hundred million texts share a hash
/// with a chance below one in 10^22, so equal hashes are taken for equal texts.
#[derive(Default)]
pub(crate) struct Met(BTreeSet<u128>);

impl Met {
    /// Notes the text. False where it was met before.
    pub(crate) fn is_new(&mut self, text: &str) -> bool {
        self.0.insert(hash(text))
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0.contains(&hash(text))
    }
}

/// Two hashes of 64 bits, apart by what is hashed before the text.
fn hash(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(text.as_bytes());
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::{Met, hash};

    #[test]
    fn a_text_is_new_once() {
        let mut met = Met::default();
        assert!(!met.contains("a"));
        assert!(met.is_new("a") && met.is_new("b"));
        assert!(met.contains("a") && !met.is_new("a") && !met.is_new("b"));
    }

    #[test]
    fn both_halves_of_a_hash_tell_texts_apart() {
        let (one, other) = (hash("v-token-le-app-role-a"), hash("v-token-le-app-role-b"));
        assert_ne!(one >> 64, other >> 64);
        assert_ne!(one as u64, other as u64);
        assert_ne!((one >> 64) as u64, one as u64);
    }
}
