use std::fmt;

use serde_json::Value;

use crate::Error;

/// Vault's answer to a request that it granted.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// The JSON body as Vault sent it (`lease_id`, `data`, …); null where it sent none. It may hold secrets.
    pub body: Value,
    /// Vault's warnings.
    pub warnings: Vec<String>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

impl Answer {
    /// Sorts what came into yes, no, and a yes that cannot be read.
    ///
    /// `body` is the whole body, or what broke off its reading.
    pub(crate) fn read(status: u16, body: Result<&[u8], String>) -> Result<Self, Error> {
        if !(200..300).contains(&status) {
            return Err(Error::Answer { status, errors: errors(body.unwrap_or_default()) });
        }
        let body = body.map_err(|why| Error::unreadable(status, why))?;
        // A 204 has no body by definition; an asynchronous 202 may go without.
        let body = match body {
            [] if status != 200 => Value::Null,
            [] => return Err(Error::unreadable(status, "it is empty")),
            body => json(body).map_err(|why| Error::unreadable(status, why))?,
        };
        let warnings = texts(&body["warnings"]);
        Ok(Self { status, body, warnings })
    }

    /// The text at that JSON pointer, which has to be there and not be empty.
    pub(crate) fn text(&self, pointer: &str) -> Result<&str, Error> {
        let text = self.value(pointer)?.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| Error::unreadable(self.status, format!("`{pointer}` is no text, or an empty one")))
    }

    pub(crate) fn number(&self, pointer: &str) -> Result<i64, Error> {
        let number = self.value(pointer)?.as_i64();
        number.ok_or_else(|| Error::unreadable(self.status, format!("`{pointer}` is no whole number")))
    }

    /// A span of seconds, which cannot be negative.
    pub(crate) fn seconds(&self, pointer: &str) -> Result<u64, Error> {
        let seconds = self.value(pointer)?.as_u64();
        seconds.ok_or_else(|| Error::unreadable(self.status, format!("`{pointer}` is no number of seconds")))
    }

    pub(crate) fn flag(&self, pointer: &str) -> Result<bool, Error> {
        let flag = self.value(pointer)?.as_bool();
        flag.ok_or_else(|| Error::unreadable(self.status, format!("`{pointer}` is neither true nor false")))
    }

    pub(crate) fn value(&self, pointer: &str) -> Result<&Value, Error> {
        let found = self.body.pointer(pointer);
        found.ok_or_else(|| Error::unreadable(self.status, format!("it has no `{pointer}`")))
    }
}

/// The body as JSON. serde's own words tell the place and the syntax, and never quote the text.
pub(crate) fn json(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => format!("it breaks off after {} bytes", body.len()),
        _ => format!("it is no JSON (line {}, column {})", error.line(), error.column()),
    })
}

/// The texts of a JSON array; none where it is null or absent.
pub(crate) fn texts(array: &Value) -> Vec<String> {
    array.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Vault's `errors`. What is not Vault's JSON (a proxy's page) is not repeated.
fn errors(body: &[u8]) -> Vec<String> {
    let Ok(body) = json(body) else { return Vec::new() };
    texts(&body["errors"]).into_iter().map(|text| text.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Answer, Error};

    #[test]
    fn yes_no_and_neither_are_distinguished() {
        type Case<'a> = (u16, Result<&'a [u8], String>, &'a str);
        let table: [Case<'_>; 9] = [
            (200, Ok(br#"{"warnings":["w"]}"#), "yes 200 warnings w"),
            (200, Ok(b"{}"), "yes 200 warnings "),
            (204, Ok(b""), "yes 204 warnings "),
            (202, Ok(b""), "yes 202 warnings "),
            (200, Ok(b""), "Vault answered HTTP 200, and the answer cannot be read: it is empty"),
            (
                200,
                Ok(br#"{"data":{"password":"s3"#),
                "Vault answered HTTP 200, and the answer cannot be read: it breaks off after 23 bytes",
            ),
            (200, Err("closed".to_owned()), "Vault answered HTTP 200, and the answer cannot be read: closed"),
            (
                403,
                Ok(br#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#),
                "Vault answered HTTP 403: permission denied",
            ),
            (502, Ok(b"<html>"), "Vault answered HTTP 502: without a reason"),
        ];
        for (status, body, expected) in table {
            let reported = match Answer::read(status, body) {
                Ok(answer) => format!("yes {} warnings {}", answer.status, answer.warnings.join(",")),
                Err(error) => error.to_string(),
            };
            assert_eq!(reported, expected);
        }
    }

    #[test]
    fn a_field_of_another_kind_is_named_and_not_shown() {
        let answer = Answer::read(200, Ok(br#"{"data":{"password":7,"username":""},"lease_duration":-1}"#)).unwrap();
        let words = |error: Error| error.to_string().split_once("read: ").unwrap().1.to_owned();
        assert_eq!(words(answer.text("/data/password").unwrap_err()), "`/data/password` is no text, or an empty one");
        assert_eq!(words(answer.text("/data/username").unwrap_err()), "`/data/username` is no text, or an empty one");
        assert_eq!(words(answer.text("/lease_id").unwrap_err()), "it has no `/lease_id`");
        assert_eq!(words(answer.seconds("/lease_duration").unwrap_err()), "`/lease_duration` is no number of seconds");
    }

    #[test]
    fn debug_does_not_show_the_body() {
        let answer = Answer::read(200, Ok(br#"{"data":{"password":"s3cret"}}"#)).unwrap();
        assert_eq!(format!("{answer:?}"), "Answer { status: 200, warnings: [], .. }");
    }
}
