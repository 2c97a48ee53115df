//! What follows from one privilege too many, or from one that is missing.

use super::Group;

/// Whether the groups or attributes that one says too much of bring the privilege that the other one tells of: it names
/// them as its way.
pub(super) fn brings(own: &Group, other: &Group) -> bool {
    let group = |privilege: &String| privilege.strip_prefix("membership of ").map(str::to_owned);
    let names = |group: String| words(&other.example().what).any(|word| word == group);
    own.privileges.iter().filter_map(group).any(names)
}

/// Whether the other one tells of a query that was rejected for want of the privilege that one misses, of a credential of
/// the same Vault role.
pub(super) fn is_missed_by(own: &Group, other: &Group) -> bool {
    let denied = other.example().code.as_deref() == Some("42501");
    let missing = own.example().what.contains(" lacks ");
    let Some(object) = denied_object(&other.example().what).filter(|_| denied && missing) else { return false };
    let same_role = other.about.keys().all(|subject| own.about.contains_key(subject));
    same_role && own.privileges.iter().filter_map(|privilege| object_name(privilege)).any(|name| name == object)
}

/// The object in `permission denied for table stock` (aclcheck_error in aclchk.c: without its schema).
pub(super) fn denied_object(what: &str) -> Option<&str> {
    let (_, rest) = what.split_once("permission denied for ")?;
    let rest = rest.split(';').next().unwrap_or(rest);
    rest.rsplit(' ').next()
}

/// The object's own name in `SELECT ON TABLE shop.stock`.
pub(super) fn object_name(privilege: &str) -> Option<&str> {
    let (_, object) = privilege.split_once(" ON ")?;
    let object = object.split('(').next().unwrap_or(object).trim_end();
    object.rsplit([' ', '.']).next().map(|name| name.trim_matches('"'))
}

/// Names in a sentence.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '-' | '$' | '.')))
}
