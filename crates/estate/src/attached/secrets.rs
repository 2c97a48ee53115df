use leaseproof_domain::{Redactor, Secret};
use leaseproof_scenario::SecretSource;

use super::AttachError;

/// Reads a secret of the harness's own, which the redactor knows from then on.
pub(super) fn read(what: &'static str, source: &SecretSource, redactor: &Redactor) -> Result<Secret, AttachError> {
    let failed = |place: String, why: String| AttachError::Secret { what, place, why };
    let (place, text) = match source {
        SecretSource::File(path) => {
            let place = path.display().to_string();
            let text = leaseproof_files::read_text(path, leaseproof_files::SECRET)
                .map_err(|error| failed(place.clone(), error.to_string()))?;
            (place, text)
        }
        SecretSource::Variable(name) => {
            let place = format!("the environment variable {name}");
            let text = std::env::var(name).map_err(|error| failed(place.clone(), error.to_string()))?;
            (place, text)
        }
    };
    match text.trim() {
        "" => Err(failed(place, "it is empty".to_owned())),
        text => {
            let secret = Secret::new(text);
            redactor.add_fixed(secret.clone());
            Ok(secret)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use leaseproof_domain::Redactor;
    use leaseproof_scenario::SecretSource;

    use super::read;

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
        let told = |source: &SecretSource| read("the token", source, &redactor).unwrap_err().to_string();
        let place = file.display().to_string();
        assert_eq!(told(&SecretSource::File(file)), format!("cannot read the token from {place}: it is empty"));
        let none = SecretSource::Variable("LEASEPROOF_NO_SUCH_VARIABLE".to_owned());
        assert!(told(&none).starts_with("cannot read the token from the environment variable LEASEPROOF_NO_SUCH"));
    }
}
