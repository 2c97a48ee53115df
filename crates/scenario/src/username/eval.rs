//! What a template can result in: its actions are worked out on what is known of their values.
//!
//! Source: Vault, sdk/helper/template (funcs.go, template.go); Go, text/template.

use super::layout;
use super::lexer::{Piece, Token, pieces, tokens};
use super::name::{Name, Set, UNBOUNDED};

/// Digits of Unix times until the year 2286.
const SECONDS: usize = 10;
const MILLISECONDS: usize = 13;
/// Characters of a SHA-256 sum in hexadecimal, and how many of them `truncate_sha256` puts at the end.
const SHA256: usize = 64;
const SHA256_KEPT: usize = 8;

/// What usernames of a template can be, and what of it is not known exactly.
#[derive(Clone, Debug, Default)]
pub(super) struct Evaluated {
    pub(super) name: Name,
    pub(super) notes: Vec<String>,
}

/// A value of an expression.
enum Value {
    Text(Name),
    Number(i64),
}

/// Evaluates a template for a Vault role.
pub(super) fn evaluate(template: &str, role: &str) -> Evaluated {
    let mut found = Evaluated::default();
    let Some(pieces) = pieces(template) else {
        return Evaluated { name: Name::any(0, UNBOUNDED), notes: vec!["an action has no end".to_owned()] };
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => found.text(&text),
            Piece::Action(action) if is_control(&action) => {
                let why = format!("`{{{{{action}}}}}` is a condition: the text after it can be anything");
                return Evaluated { name: Name::any(0, UNBOUNDED), notes: vec![why] };
            }
            Piece::Action(action) => found.action(&action, role),
        }
    }
    found
}

/// Whether an action is no expression: a condition, a loop, a template, a variable.
fn is_control(action: &str) -> bool {
    let words = ["if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"];
    let first = action.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    words.contains(&first) || action.starts_with('$')
}

impl Evaluated {
    /// `${…}` is filled in before Vault sees the template.
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((placeholder, after)) = after.split_once('}') else { break };
            self.name.push(Name::text(before));
            self.name.push(Name::any(0, UNBOUNDED));
            self.notes.push(format!("`${{{placeholder}}}` can be any text"));
            rest = after;
        }
        self.name.push(Name::text(rest));
    }

    fn action(&mut self, action: &str, role: &str) {
        let tokens = tokens(action).unwrap_or_default();
        let mut expression = Expression { tokens: &tokens, at: 0, role, notes: Vec::new() };
        let value = expression.pipeline().filter(|_| expression.at == tokens.len());
        let mut notes = expression.notes;
        let name = value.map(Value::printed).unwrap_or_else(|| {
            notes = vec![format!("`{{{{{action}}}}}` is not supported and can be any text")];
            Name::any(0, UNBOUNDED)
        });
        self.name.push(name);
        self.notes.extend(notes);
    }
}

impl Value {
    fn printed(self) -> Name {
        match self {
            Self::Text(name) => name,
            Self::Number(number) => Name::text(&number.to_string()),
        }
    }

    fn count(&self) -> Option<usize> {
        match self {
            Self::Number(number) => usize::try_from(*number).ok().filter(|number| *number > 0),
            Self::Text(_) => None,
        }
    }
}

struct Expression<'a> {
    tokens: &'a [Token],
    at: usize,
    role: &'a str,
    notes: Vec<String>,
}

