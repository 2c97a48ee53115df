//! What privileges are on.

use leaseproof_domain::{Object, ObjectKind};

use super::reader::Reader;
use super::target::On;
use super::token::{Token, What};
use super::{Wrong, types};

/// The words before names, and what they name.
const KINDS: &[(&[&str], ObjectKind)] = &[
    (&["table"], ObjectKind::Table),
    (&["sequence"], ObjectKind::Sequence),
    (&["schema"], ObjectKind::Schema),
    (&["database"], ObjectKind::Database),
    (&["function"], ObjectKind::Function),
    (&["procedure"], ObjectKind::Function),
    (&["routine"], ObjectKind::Function),
    (&["language"], ObjectKind::Language),
    (&["type"], ObjectKind::Type),
    (&["domain"], ObjectKind::Type),
    (&["foreign", "data", "wrapper"], ObjectKind::ForeignDataWrapper),
    (&["foreign", "server"], ObjectKind::ForeignServer),
    (&["large", "object"], ObjectKind::LargeObject),
    (&["tablespace"], ObjectKind::Tablespace),
    (&["parameter"], ObjectKind::Parameter),
];

/// The words behind FUTURE: what has default privileges (`ALTER DEFAULT PRIVILEGES`).
const FUTURE: &[(&[&str], ObjectKind)] = &[
    (&["tables"], ObjectKind::Table),
    (&["sequences"], ObjectKind::Sequence),
    (&["functions"], ObjectKind::Function),
    (&["routines"], ObjectKind::Function),
    (&["types"], ObjectKind::Type),
    (&["schemas"], ObjectKind::Schema),
    (&["large", "objects"], ObjectKind::LargeObject),
];

