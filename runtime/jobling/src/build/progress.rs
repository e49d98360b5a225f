//! What a person sees while a folder is built: what is done now and for how long; on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{Output, Sink};

/// The progress of builds.
#[derive(Debug, Default)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Returns a progress that is shown where `output` is a person's.
    pub(crate) fn on(output: &Output) -> Self {
        if output.stderr_sink() != Sink::Terminal {
            return Self::default();
        }
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        let bar = ProgressBar::new_spinner();
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self(Some(bar))
    }

    /// Says what is done from now on.
    pub(super) fn step(&self, what: &str) {
        let Some(bar) = &self.0 else { return };
        bar.reset();
        bar.enable_steady_tick(Duration::from_millis(100));
        bar.set_message(what.to_owned());
    }

    /// Leaves the terminal to somebody else.
    pub(super) fn clear(&self) {
        let Some(bar) = &self.0 else { return };
        bar.disable_steady_tick();
        bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
