use std::path::{Path, PathBuf};

use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::find::{Places, runs};
use crate::launch::program::{PDNS, Program};

const CONTROL: &str = "pdns_control";

/// PowerDNS's programs.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    /// The image that has them, where they are not this machine's.
    pub(super) image: Option<String>,
    /// The words of a shell that run `pdns_control`.
    pub(super) control: String,
}

/// Those of the image if the environment has containers, else this machine's. `pdns_control` is beside the server or in the
/// `bin` beside its folder, as packages have it, else in `PATH`.
pub(super) fn of(context: &LaunchContext) -> Result<Programs, EnvironmentError> {
    let Program { path: server, image, .. } = context.launcher.powerdns()?;
    let control = match context.launcher.within(&context.run, super::SERVER, CONTROL) {
        Some(words) => words,
        None => format!("'{}'", control(&server)?.display()),
    };
    Ok(Programs { server, image, control })
}

fn control(server: &Path) -> Result<PathBuf, EnvironmentError> {
    let found = beside(server).into_iter().find(|path| runs(path));
    let found = found.or_else(|| Places::here().in_path(CONTROL).map(|program| program.path));
    found.ok_or_else(|| EnvironmentError::ServerMissing {
        wanted: format!("PowerDNS ({CONTROL})"),
        searched: vec![beside_words(server), "PATH".to_owned()],
        how_to_get: PDNS.how_to_get(),
    })
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
