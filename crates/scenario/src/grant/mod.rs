//! Grant fragments: what SQL has between GRANT and TO, `SELECT, UPDATE (a) ON TABLE t WITH GRANT OPTION`.
//!
//! Read by hand and not by an SQL parser: every slip has its place inside the fragment, and what PostgreSQL grants
//! beyond tables, sequences, schemas and databases is told by name. Grammar: PostgreSQL's `GRANT`.

mod token;

use std::ops::Range;

use leaseproof_domain::{Grant, Object, ObjectKind, Privilege};

use self::token::{Token, What, tokens};
use crate::near::{listed, nearest};
use crate::plan::WholeSchema;

/// What a fragment grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) grants: Vec<Grant>,
    pub(crate) whole_schemas: Vec<WholeSchema>,
}

/// What is wrong with a fragment, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
}

impl Wrong {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), label: None, help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads a fragment.
pub(crate) fn read(text: &str) -> Result<Granted, Vec<Wrong>> {
    let tokens = tokens(text);
    let mut reader = Reader { text, tokens: &tokens, next: 0 };
    let fragment = reader.fragment().map_err(|wrong| vec![wrong])?;
    fragment.granted()
}

/// Kinds of objects that are granted on and not judged, by the first word.
const NOT_JUDGED: [&str; 10] =
    ["function", "procedure", "routine", "type", "domain", "language", "large", "foreign", "tablespace", "parameter"];
/// Privileges that only those have.
const WORDS_NOT_JUDGED: [&str; 3] = ["execute", "set", "alter"];
const NOT_JUDGED_IN_SCHEMA: [&str; 3] = ["functions", "procedures", "routines"];

/// A fragment as written.
struct Fragment {
    privileges: Vec<Listed>,
    on: On,
    grantable: bool,
}

/// A privilege of the list, perhaps on columns.
struct Listed {
    /// None is ALL PRIVILEGES.
    privilege: Option<Privilege>,
    columns: Vec<String>,
    at: Range<usize>,
}

/// What it is on.
enum On {
    /// Objects by name, with their schema where they have one; `implied` where TABLE is not written.
    Objects { kind: ObjectKind, implied: bool, names: Vec<(Option<String>, String)> },
    /// ALL TABLES or ALL SEQUENCES IN SCHEMA.
    Schemas { kind: ObjectKind, names: Vec<String> },
}

