//! `vault agent`, which renders PowerDNS's configuration.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use leaseproof_domain::Secret;
use leaseproof_scenario::{AfterRendering, PdnsPlan};
use leaseproof_vault::Client;
use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use super::{AGENT, server};
use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::{LaunchContext, LaunchSpec};
use crate::launch::folder;
use crate::placeholders::UnknownPlaceholder;
use crate::servers::vault::VaultServer;

const CONFIGURATION: &str = "agent.hcl";
const TEMPLATE: &str = "gpgsql.conf.tpl";
const TOKEN: &str = "agent-token";
const AFTER: &str = "after-rendering";
/// How long what is done after a rendering may take before the agent gives it up.
const AFTER_TIMEOUT: &str = "30s";
/// What stands before the lease in the line that leaseproof adds to the template.
pub(super) const LEASE: &str = "# leaseproof: lease ";

/// What an agent is made of.
pub(super) struct Parts<'a> {
    pub(super) plan: &'a PdnsPlan,
    pub(super) mount: &'a str,
    pub(super) home: &'a Path,
    /// The words of a shell that run `pdns_control`.
    pub(super) control: &'a str,
    pub(super) token: &'a Client,
}

/// A running agent.
pub(super) struct Agent {
    pub(super) child: Child,
    /// The file that it renders.
    pub(super) rendered: PathBuf,
    /// The path in Vault that its credentials come from.
    pub(super) credentials: String,
}

pub(super) fn start(
    parts: &Parts<'_>,
    vault: &VaultServer,
    fill: impl Fn(&str) -> Result<String, UnknownPlaceholder>,
    context: &LaunchContext,
) -> Result<(Agent, mpsc::Receiver<Vec<u8>>), EnvironmentError> {
    let Parts { plan, mount, home, .. } = parts;
    let credentials = format!("{mount}/creds/{}", plan.role);
    let rendered = server::settings_folder(home)?.join("gpgsql.conf");
    // The same path in the same agent is the same credential.
    let lease = format!("{{{{ with secret \"{credentials}\" }}}}{LEASE}{{{{ .LeaseID }}}}{{{{ end }}}}\n");
    folder::write(&home.join(TEMPLATE), &format!("{}\n{lease}", plan.template), 0o600, None)?;
    let token = parts.token.token();
    let token = token.as_ref().map_or("", Secret::expose);
    folder::write(&home.join(TOKEN), token, 0o600, None)?;
    folder::write(&home.join(AFTER), &after(parts), 0o700, None)?;
    let file = home.join(CONFIGURATION);
    folder::write(&file, &configuration(&vault.address, home, &rendered), 0o600, None)?;
    let env = plan.env.iter().map(|(name, value)| {
        let filled = fill(value);
        let filled = filled
            .map_err(|why| EnvironmentError::Placeholder { origin: plan.origin.clone(), why: why.to_string() })?;
        Ok((name.clone(), OsString::from(filled)))
    });
    let mut env = env.collect::<Result<Vec<_>, EnvironmentError>>()?;
    env.push(("HOME".to_owned(), OsString::from(*home)));
    env.extend(context.launcher.variables());
    let (child, log) = context.start(LaunchSpec {
        name: AGENT,
        program: vault.local_program()?,
        image: None,
        args: vec!["agent".into(), "-config".into(), file.into()],
        env,
        folder: home,
        account: None,
        death: Signal::SIGKILL,
        input: None,
    })?;
    Ok((Agent { child, rendered, credentials }, log))
}

/// The agent has read it, and keeps the token in memory.
pub(super) fn remove_token(home: &Path) -> Result<(), EnvironmentError> {
    let path = home.join(TOKEN);
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(EnvironmentError::Folder { doing: "remove", path, source })
        }
        _ => Ok(()),
    }
}

/// Where the control socket is not there, PowerDNS is yet to be started, and reads the new file then. It must not fail: an
/// agent whose command failed begins anew, with another credential (command/agent/template/template.go).
fn after(parts: &Parts<'_>) -> String {
    let (home, control) = (parts.home.display(), parts.control);
    match parts.plan.after_rendering {
        AfterRendering::Nothing => "#!/bin/sh\n".to_owned(),
        AfterRendering::Cycle => format!(
            "#!/bin/sh\n[ -S '{home}/{socket}' ] || exit 0\n{control} --config-dir='{home}' --socket-dir='{home}' cycle \
             || true\n",
            socket = server::SOCKET
        ),
    }
}

/// In HCL: of JSON, Vault 1.21 takes no `auto_auth` ("one and only one \"method\" block is required").
fn configuration(vault: &str, home: &Path, rendered: &Path) -> String {
    let path = |path: &Path| quoted(&path.to_string_lossy());
    format!(
        "vault {{\n  address = {}\n}}\n\
         auto_auth {{\n  method {{\n    type = \"token_file\"\n    config = {{ token_file_path = {} }}\n  }}\n}}\n\
         template {{\n  source = {}\n  destination = {}\n  perms = \"0600\"\n  exec {{\n    command = [{}]\n    \
         timeout = {}\n  }}\n}}\n",
        quoted(vault),
        path(&home.join(TOKEN)),
        path(&home.join(TEMPLATE)),
        path(rendered),
        path(&home.join(AFTER)),
        quoted(AFTER_TIMEOUT),
    )
}

/// A text as HCL quotes one, which is how JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
