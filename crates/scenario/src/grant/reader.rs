use std::ops::Range;

use leaseproof_domain::{Object, Privilege};

use super::target::On;
use super::token::{Token, What};
use super::{Fragment, Listed, Wrong};
use crate::near::{listed, nearest};

/// Goes through the tokens of a fragment.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) next: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, tokens, next: 0 }
    }

    /// Objects and nothing more.
    pub(super) fn only_objects(&mut self) -> Result<Vec<Object>, Wrong> {
        let at = self.at();
        match (self.on()?, self.peek()) {
            (_, Some(_)) => Err(self.wrong("expected `,` or the end of the objects")),
            (On::Objects { objects, .. }, None) => Ok(objects),
            _ => Err(Wrong::new(at, "objects are named one by one here")),
        }
    }

    pub(super) fn fragment(&mut self) -> Result<Fragment, Wrong> {
        if self.is_word("grant") {
            return Err(self.wrong("a fragment begins after GRANT: remove the word"));
        }
        let privileges = self.privileges()?;
        if !self.take_word("on") {
            let wrong = self.wrong("expected `ON` and what the privileges are on");
            return Err(wrong.help("membership of a role is promised by `member_of`"));
        }
        let at = self.at();
        let on = self.on()?;
        let on_at = at.start..self.end();
        let grantable = self.take_word("with");
        if grantable && !(self.take_word("grant") && self.take_word("option")) {
            return Err(self.wrong("expected `WITH GRANT OPTION`"));
        }
        match self.peek() {
            None => Ok(Fragment { privileges, on, on_at, grantable }),
            Some(What::Word(word)) if word == "to" => {
                Err(self.wrong("a fragment ends before TO: each credential is the grantee"))
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
                Some(self.privilege(&word)?)
            };
            let columns = if self.peek() == Some(&What::Open) { self.columns()? } else { Vec::new() };
            list.push(Listed { privilege, columns, at: at.start..self.end() });
            if !self.take(&What::Comma) {
                return Ok(list);
            }
        }
    }

    fn privilege(&mut self, word: &str) -> Result<Privilege, Wrong> {
        if word == "alter" {
            self.next += 1;
            return match self.take_word("system") {
                true => Ok(Privilege::AlterSystem),
                false => Err(self.wrong("expected `ALTER SYSTEM`")),
            };
        }
        let Some(privilege) = Privilege::from_word(word) else { return Err(self.no_privilege(word)) };
        self.next += 1;
        Ok(privilege)
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

    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let mut list = vec![item(self)?];
        while self.take(&What::Comma) {
            list.push(item(self)?);
        }
        Ok(list)
    }

    pub(super) fn name(&mut self) -> Result<String, Wrong> {
        match self.peek() {
            Some(What::Word(name) | What::Quoted(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.wrong("expected a name")),
        }
    }

    pub(super) fn peek(&self) -> Option<&What> {
        self.tokens.get(self.next).map(|token| &token.is)
    }

    pub(super) fn take(&mut self, what: &What) -> bool {
        let found = self.peek() == Some(what);
        self.next += usize::from(found);
        found
    }

    pub(super) fn is_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(What::Word(word)) if word == wanted)
    }

    pub(super) fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        self.next += usize::from(found);
        found
    }

    /// Where the next token is; the end where there is none.
    pub(super) fn at(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |token| token.at.clone())
    }

    /// Where the last token ended.
    pub(super) fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.at.end)
    }

    pub(super) fn wrong(&self, message: impl Into<String>) -> Wrong {
        Wrong::new(self.at(), message)
    }
}