impl Fragment {
    fn granted(&self) -> Result<Granted, Vec<Wrong>> {
        let mut granted = Granted::default();
        let mut wrong = Vec::new();
        for listed in &self.privileges {
            match self.meant(listed) {
                Ok(privileges) => privileges.iter().for_each(|privilege| self.add(*privilege, listed, &mut granted)),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(granted) } else { Err(wrong) }
    }

    /// The privileges that one of the list stands for, where its kind of object has them.
    fn meant(&self, listed: &Listed) -> Result<Vec<Privilege>, Wrong> {
        let (On::Objects { kind, .. } | On::Schemas { kind, .. }) = &self.on;
        let of = if listed.columns.is_empty() { *kind } else { ObjectKind::Column };
        if of == ObjectKind::Column && !matches!(&self.on, On::Objects { kind: ObjectKind::Table, .. }) {
            return Err(Wrong::new(listed.at.clone(), "columns stand only with tables that are named one by one"));
        }
        let Some(privilege) = listed.privilege else { return Ok(of.privileges().to_vec()) };
        if of.privileges().contains(&privilege) {
            return Ok(vec![privilege]);
        }
        let has = of.privileges().iter().map(|privilege| privilege.word());
        let mut wrong =
            Wrong::new(listed.at.clone(), format!("a {} has no privilege {privilege}", of.word().to_lowercase()))
                .help(format!("it has {}", self::listed(has)));
        let implied = matches!(self.on, On::Objects { implied: true, .. });
        if implied && ObjectKind::Sequence.privileges().contains(&privilege) {
            wrong.label = Some("names without a kind are tables: did you mean `ON SEQUENCE`?".into());
        }
        Err(wrong)
    }

    fn add(&self, privilege: Privilege, listed: &Listed, granted: &mut Granted) {
        let grantable = self.grantable;
        match &self.on {
            On::Schemas { kind, names } => granted.whole_schemas.extend(names.iter().map(|schema| WholeSchema {
                privilege,
                kind: *kind,
                schema: schema.clone(),
                grantable,
            })),
            On::Objects { kind, names, .. } => {
                for (schema, name) in names {
                    let object = |kind, column| {
                        let object = Object { kind, schema: schema.clone(), name: name.clone(), column };
                        Grant { privilege, object, grantable }
                    };
                    if listed.columns.is_empty() {
                        granted.grants.push(object(*kind, None));
                    }
                    granted
                        .grants
                        .extend(listed.columns.iter().map(|column| object(ObjectKind::Column, Some(column.clone()))));
                }
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    next: usize,
}

impl Reader<'_> {
    fn fragment(&mut self) -> Result<Fragment, Wrong> {
        if self.is_word("grant") {
            return Err(self.wrong("a fragment begins behind GRANT: leave the word out"));
        }
        let privileges = self.privileges()?;
        if !self.take_word("on") {
            let wrong = self.wrong("expected `ON` and what the privileges are on");
            return Err(wrong.help("membership of a role is promised by `member_of`"));
        }
        let on = self.on()?;
        let grantable = self.take_word("with");
        if grantable && !(self.take_word("grant") && self.take_word("option")) {
            return Err(self.wrong("expected `WITH GRANT OPTION`"));
        }
        match self.peek() {
            None => Ok(Fragment { privileges, on, grantable }),
            Some(What::Word(word)) if word == "to" => {
                Err(self.wrong("a fragment ends before TO: each credential is who gets it"))
            }
            Some(_) => Err(self.wrong("expected `,`, `WITH GRANT OPTION` or the fragment's end")),
        }
    }

    fn privileges(&mut self) -> Result<Vec<Listed>, Wrong> {
        let mut list = Vec::new();
        loop {
            let at = self.at();
            let Some(What::Word(word)) = self.peek().cloned() else {
                return Err(self.wrong("expected a privilege"));
            };
            let privilege = if word == "all" {
                self.next += 1;
                self.take_word("privileges");
                None
            } else {
                if WORDS_NOT_JUDGED.contains(&word.as_str()) {
                    return Err(self.not_judged("privileges like", &word));
                }
                let Some(privilege) = Privilege::from_word(&word) else { return Err(self.no_privilege(&word)) };
                self.next += 1;
                Some(privilege)
            };
            let columns = if self.peek() == Some(&What::Open) { self.columns()? } else { Vec::new() };
            list.push(Listed { privilege, columns, at: at.start..self.end() });
            if !self.take(&What::Comma) {
                return Ok(list);
            }
        }
    }

    fn no_privilege(&self, word: &str) -> Wrong {
        let words = || Privilege::ALL.iter().map(|privilege| privilege.word());
        let mut wrong = self.wrong(format!("there is no privilege `{}`", word.to_uppercase()));
        match nearest(word, words()) {
            Some(near) => wrong.label = Some(format!("did you mean `{near}`?")),
            None => wrong.help = Some(format!("there are {}", listed(words()))),
        }
        wrong
    }

    fn columns(&mut self) -> Result<Vec<String>, Wrong> {
        self.next += 1;
        let columns = self.list(Self::name)?;
        if !self.take(&What::Close) {
            return Err(self.wrong("expected `,` or `)` in the list of columns"));
        }
        Ok(columns)
    }

    fn on(&mut self) -> Result<On, Wrong> {
        let first = match self.peek() {
            Some(What::Word(word)) => word.clone(),
            _ => String::new(),
        };
        // A word of the grammar may be a table's name too: it is a kind only where a name follows.
        let kind_follows = matches!(self.tokens.get(self.next + 1), Some(Token { is: What::Word(word), .. }) if word != "with")
            || matches!(self.tokens.get(self.next + 1), Some(Token { is: What::Quoted(_), .. }));
        if kind_follows {
            if first == "all" {
                return self.whole_schemas();
            }
            if NOT_JUDGED.contains(&first.as_str()) {
                return Err(self.not_judged("privileges on", &first));
            }
            let kinds = [ObjectKind::Table, ObjectKind::Sequence, ObjectKind::Schema, ObjectKind::Database];
            if let Some(kind) = kinds.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(&first)) {
                self.next += 1;
                return self.objects(kind, false);
            }
        }
        self.objects(ObjectKind::Table, true)
    }

    fn objects(&mut self, kind: ObjectKind, implied: bool) -> Result<On, Wrong> {
        let qualified = matches!(kind, ObjectKind::Table | ObjectKind::Sequence);
        let names = self.list(|reader| {
            let first = reader.name()?;
            if !qualified {
                return Ok((None, first));
            }
            if !reader.take(&What::Dot) {
                return Ok((Some("public".to_owned()), first));
            }
            let name = reader.name()?;
            if reader.peek() == Some(&What::Dot) {
                return Err(reader.wrong("a name is `schema.name`: the database is the role's"));
            }
            Ok((Some(first), name))
        })?;
        Ok(On::Objects { kind, implied, names })
    }

    fn whole_schemas(&mut self) -> Result<On, Wrong> {
        self.next += 1;
        let kind = match self.peek() {
            Some(What::Word(word)) if word == "tables" => ObjectKind::Table,
            Some(What::Word(word)) if word == "sequences" => ObjectKind::Sequence,
            Some(What::Word(word)) if NOT_JUDGED_IN_SCHEMA.contains(&word.as_str()) => {
                return Err(self.not_judged("privileges on", word));
            }
            _ => return Err(self.wrong("expected `TABLES` or `SEQUENCES` behind ON ALL")),
        };
        self.next += 1;
        if !(self.take_word("in") && self.take_word("schema")) {
            return Err(self.wrong("expected `IN SCHEMA` and its name"));
        }
        Ok(On::Schemas { kind, names: self.list(Self::name)? })
    }

    fn not_judged(&self, what: &str, word: &str) -> Wrong {
        self.wrong(format!("{what} {} are not judged by this version", word.to_uppercase()))
            .help("those on tables, their columns, sequences, schemas and databases are")
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let mut list = vec![item(self)?];
        while self.take(&What::Comma) {
            list.push(item(self)?);
        }
        Ok(list)
    }

    fn name(&mut self) -> Result<String, Wrong> {
        match self.peek() {
            Some(What::Word(name) | What::Quoted(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.wrong("expected a name")),
        }
    }

    fn peek(&self) -> Option<&What> {
        self.tokens.get(self.next).map(|token| &token.is)
    }

    fn take(&mut self, what: &What) -> bool {
        let found = self.peek() == Some(what);
        self.next += usize::from(found);
        found
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(What::Word(word)) if word == wanted)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        self.next += usize::from(found);
        found
    }

    /// Where the next token is; the end where there is none.
    fn at(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |token| token.at.clone())
    }

    /// Where the last token ended.
    fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.at.end)
    }

    fn wrong(&self, message: impl Into<String>) -> Wrong {
        Wrong::new(self.at(), message)
    }
}

#[cfg(test)]
mod tests;
