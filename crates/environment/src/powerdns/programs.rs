use std::path::{Path, PathBuf};

use crate::EnvironmentError;
use crate::context::LaunchContext;
use crate::find::{Places, runs};
use crate::program::Sought;

pub(crate) const PDNS: Sought = Sought {
    name: "pdns_server",
    called: "PowerDNS (pdns_server)",
    setting: "PDNS_BIN",
    get: "apt-get install pdns-server pdns-backend-pgsql",
    version: "--version",
};
const CONTROL: &str = "pdns_control";

/// PowerDNS's programs.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    /// The image that has them, where they are not this machine's.
    pub(super) image: Option<String>,
    /// The words of a shell that run `pdns_control`.
    pub(super) control: String,
}

/// Those of the image where the environment is one of containers, else this machine's.
pub(super) fn of(context: &LaunchContext) -> Result<Programs, EnvironmentError> {
    match &context.images {
        Some(images) => Ok(Programs {
            server: PDNS.name.into(),
            image: Some(images.pdns.clone()),
            control: context.within(super::SERVER, CONTROL),
        }),
        None => find(),
    }
}

/// `pdns_server`: `PDNS_BIN`, else `PATH`. `pdns_control`: beside it or in the `bin` beside its folder, as packages have
/// it, else `PATH`.
fn find() -> Result<Programs, EnvironmentError> {
    let places = Places::here();
    let server = places.named(&PDNS)?.path;
    let beside = beside(&server).into_iter().find(|path| runs(path));
    let control = beside.or_else(|| places.in_path(CONTROL).map(|program| program.path));
    let control = control.ok_or_else(|| {
        let observed = beside_words(&server);
        EnvironmentError::ServerMissing {
            wanted: format!("PowerDNS ({CONTROL})"),
            observed: vec![observed, "PATH".to_owned()],
            how_to_get: PDNS.how_to_get(),
        }
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
