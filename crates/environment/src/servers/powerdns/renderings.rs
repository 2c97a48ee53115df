//! Each rendering of PowerDNS's configuration, as an event.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use leaseproof_domain::{DnsEvent, Event, LeaseId, Micros, Redactor, Rendering, Secret, Username};
use leaseproof_history::Recorder;
use tokio::task::AbortHandle;

use super::agent::LEASE;
use crate::launch::context::LaunchContext;

/// How often the file is observed: the window of a change begins at the observation before.
const PACE: Duration = Duration::from_millis(20);

/// Observations of the rendered file until it is dropped.
pub(super) struct Renderings {
    seen: Arc<AtomicU32>,
    looking: AbortHandle,
}

impl Drop for Renderings {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Renderings {
    /// Begins to observe. The redactor learns each password before the rendering is reported.
    pub(super) fn watch(file: &Path, role: &str, context: &LaunchContext) -> Self {
        let seen = Arc::new(AtomicU32::new(0));
        let observations = Observations {
            file: file.to_owned(),
            role: role.to_owned(),
            recorder: context.recorder.clone(),
            redactor: Arc::clone(&context.redactor),
            seen: Arc::clone(&seen),
        };
        Self { seen, looking: tokio::spawn(observations.go_on()).abort_handle() }
    }

    /// Whether anything was rendered yet.
    pub(super) fn any(&self) -> bool {
        self.seen.load(Ordering::Acquire) > 0
    }
}

struct Observations {
    file: PathBuf,
    role: String,
    recorder: Option<Recorder>,
    redactor: Arc<Redactor>,
    seen: Arc<AtomicU32>,
}

impl Observations {
    async fn go_on(self) {
        let mut last: Option<Username> = None;
        let mut before = self.now();
        let mut ticks = tokio::time::interval(PACE);
        loop {
            ticks.tick().await;
            let begin = self.now();
            // The agent puts a whole file in the place of the old one.
            let found = tokio::fs::read_to_string(&self.file).await.ok().and_then(|text| Credential::read(&text));
            if let Some(found) = found.filter(|found| last.as_ref() != Some(&found.username)) {
                last = Some(found.username.clone());
                let to = self.now();
                self.tell(found, before, to).await;
            }
            before = begin;
        }
    }

    async fn tell(&self, found: Credential, from: Micros, to: Micros) {
        let Credential { username, password, lease } = found;
        let (redactor, of) = (Arc::clone(&self.redactor), username.clone());
        // It may take milliseconds. Where the harness ends meanwhile nobody reads a log any more.
        let _ = tokio::task::spawn_blocking(move || redactor.add_password(of, password)).await;
        let number = self.seen.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(recorder) = &self.recorder {
            let role = self.role.clone();
            recorder.record(Event::Dns(DnsEvent::Rendered(Rendering { number, from, to, role, username, lease })));
        }
    }

    fn now(&self) -> Micros {
        self.recorder.as_ref().map(Recorder::now).unwrap_or_default()
    }
}

/// What a rendered file says of its credential.
struct Credential {
    username: Username,
    password: Secret,
    lease: Option<LeaseId>,
}

impl Credential {
    /// None where the file names no user and password.
    fn read(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == name).then(|| value.trim().to_owned())
            })
        };
        let lease = text.lines().find_map(|line| line.strip_prefix(LEASE)).filter(|lease| !lease.is_empty());
        Some(Self {
            username: Username::new(value("gpgsql-user")?),
            password: Secret::new(value("gpgsql-password")?),
            lease: lease.map(|lease| LeaseId::new(lease.trim())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Credential;

    #[test]
    fn a_rendered_file_names_its_credential() {
        let text = "\ngpgsql-host=127.0.0.1\ngpgsql-user=v-token-x\ngpgsql-password=a=b\n\n\
                    # leaseproof: lease database/creds/r/x1\n";
        let read = Credential::read(text).unwrap();
        assert_eq!(read.username.as_str(), "v-token-x");
        assert_eq!(read.password.expose(), "a=b");
        assert_eq!(read.lease.unwrap().as_str(), "database/creds/r/x1");
        assert!(Credential::read("gpgsql-user=v-token-x\n").is_none());
        assert!(Credential::read("").is_none());
    }
}
