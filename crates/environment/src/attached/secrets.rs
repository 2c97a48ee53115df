use leaseproof_domain::{Redactor, Secret};
use leaseproof_scenario::SecretSource;

use super::AttachError;

/// Reads a secret of the harness's own, which the redactor knows from then on.
pub(super) fn read(what: &'static str, source: &SecretSource, redactor: &Redactor) -> Result<Secret, AttachError> {
    let place = match source {
        SecretSource::File(path) => path.display().to_string(),
        SecretSource::Variable(name) => format!("the environment variable {name}"),
    };
    let secret = Secret::new(text(source, false).map_err(|why| AttachError::Secret { what, place, why })?);
    redactor.add_fixed(secret.clone());
    Ok(secret)
}

/// The text of a secret without white space around it, or why it cannot be one: it is empty, has several lines, or, of a
/// `word`, blanks. Never any of it.
pub(super) fn text(source: &SecretSource, word: bool) -> Result<String, String> {
    let text = match source {
        SecretSource::File(path) => {
            leaseproof_files::read_text(path, leaseproof_files::SECRET).map_err(|error| error.to_string())?
        }
        SecretSource::Variable(name) => std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => "it is not set".to_owned(),
            std::env::VarError::NotUnicode(_) => "it is not UTF-8 text".to_owned(),
        })?,
    };
    let text = text.trim();
    match text {
        "" => Err("it is empty".to_owned()),
        text if text.lines().count() > 1 => {
            Err(format!("expected one line, got {}", text.lines().filter(|line| !line.trim().is_empty()).count()))
        }
        text if text.chars().any(char::is_control) => Err("it has control characters".to_owned()),
        text if word && !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("expected one word of ASCII letters, digits and signs, got other characters".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use leaseproof_domain::Redactor;
    use leaseproof_scenario::SecretSource;

    use super::{read, text};

    #[test]
    fn a_secret_is_read_without_white_space_and_is_known_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, " hvs.s3cret-token\n").unwrap();
        let redactor = Redactor::new();
        let secret = read("the token", &SecretSource::File(file.clone()), &redactor).unwrap();
        assert_eq!(secret.expose(), "hvs.s3cret-token");
        assert!(!redactor.scrub("it is hvs.s3cret-token").text.contains("s3cret"));
        std::fs::write(&file, "\n").unwrap();
        let reported = |source: &SecretSource| read("the token", source, &redactor).unwrap_err().to_string();
        let place = file.display().to_string();
        assert_eq!(
            reported(&SecretSource::File(file.clone())),
            format!("cannot read the token from {place}: it is empty")
        );
        for (content, why) in [("a\n\nb", "expected one line, got 2"), ("a\0b", "it has control characters")] {
            std::fs::write(&file, content).unwrap();
            let source = SecretSource::File(file.clone());
            assert_eq!(reported(&source), format!("cannot read the token from {place}: {why}"));
        }
        std::fs::write(&file, "hvs.a b").unwrap();
        assert!(text(&SecretSource::File(file.clone()), true).unwrap_err().starts_with("expected one word"));
        assert_eq!(text(&SecretSource::File(file), false).unwrap(), "hvs.a b");
        let none = SecretSource::Variable("LEASEPROOF_NO_SUCH_VARIABLE".to_owned());
        assert!(reported(&none).starts_with("cannot read the token from the environment variable LEASEPROOF_NO_SUCH"));
    }
}
