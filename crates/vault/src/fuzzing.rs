//! What the fuzz targets reach of this crate's insides; it is there in their builds only.

use crate::{Answer, Issued, LeaseInfo, Renewed};

/// Reads a body in every way that an answer is read. No error repeats the body's `password`.
///
/// # Panics
/// Where one does.
pub fn read(status: u16, body: &[u8]) {
    let answer = || Answer::read(status, Ok(body));
    let password = answer().ok().and_then(|answer| answer.text("/data/password").ok().map(str::to_owned));
    let errors = [
        answer().err(),
        answer().and_then(Issued::of).err(),
        answer().and_then(Renewed::of).err(),
        answer().and_then(|answer| LeaseInfo::of(&answer)).err(),
        Answer::read(status, Err("it broke off".to_owned())).err(),
    ];
    for error in errors.into_iter().flatten() {
        let shown = format!("{error} {error:?}");
        // A shorter one may stand in any text by chance.
        let leaked = password.as_ref().is_some_and(|password| password.len() > 12 && shown.contains(password));
        assert!(!leaked, "{shown}");
    }
}
