use leaseproof_domain::ObjectKind;

use crate::Error;

/// The kind that a query of this crate calls so.
pub(crate) fn kind(word: &str) -> Result<ObjectKind, Error> {
    match word {
        "table" => Ok(ObjectKind::Table),
        "column" => Ok(ObjectKind::Column),
        "sequence" => Ok(ObjectKind::Sequence),
        "schema" => Ok(ObjectKind::Schema),
        "database" => Ok(ObjectKind::Database),
        "function" => Ok(ObjectKind::Function),
        "language" => Ok(ObjectKind::Language),
        "type" => Ok(ObjectKind::Type),
        "foreign_data_wrapper" => Ok(ObjectKind::ForeignDataWrapper),
        "foreign_server" => Ok(ObjectKind::ForeignServer),
        "large_object" => Ok(ObjectKind::LargeObject),
        "tablespace" => Ok(ObjectKind::Tablespace),
        "parameter" => Ok(ObjectKind::Parameter),
        _ => Err(Error::column("kind", format!("`{word}` is no kind of object"))),
    }
}
