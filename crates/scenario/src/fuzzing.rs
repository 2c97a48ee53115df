//! What the fuzz targets reach of this crate's insides; it is there in their builds only.

use crate::grant;

/// Reads a promised GRANT, and the same text as a list of objects: every wrong word lies within the text.
///
/// # Panics
/// Where one does not.
pub fn grant(text: &str) {
    for version in [14, 18] {
        let wrong = [grant::read(text, version).err(), grant::read_objects(text).err()];
        for wrong in wrong.into_iter().flatten().flatten() {
            assert!(text.get(wrong.at.clone()).is_some(), "{:?} of {text:?}: {}", wrong.at, wrong.message);
        }
    }
}