impl Expression<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Commands between `|`: each gets the value before it as its last argument.
    fn pipeline(&mut self) -> Option<Value> {
        let mut value = None;
        loop {
            value = Some(self.command(value)?);
            match self.peek() {
                Some(Token::Pipe) => self.at += 1,
                _ => return value,
            }
        }
    }

    fn command(&mut self, piped: Option<Value>) -> Option<Value> {
        let function = match self.peek()? {
            Token::Word(word) => Some(word.clone()),
            _ => None,
        };
        if function.is_some() {
            self.at += 1;
        }
        let mut arguments = Vec::new();
        while self.peek().is_some_and(|token| !matches!(token, Token::Pipe | Token::Close)) {
            arguments.push(self.operand()?);
        }
        arguments.extend(piped);
        match function {
            Some(name) => self.call(&name, arguments),
            None => arguments.pop().filter(|_| arguments.is_empty()),
        }
    }

    fn operand(&mut self) -> Option<Value> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(match token {
            Token::Text(text) => Value::Text(Name::text(&text)),
            Token::Number(number) => Value::Number(number),
            Token::Field(field) if field == "RoleName" => Value::Text(Name::text(self.role)),
            Token::Field(field) if field == "DisplayName" => Value::Text(Name::any(0, UNBOUNDED)),
            Token::Word(name) => self.call(&name, Vec::new())?,
            Token::Open => {
                let value = self.pipeline()?;
                self.at += usize::from(self.peek() == Some(&Token::Close));
                value
            }
            _ => return None,
        })
    }

    fn call(&mut self, function: &str, arguments: Vec<Value>) -> Option<Value> {
        let name = match (function, <[Value; 1]>::try_from(arguments)) {
            ("random", Ok([length])) => Name::of(Set::Alphanumeric, length.count()?),
            ("uppercase", Ok([Value::Text(text)])) => text.uppercase(),
            ("lowercase", Ok([Value::Text(text)])) => text.lowercase(),
            ("sha256", Ok([Value::Text(_)])) => Name::of(Set::Hex, SHA256),
            ("base64", Ok([Value::Text(text)])) => base64(&text),
            ("timestamp", Ok([Value::Text(layout)])) => layout::written(&layout.known()?),
            ("print", Ok([value])) => value.printed(),
            (_, Ok(_)) => return None,
            (_, Err(arguments)) => self.call_of_many(function, arguments)?,
        };
        Some(Value::Text(name))
    }

    fn call_of_many(&mut self, function: &str, arguments: Vec<Value>) -> Option<Name> {
        let mut arguments = arguments.into_iter();
        let name = match (function, arguments.next(), arguments.next(), arguments.next()) {
            ("unix_time", None, ..) => Name::of(Set::Digit, SECONDS),
            ("unix_time_millis", None, ..) => Name::of(Set::Digit, MILLISECONDS),
            ("uuid", None, ..) => uuid(),
            ("truncate", Some(length), Some(Value::Text(text)), None) => self.truncated(text, length.count()?, false),
            ("truncate_sha256", Some(length), Some(Value::Text(text)), None) => {
                self.truncated(text, length.count()?, true)
            }
            ("replace", Some(Value::Text(find)), Some(Value::Text(by)), Some(Value::Text(text))) => {
                self.replaced(&find.known()?, &by.known()?, &text)
            }
            ("printf", Some(Value::Text(format)), first, second) => {
                printed(&format.known()?, first.into_iter().chain(second).chain(arguments))?
            }
            _ => return None,
        };
        Some(name)
    }

    /// A text of which the rest is left out; with its sum, the last characters kept are those of its SHA-256 sum.
    fn truncated(&mut self, text: Name, length: usize, sum: bool) -> Name {
        if text.most() <= length {
            return text;
        }
        if sum && text.least() <= length {
            self.notes.push(format!("`truncate_sha256 {length}` cuts some texts and leaves others as they are"));
            return Name::any(text.least(), length);
        }
        let kept = if sum { length.saturating_sub(SHA256_KEPT) } else { length };
        // One text of unknown length is cut somewhere as a matter of course.
        if text != Name::any(0, UNBOUNDED) && text.is_cut_anywhere(kept) {
            self.notes.push(format!("the position of the first {kept} bytes is not known"));
        }
        let mut cut = text.cut(kept);
        if sum {
            cut.push(Name::of(Set::Hex, SHA256_KEPT));
        }
        cut
    }

    fn replaced(&mut self, find: &str, by: &str, text: &Name) -> Name {
        text.replaced(find, by).unwrap_or_else(|| {
            if *text != Name::any(0, UNBOUNDED) {
                self.notes.push(format!("what `replace \"{find}\"` changes is not known"));
            }
            // As many characters only where each stands for one.
            let same = find.len() == by.len();
            if same { Name::any(text.least(), text.most()) } else { Name::any(0, UNBOUNDED) }
        })
    }
}

/// Standard encoding with padding (encoding/base64, StdEncoding).
fn base64(text: &Name) -> Name {
    let encoded = |bytes: usize| bytes.div_ceil(3).saturating_mul(4);
    match (text.least(), text.most()) {
        (least, most) if least == most => Name::of(Set::Base64, encoded(most)),
        (least, UNBOUNDED) => Name::any(encoded(least), UNBOUNDED),
        (least, most) => Name::any(encoded(least), encoded(most)),
    }
}

fn uuid() -> Name {
    let mut name = Name::default();
    for (place, digits) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if place > 0 {
            name.push(Name::text("-"));
        }
        name.push(Name::of(Set::Hex, digits));
    }
    name
}

/// `printf` with `%s`, `%v`, `%d` and `%%`; none where the format has something else.
fn printed(format: &str, mut values: impl Iterator<Item = Value>) -> Option<Name> {
    let (mut name, mut rest) = (Name::default(), format);
    while let Some((before, after)) = rest.split_once('%') {
        name.push(Name::text(before));
        let verb = after.chars().next()?;
        name.push(match (verb, verb != '%') {
            ('%', _) => Name::text("%"),
            ('s' | 'v', true) => values.next()?.printed(),
            ('d', true) => match values.next()? {
                number @ Value::Number(_) => number.printed(),
                Value::Text(_) => return None,
            },
            _ => return None,
        });
        rest = &after[verb.len_utf8()..];
    }
    name.push(Name::text(rest));
    values.next().is_none().then_some(name)
}
