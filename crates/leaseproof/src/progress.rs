//! The progress display during a run, on stderr and only if stderr is a terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use leaseproof_domain::{Operation, visible};
use leaseproof_live::{LiveMetrics, Snapshot};
use leaseproof_pipeline::Display;
use leaseproof_workload::LoadState;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::console;

/// A stage shorter than this shows nothing.
const TIMEOUT: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(100);

/// Whether and how the stages of a run are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    shown: bool,
}

/// A stage that is displayed until this value is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    bar: ProgressBar,
    task: Option<JoinHandle<()>>,
}

impl leaseproof_pipeline::Stage for Stage {
    fn say(&self, words: String) {
        self.bar.set_message(words);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}

impl Screen {
    /// Shows stages unless `quiet`; shows nothing if stderr is not a terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { shown: !quiet && std::io::IsTerminal::is_terminal(&std::io::stderr()) }
    }

    /// Prints a permanent line, if stages are shown.
    pub(crate) fn say(self, words: &str) {
        if self.shown {
            console::note(words);
        }
    }

    /// A spinner with text, for stages that take some time.
    pub(crate) fn stage(self, words: &'static str) -> Stage {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if !self.shown {
            return Stage { bar, task: None };
        }
        bar.set_style(style("{spinner} {msg} ({elapsed})"));
        bar.set_message(words);
        let shown = bar.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(TIMEOUT).await;
            shown.set_draw_target(ProgressDrawTarget::stderr());
            shown.enable_steady_tick(TICK);
        });
        Stage { bar, task: Some(task) }
    }

    fn follow(self, mut load: watch::Receiver<LoadState>, metrics: LiveMetrics) -> Stage {
        if !self.shown {
            return Stage { bar: ProgressBar::hidden(), task: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {wide_msg}"));
        bar.enable_steady_tick(TICK);
        let shown = bar.clone();
        let task = tokio::spawn(async move {
            while load.changed().await.is_ok() {
                let line = metrics.read(|metrics| line(&load.borrow_and_update(), metrics));
                shown.set_message(line);
            }
        });
        Stage { bar, task: Some(task) }
    }
}

impl Display for Screen {
    fn stage(&self, words: &'static str) -> Arc<dyn leaseproof_pipeline::Stage> {
        Arc::new(Self::stage(*self, words))
    }

    /// One line that follows the workload.
    fn workload(&self, load: watch::Receiver<LoadState>, metrics: LiveMetrics) -> Arc<dyn leaseproof_pipeline::Stage> {
        Arc::new(self.follow(load, metrics))
    }

    fn note(&self, words: &str) {
        console::note(words);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template written here")
}

/// Phase, time, rate, live leases, failures, dropped arrivals, and how long issues take.
fn line(load: &LoadState, metrics: &Snapshot) -> String {
    let LoadState { phase, target_rate, elapsed, total, arrived, extra, live, finished, failures, draining } = load;
    // Each promised `ttl.max` has a lifecycle of its own, which counts as live and as finished.
    let extra = if *extra > 0 { format!(" + {extra} for ttl.max") } else { String::new() };
    let doing = if *draining { "draining".to_owned() } else { format!("{target_rate}/s") };
    let phase = visible(phase);
    let dropped = if metrics.dropped > 0 { format!(" · {} dropped", metrics.dropped) } else { String::new() };
    let p99 = metrics.operations.get(&Operation::Issue).and_then(|issues| issues.response(0.99));
    let p99 = p99.map(|p99| format!(" · issue p99 {} ms", p99.as_millis())).unwrap_or_default();
    format!(
        "{phase} {}/{} s · {doing} · {arrived} arrived{extra} · {live} live · {finished} finished · {failures} failures{dropped}{p99}",
        elapsed.as_secs(),
        total.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::{Dropped, Event, Micros, Operation, OperationRecord, Outcome, Span};
    use leaseproof_history::EventStream;
    use leaseproof_live::{LiveMetrics, Snapshot};
    use leaseproof_workload::LoadState;

    use super::line;

    #[test]
    fn the_line_of_a_phase() {
        let mut load = LoadState {
            phase: "steady".into(),
            target_rate: 8.0,
            elapsed: Duration::from_millis(12_400),
            total: Duration::from_secs(40),
            arrived: 99,
            extra: 0,
            live: 61,
            finished: 38,
            failures: 0,
            draining: false,
        };
        insta::assert_snapshot!(line(&load, &Snapshot::default()), @"steady 12/40 s · 8/s · 99 arrived · 61 live · 38 finished · 0 failures");
        load.draining = true;
        load.extra = 1;
        load.finished = 39;
        let stream = EventStream::new();
        let metrics = LiveMetrics::subscribe(&stream);
        let span = Span { intended: Micros(0), start: Micros(0), end: Micros(45_000) };
        stream.publish(Event::Operation(OperationRecord::new(1, "app", "steady", Operation::Issue, span, Outcome::Ok)));
        for lifecycle in [2, 3] {
            let (role, phase) = ("app".to_owned(), "steady".to_owned());
            stream.publish(Event::Dropped(Dropped {
                lifecycle,
                role,
                phase,
                intended: Micros(0),
                lifecycle_name: None,
            }));
        }
        insta::assert_snapshot!(metrics.read(|metrics| line(&load, metrics)), @"steady 12/40 s · draining · 99 arrived + 1 for ttl.max · 61 live · 39 finished · 0 failures · 2 dropped · issue p99 45 ms");
    }
}
