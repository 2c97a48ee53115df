//! The types of a routine's arguments, as the catalog's `format_type` writes them without modifier.

/// Spellings that SQL takes beside the name that `format_type` writes (`type` in gram.y, typname in pg_type).
const ALIASES: &[(&str, &str)] = &[
    ("bool", "boolean"),
    ("bpchar", "character"),
    ("char", "character"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("double", "double precision"),
    ("float", "double precision"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("national character", "character"),
    ("nchar", "character"),
    ("time", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("varbit", "bit varying"),
    ("varchar", "character varying"),
    ("char varying", "character varying"),
    ("national character varying", "character varying"),
];

/// Types of the system that routines take: what has no schema and is none of them is in `public`.
const BUILT_IN: &[&str] = &[
    "aclitem",
    "any",
    "anyarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "bigint",
    "bit",
    "bit varying",
    "boolean",
    "box",
    "bytea",
    "character",
    "character varying",
    "cid",
    "cidr",
    "circle",
    "cstring",
    "date",
    "datemultirange",
    "daterange",
    "double precision",
    "event_trigger",
    "fdw_handler",
    "inet",
    "int4multirange",
    "int4range",
    "int8multirange",
    "int8range",
    "integer",
    "internal",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "language_handler",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "path",
    "pg_lsn",
    "pg_snapshot",
    "point",
    "polygon",
    "real",
    "record",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "smallint",
    "text",
    "tid",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
    "trigger",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "uuid",
    "void",
    "xid",
    "xid8",
    "xml",
];

/// Words that go on behind the first one of a type of more than one word.
pub(super) const MORE: &[&str] = &["precision", "varying", "character", "with", "without", "time", "zone"];

/// The catalog's name of a type that a fragment calls so; `words` are folded and joined by one space.
pub(super) fn named(schema: Option<&str>, words: &str) -> String {
    let plain = ALIASES.iter().find(|(alias, _)| *alias == words).map_or(words, |(_, name)| name);
    match schema {
        None | Some("pg_catalog") if BUILT_IN.contains(&plain) => plain.to_owned(),
        Some("pg_catalog") => identifier(words),
        schema => format!("{}.{}", identifier(schema.unwrap_or("public")), identifier(words)),
    }
}

/// A type that is named in quotes: no alias is meant.
pub(super) fn quoted(schema: Option<&str>, name: &str) -> String {
    match schema {
        // The one-byte type is the only one of the system that has to be quoted (format_type.c).
        None | Some("pg_catalog") if name == "char" => "\"char\"".to_owned(),
        None | Some("pg_catalog") if ALIASES.iter().any(|(alias, _)| *alias == name) || BUILT_IN.contains(&name) => {
            named(None, name)
        }
        schema => format!("{}.{}", identifier(schema.unwrap_or("public")), identifier(name)),
    }
}

/// As `quote_identifier` writes it, but for key words.
fn identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