impl Reader<'_> {
    pub(super) fn on(&mut self) -> Result<On, Wrong> {
        // A word of the grammar may be a table's name too: it is a kind only where a name follows.
        let kind_follows = match self.tokens.get(self.next + 1).map(|token| &token.is) {
            Some(What::Word(word)) => word != "with",
            Some(What::Quoted(_) | What::Number(_)) => true,
            _ => false,
        };
        if kind_follows && self.take_word("all") {
            return self.whole_schemas();
        }
        if kind_follows && self.take_word("future") {
            return self.future();
        }
        match self.kind(KINDS).filter(|_| kind_follows) {
            Some((words, kind)) => {
                self.next += words;
                Ok(On::Objects { kind, implied: false, objects: self.list(|reader| reader.object(kind))? })
            }
            None => {
                let objects = self.list(|reader| reader.object(ObjectKind::Table))?;
                Ok(On::Objects { kind: ObjectKind::Table, implied: true, objects })
            }
        }
    }

    /// The kind that the next words say, and how many they are.
    fn kind(&self, kinds: &[(&[&str], ObjectKind)]) -> Option<(usize, ObjectKind)> {
        let said = |offset: usize, word: &str| matches!(self.tokens.get(self.next + offset), Some(Token { is: What::Word(is), .. }) if is == word);
        let kind = kinds.iter().find(|(words, _)| words.iter().enumerate().all(|(offset, word)| said(offset, word)))?;
        Some((kind.0.len(), kind.1))
    }

    fn object(&mut self, kind: ObjectKind) -> Result<Object, Wrong> {
        let (schema, name) = match kind {
            ObjectKind::Table | ObjectKind::Sequence | ObjectKind::Type => self.qualified()?,
            ObjectKind::Function => self.routine()?,
            ObjectKind::LargeObject => (None, self.oid()?),
            ObjectKind::Parameter => (None, self.parameter()?),
            _ => (None, self.name()?),
        };
        Ok(Object { kind, schema, name, column: None })
    }

    fn qualified(&mut self) -> Result<(Option<String>, String), Wrong> {
        let first = self.name()?;
        if !self.take(&What::Dot) {
            return Ok((Some("public".to_owned()), first));
        }
        let name = self.name()?;
        if self.peek() == Some(&What::Dot) {
            return Err(self.wrong("a name is `schema.name`: the database is the role's"));
        }
        Ok((Some(first), name))
    }

    fn routine(&mut self) -> Result<(Option<String>, String), Wrong> {
        let (schema, name) = self.qualified()?;
        if !self.take(&What::Open) {
            return Err(self.wrong("a routine is named with the types of its arguments: `f(integer, text)`, `f()`"));
        }
        let mut arguments = Vec::new();
        if self.peek() != Some(&What::Close) {
            arguments = self.list(Self::argument)?;
        }
        if !self.take(&What::Close) {
            return Err(self
                .wrong("expected `,` or `)` in the list of types")
                .help("arguments are written without names"));
        }
        // The identity of a routine is its input arguments (pg_proc.proargtypes).
        let inputs: Vec<String> = arguments.into_iter().flatten().collect();
        Ok((schema, format!("{name}({})", inputs.join(", "))))
    }

    /// The type of an argument; none where it is only put out.
    fn argument(&mut self) -> Result<Option<String>, Wrong> {
        let only_out = self.take_word("out");
        let _mode = !only_out && (self.take_word("in") || self.take_word("inout") || self.take_word("variadic"));
        let mut quoted = matches!(self.peek(), Some(What::Quoted(_)));
        let mut words = self.name()?;
        let mut schema = None;
        if self.take(&What::Dot) {
            quoted = matches!(self.peek(), Some(What::Quoted(_)));
            schema = Some(std::mem::replace(&mut words, self.name()?));
        }
        self.modifier()?;
        while let Some(What::Word(more)) = self.peek().cloned()
            && !quoted
            && (types::MORE.contains(&more.as_str()))
        {
            self.next += 1;
            words = format!("{words} {more}");
            self.modifier()?;
        }
        let mut name = match quoted {
            true => types::quoted(schema.as_deref(), &words),
            false => types::named(schema.as_deref(), &words),
        };
        let mut array = self.take(&What::Array);
        while self.take(&What::Array) {
            array = true;
        }
        if array {
            name.push_str("[]");
        }
        Ok((!only_out).then_some(name))
    }

    /// `(10, 2)` behind a type, which is no part of a routine's identity.
    fn modifier(&mut self) -> Result<(), Wrong> {
        if !self.take(&What::Open) {
            return Ok(());
        }
        self.list(Self::number)?;
        if self.take(&What::Close) { Ok(()) } else { Err(self.wrong("expected `)`")) }
    }

    fn oid(&mut self) -> Result<String, Wrong> {
        match self.peek() {
            Some(What::Number(_)) => self.number(),
            _ => Err(self.wrong("a large object is named by its OID")),
        }
    }

    fn number(&mut self) -> Result<String, Wrong> {
        match self.peek().cloned() {
            Some(What::Number(number)) => {
                self.next += 1;
                Ok(number)
            }
            _ => Err(self.wrong("expected a number")),
        }
    }

    /// Parameters of extensions have a dot: `auto_explain.log_min_duration`.
    fn parameter(&mut self) -> Result<String, Wrong> {
        let mut name = self.name()?;
        while self.take(&What::Dot) {
            name = format!("{name}.{}", self.name()?);
        }
        // The server keeps them in lower case (convert_GUC_name_for_parameter_acl in guc.c).
        Ok(name.to_ascii_lowercase())
    }

    fn whole_schemas(&mut self) -> Result<On, Wrong> {
        let kind = match self.peek() {
            Some(What::Word(word)) if word == "tables" => ObjectKind::Table,
            Some(What::Word(word)) if word == "sequences" => ObjectKind::Sequence,
            Some(What::Word(word)) if word == "routines" => ObjectKind::Function,
            Some(What::Word(word)) if word == "functions" || word == "procedures" => {
                let wrong = format!(
                    "functions and procedures cannot be distinguished: `ALL {}` is not supported",
                    word.to_uppercase()
                );
                return Err(self.wrong(wrong).help("`ALL ROUTINES IN SCHEMA` is"));
            }
            _ => return Err(self.wrong("expected `TABLES`, `SEQUENCES` or `ROUTINES` after ON ALL")),
        };
        self.next += 1;
        if !(self.take_word("in") && self.take_word("schema")) {
            return Err(self.wrong("expected `IN SCHEMA` and its name"));
        }
        Ok(On::Schemas { kind, names: self.list(Self::name)? })
    }

    fn future(&mut self) -> Result<On, Wrong> {
        let Some((words, kind)) = self.kind(FUTURE) else {
            let wrong = self.wrong("expected the kind of objects after ON FUTURE");
            return Err(
                wrong.help("default privileges are for TABLES, SEQUENCES, ROUTINES, TYPES, SCHEMAS, LARGE OBJECTS")
            );
        };
        self.next += words;
        let mut schemas = Vec::new();
        if self.is_word("in") {
            if matches!(kind, ObjectKind::Schema | ObjectKind::LargeObject) {
                return Err(self.wrong(format!("a future {} has no schema", kind.word().to_lowercase())));
            }
            self.next += 1;
            if !self.take_word("schema") {
                return Err(self.wrong("expected `IN SCHEMA` and its name"));
            }
            schemas = self.list(Self::name)?;
        }
        if !(self.take_word("created") && self.take_word("by")) {
            let wrong = self.wrong("expected `CREATED BY` and a role");
            return Err(wrong.help("default privileges apply to the objects that one role creates"));
        }
        Ok(On::Future { kind, schemas, creators: self.list(Self::name)? })
    }
}
