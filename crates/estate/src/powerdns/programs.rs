use std::path::{Path, PathBuf};

use crate::EstateError;
use crate::find::{Places, runs};
use crate::site::Site;

/// The variable that names `pdns_server`.
pub(crate) const SETTING: &str = "PDNS_BIN";
/// How to get it.
pub(crate) const GET_PDNS: &str = "apt-get install pdns-server pdns-backend-pgsql";

const NAME: &str = "pdns_server";
const CONTROL: &str = "pdns_control";

/// PowerDNS's programs.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    /// The image that has them, where they are not this machine's.
    pub(super) image: Option<String>,
    /// The words of a shell that run `pdns_control`.
    pub(super) control: String,
}

/// Those of the image where the estate is one of containers, else this machine's.
pub(super) fn of(site: &Site) -> Result<Programs, EstateError> {
    match &site.images {
        Some(images) => Ok(Programs {
            server: NAME.into(),
            image: Some(images.pdns.clone()),
            control: site.within(super::SERVER, CONTROL),
        }),
        None => find(),
    }
}

/// `pdns_server`: `PDNS_BIN`, else `PATH`. `pdns_control`: beside it or in the `bin` beside its folder, as packages have
/// it, else `PATH`.
fn find() -> Result<Programs, EstateError> {
    let given = std::env::var_os(SETTING).filter(|value| !value.is_empty()).map(PathBuf::from);
    let places = Places::here();
    let (looked, server) = match given {
        Some(path) if runs(&path) => (String::new(), Some(path)),
        Some(path) => (format!("{SETTING}={} (no such program)", path.display()), None),
        None => (format!("{SETTING} (not set)"), places.in_path(NAME).map(|program| program.path)),
    };
    let server = server.ok_or_else(|| missing(NAME, vec![looked, "PATH".to_owned()]))?;
    let beside = beside(&server).into_iter().find(|path| runs(path));
    let control = beside.or_else(|| places.in_path(CONTROL).map(|program| program.path));
    let control = control.ok_or_else(|| {
        let looked = beside_words(&server);
        missing(CONTROL, vec![looked, "PATH".to_owned()])
    })?;
    Ok(Programs { server, image: None, control: format!("'{}'", control.display()) })
}

fn beside(server: &Path) -> [PathBuf; 2] {
    let folder = server.parent().unwrap_or_else(|| Path::new("/"));
    [folder.join(CONTROL), folder.with_file_name("bin").join(CONTROL)]
}

fn beside_words(server: &Path) -> String {
    beside(server).map(|path| path.display().to_string()).join(", ")
}

fn missing(program: &str, looked: Vec<String>) -> EstateError {
    EstateError::ServerMissing {
        wanted: format!("PowerDNS ({program})"),
        looked,
        how_to_get: format!("{GET_PDNS}, or name one by {SETTING}=/path/to/{NAME}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::beside;

    #[test]
    fn the_control_program_is_looked_for_where_packages_put_it() {
        let expected = ["/usr/sbin/pdns_control", "/usr/bin/pdns_control"].map(PathBuf::from);
        assert_eq!(beside(Path::new("/usr/sbin/pdns_server")), expected);
    }
}
