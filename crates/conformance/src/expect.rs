use leaseproof_vault::{Answer, Issued, Renewed};

/// How a request has to end.
#[derive(Clone, Debug)]
pub struct Expect {
    codes: Vec<String>,
    says: Vec<String>,
}

impl Expect {
    /// With that HTTP status.
    pub fn status(status: u16) -> Self {
        Self { codes: vec![status.to_string()], says: Vec::new() }
    }

    /// With that SQLSTATE; `ok` is a success.
    pub fn sqlstate(code: &str) -> Self {
        Self { codes: vec![code.to_owned()], says: Vec::new() }
    }

    /// With success, of PostgreSQL.
    pub fn ok() -> Self {
        Self::sqlstate("ok")
    }

    /// Or with that code.
    #[must_use]
    pub fn or(mut self, code: impl ToString) -> Self {
        self.codes.push(code.to_string());
        self
    }

    /// And with that text in it.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.says.push(text.into());
        self
    }

    pub(crate) fn words(&self) -> String {
        let codes = self.codes.join(" or ");
        let says: Vec<String> = self.says.iter().map(|text| format!("`{text}`")).collect();
        if says.is_empty() { codes } else { format!("{codes} {}", says.join(" and ")) }
    }

    pub(crate) fn is_met(&self, got: &Got) -> bool {
        self.codes.contains(&got.code) && self.says.iter().all(|text| got.text.contains(text))
    }
}

/// What came: a code, and the server's words or warnings.
#[derive(Clone, Debug)]
pub struct Got {
    pub(crate) code: String,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn words(&self) -> String {
        if self.text.is_empty() { self.code.clone() } else { format!("{} `{}`", self.code, self.text) }
    }
}

/// What a server answers with, as far as an expectation can be about it.
pub trait Answered {
    /// Its code and words.
    fn got(&self) -> Got;
}

fn yes(status: u16, warnings: &[String]) -> Got {
    Got { code: status.to_string(), text: warnings.join("; ") }
}

impl Answered for Answer {
    fn got(&self) -> Got {
        yes(self.status, &self.warnings)
    }
}

impl Answered for Issued {
    fn got(&self) -> Got {
        yes(self.status, &self.warnings)
    }
}

impl Answered for Renewed {
    fn got(&self) -> Got {
        yes(200, &self.warnings)
    }
}

impl Answered for u16 {
    fn got(&self) -> Got {
        yes(*self, &[])
    }
}

impl Answered for leaseproof_vault::Error {
    fn got(&self) -> Got {
        match self {
            Self::Answer { status, errors } => Got { code: status.to_string(), text: errors.join("; ") },
            other => Got { code: "no answer".to_owned(), text: other.to_string() },
        }
    }
}

impl Answered for leaseproof_postgres::Error {
    fn got(&self) -> Got {
        match self {
            Self::Answer { sqlstate, message, .. } => Got { code: sqlstate.clone(), text: message.clone() },
            Self::NoAnswer { why } | Self::Harness { why, .. } => {
                Got { code: "no answer".to_owned(), text: why.clone() }
            }
        }
    }
}

impl Answered for leaseproof_postgres::Session {
    fn got(&self) -> Got {
        Got { code: "ok".to_owned(), text: String::new() }
    }
}

/// Rows or values of a statement that PostgreSQL carried out.
impl Answered for u64 {
    fn got(&self) -> Got {
        Got { code: "ok".to_owned(), text: format!("{self} rows") }
    }
}

impl Answered for () {
    fn got(&self) -> Got {
        Got { code: "ok".to_owned(), text: String::new() }
    }
}

impl Answered for Option<String> {
    fn got(&self) -> Got {
        Got { code: "ok".to_owned(), text: self.clone().unwrap_or_else(|| "NULL".to_owned()) }
    }
}

impl<T: Answered, E: Answered> Answered for Result<T, E> {
    fn got(&self) -> Got {
        match self {
            Ok(yes) => yes.got(),
            Err(no) => no.got(),
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_vault::Error;

    use super::{Answered, Expect};

    #[test]
    fn an_answer_meets_an_expectation_by_its_code_and_words() {
        let answer: Result<u16, Error> = Err(Error::Answer { status: 400, errors: vec!["unknown role: x".into()] });
        for (expect, met) in [
            (Expect::status(400), true),
            (Expect::status(400).says("unknown role: x"), true),
            (Expect::status(400).says("unknown role: y"), false),
            (Expect::status(500).says("unknown role: x"), false),
            (Expect::status(500).or(400), true),
        ] {
            assert_eq!(expect.is_met(&answer.got()), met, "{expect:?}");
        }
        assert_eq!(Expect::status(400).or(500).says("a").words(), "400 or 500 `a`");
        assert_eq!(answer.got().words(), "400 `unknown role: x`");
    }
}
