use leaseproof_domain::{Object, ObjectKind};

/// What the privileges of a fragment are on.
pub(super) enum On {
    /// Objects by name, with their schema where their kind has one; `implied` where TABLE is not written.
    Objects { kind: ObjectKind, implied: bool, objects: Vec<Object> },
    /// ALL TABLES, SEQUENCES or ROUTINES IN SCHEMA.
    Schemas { kind: ObjectKind, names: Vec<String> },
    /// FUTURE TABLES IN SCHEMA … CREATED BY …; no schema means all of them.
    Future { kind: ObjectKind, schemas: Vec<String>, creators: Vec<String> },
}

impl On {
    pub(super) fn kind(&self) -> ObjectKind {
        match self {
            Self::Objects { kind, .. } | Self::Schemas { kind, .. } | Self::Future { kind, .. } => *kind,
        }
    }
}
