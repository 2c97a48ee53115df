//! Connection strings of keywords and values: `host=db.example user=vault dbname=shop`.

use std::collections::BTreeMap;

/// The values by keyword, read as pgx reads them (`parseKeywordValueSettings`).
///
/// # Errors
/// Where it is not one.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or("it has a keyword without a value")?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('\'') {
            Some(quoted) => {
                let (value, after) = until(quoted, |sign| sign == '\'')?;
                (value, after.ok_or("a quoted value has no end")?)
            }
            None => {
                let (value, after) = until(after, |sign| sign.is_ascii_whitespace())?;
                (value, after.unwrap_or_default())
            }
        };
        let key = if key.trim() == "dbname" { "database" } else { key.trim() };
        if key.is_empty() {
            return Err("it has a value without a keyword".to_owned());
        }
        values.insert(key.to_owned(), value);
        rest = after.trim_start();
    }
    Ok(values)
}

/// What stands before the sign that ends it, and what follows that. A backslash takes the next sign as it is.
fn until(text: &str, ends: impl Fn(char) -> bool) -> Result<(String, Option<&str>), String> {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => value.push(signs.next().ok_or("it ends with a backslash")?.1),
            sign if ends(sign) => return Ok((value, Some(&text[at + sign.len_utf8()..]))),
            sign => value.push(sign),
        }
    }
    Ok((value, None))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use super::read;

    #[test]
    fn keywords_and_values_are_read_as_pgx_reads_them() {
        let read_all =
            |text| read(text).unwrap().into_iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>();
        assert_eq!(read_all("host=a  port = 5432\tdbname=shop"), ["database:shop", "host:a", "port:5432"]);
        assert_eq!(read_all(r"password='it\'s \\ a' user=a\ b"), [r"password:it's \ a", "user:a b"]);
        assert_eq!(read_all("host= database=''"), ["host:database=''"]);
        assert_eq!(read_all(""), Vec::<String>::new());
        for text in ["host", "host=a shop", "=a", "password='a", "password=a\\"] {
            assert!(read(text).is_err(), "{text}: {:?}", read(text));
        }
    }
}
