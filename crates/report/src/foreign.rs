//! Text from outside in reports: names, messages of servers, titles.

use leaseproof_domain::visible;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A copy of `model` in which every nested text stays on its line and cannot control the terminal.
pub(crate) fn shown<T: Serialize + DeserializeOwned + Clone>(model: &T) -> T {
    copied(model, one_line)
}

/// Like [`shown`], for a model whose texts are names: a line break in one is escaped.
pub(crate) fn shown_names<T: Serialize + DeserializeOwned + Clone>(model: &T) -> T {
    copied(model, |name| visible(name).into_owned())
}

fn copied<T: Serialize + DeserializeOwned + Clone>(model: &T, show: fn(&str) -> String) -> T {
    let copied = serde_json::to_value(model).map(|value| escaped(value, show)).and_then(serde_json::from_value);
    // A model that JSON cannot represent is not changed: the console escapes it.
    copied.unwrap_or_else(|_| model.clone())
}

fn escaped(value: Value, show: fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(show(&text)),
        Value::Array(items) => items.into_iter().map(|item| escaped(item, show)).collect(),
        Value::Object(entries) => {
            entries.into_iter().map(|(key, value)| (visible(&key).into_owned(), escaped(value, show))).collect()
        }
        other => other,
    }
}

/// A text of several lines on one line: a line break and the spaces around it become one space.
pub(crate) fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] | [_] => visible(text.trim_end_matches(['\r', '\n'])).into_owned(),
        several => visible(&several.join(" ")).into_owned(),
    }
}

/// A text on one line of Markdown, shown literally: nothing in it is markup, HTML or the end of a table cell.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let text = one_line(text);
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let within_word = before.is_alphanumeric() && signs.peek().is_some_and(|next| next.is_alphanumeric());
        let markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '#' | '$' => true,
            '_' => !within_word,
            _ => false,
        };
        if markup {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A text as code within a line of Markdown.
pub(crate) fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{code, markdown, one_line};

    #[test]
    fn markup_is_text() {
        for (text, shown) in [
            ("plain words, v-1_x (2)", "plain words, v-1_x (2)"),
            ("a | b\n| c |", r"a \| b \| c \|"),
            ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
            ("`x` *y* _z_ [a](b) &lt;", r"\`x\` \*y\* \_z\_ \[a\](b) \&lt;"),
            ("\u{1b}[2J\u{202e}", r"\\u{1b}\[2J\\u{202e}"),
        ] {
            assert_eq!(markdown(text), shown);
        }
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
    }

    #[test]
    fn a_message_of_several_lines_is_one_line() {
        assert_eq!(one_line("1 error occurred:\n\t* permission denied\n\n"), "1 error occurred: * permission denied");
        assert_eq!(one_line("a\tb\u{1b}"), "a\\tb\\u{1b}");
    }
}
