//! Go's text templates, as far as Vault's username templates use them: texts, actions, and the tokens of an action.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What stands outside `{{ }}`.
    Text(String),
    /// What stands inside.
    Action(String),
}

/// A token of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Pipe,
    /// `.RoleName`
    Field(String),
    Word(String),
    Text(String),
    Number(i64),
}

/// The template in pieces; none where an action does not end.
pub(super) fn pieces(template: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut rest, mut trim) = (Vec::new(), template, false);
    loop {
        let (text, action) = match rest.split_once("{{") {
            Some((text, action)) => (text, Some(action)),
            None => (rest, None),
        };
        let trims = action.is_some_and(|action| action.starts_with("- ") || action.starts_with("-\n"));
        let text = if trim { text.trim_start() } else { text };
        let text = if trims { text.trim_end() } else { text };
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        let Some(action) = action else { return Some(pieces) };
        let action = if trims { &action[1..] } else { action };
        let end = end(action)?;
        let inside = action[..end].trim();
        trim = action[..end].ends_with(" -") || action[..end].ends_with("\n-");
        let inside = if trim { inside.trim_end_matches('-').trim_end() } else { inside };
        if !inside.starts_with("/*") {
            pieces.push(Piece::Action(inside.to_owned()));
        }
        rest = &action[end + 2..];
    }
}

/// Where the `}}` of an action is, past its quoted texts.
fn end(action: &str) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (place, char) in action.char_indices() {
        match quote {
            Some(open) if char == open && !escaped => quote = None,
            Some(open) => escaped = char == '\\' && !escaped && open != '`',
            None if matches!(char, '"' | '`' | '\'') => quote = Some(char),
            None if action[place..].starts_with("}}") => return Some(place),
            None => {}
        }
    }
    None
}

/// The tokens of an action; none where it has something else, as a variable.
pub(super) fn tokens(action: &str) -> Option<Vec<Token>> {
    let (mut tokens, mut rest) = (Vec::new(), action.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '|' => (Token::Pipe, 1),
            '"' => quoted(rest)?,
            '`' => {
                let end = rest[1..].find('`')? + 1;
                (Token::Text(rest[1..end].to_owned()), end + 1)
            }
            '.' => {
                let length = word(&rest[1..]);
                (Token::Field(rest[1..=length].to_owned()), length + 1)
            }
            '-' | '0'..='9' => {
                let length = 1 + rest[1..].chars().take_while(char::is_ascii_digit).count();
                (Token::Number(rest[..length].parse().ok()?), length)
            }
            _ => {
                let length = word(rest);
                (Token::Word(rest[..length].to_owned()), length)
            }
        };
        if length == 0 {
            return None;
        }
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn word(text: &str) -> usize {
    text.chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '_').count()
}

/// A text between quotation marks, with the escapes of Go that are JSON's too.
fn quoted(text: &str) -> Option<(Token, usize)> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find_map(|(place, char)| {
        let ends = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        ends.then_some(place)
    })?;
    Some((Token::Text(serde_json::from_str(&text[..=end]).ok()?), end + 1))
}

#[cfg(test)]
mod tests {
    use super::{Piece, Token, pieces, tokens};

    #[test]
    fn a_template_is_texts_and_actions() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let action = |text: &str| Piece::Action(text.to_owned());
        assert_eq!(pieces("a-{{ random 3 }}-b"), Some(vec![text("a-"), action("random 3"), text("-b")]));
        assert_eq!(pieces("a {{- .X -}} b{{/* why */}}"), Some(vec![text("a"), action(".X"), text("b")]));
        assert_eq!(pieces("{{ \"}}\" }}"), Some(vec![action("\"}}\"")]));
        assert_eq!(pieces("{{ random 3"), None);
    }

    #[test]
    fn tokens_are_distinguished() {
        let found = tokens(r#"printf "%s\"" (.RoleName | truncate 8) `\x`"#).unwrap_or_default();
        assert_eq!(
            found,
            [
                Token::Word("printf".to_owned()),
                Token::Text("%s\"".to_owned()),
                Token::Open,
                Token::Field("RoleName".to_owned()),
                Token::Pipe,
                Token::Word("truncate".to_owned()),
                Token::Number(8),
                Token::Close,
                Token::Text("\\x".to_owned()),
            ]
        );
        assert_eq!(tokens("$x"), None);
    }
}
