//! What pods print, to stdout as it comes (to stderr where stdout is for the answer), with the progress
//! of the run below it on a terminal.

use std::collections::btree_map::{BTreeMap, Entry};
use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jobling_core::pods::PodId;
use jobling_node::{Printed, RunKey, Slot};

use super::plan::Plan;
use super::scene::Scene;
use crate::args::{Run, RunOutput};
use crate::output::{GuestText, Output, Sink};
use jobling_core::api::Kind;

/// Where what pods print goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guests {
    /// To stdout.
    Stdout,
    /// To stderr, as stdout is for the answer.
    Stderr,
}

/// How lines of different containers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Labels {
    /// There is one container at a time: bytes go as they come.
    Raw,
    /// Each line begins with its pod and container.
    Prefixed,
}

/// How often the bar is drawn anew.
const TICK: Duration = Duration::from_millis(250);

/// Prints what happens.
pub(super) struct Printer<'a> {
    output: &'a mut Output,
    guests: Guests,
    labels: Labels,
    quiet: bool,
    bar: Option<ProgressBar>,
    texts: BTreeMap<RunKey, GuestText>,
}

impl<'a> Printer<'a> {
    /// Returns a printer for this run.
    pub(super) fn new(args: &Run, plan: &Plan, output: &'a mut Output) -> Self {
        let to_terminal = output.stderr_sink() == Sink::Terminal && !args.quiet;
        Self {
            guests: match args.output {
                Some(RunOutput::Json) => Guests::Stderr,
                None => Guests::Stdout,
            },
            labels: labels(plan),
            quiet: args.quiet,
            bar: to_terminal.then(bar),
            texts: BTreeMap::new(),
            output,
        }
    }

    /// Takes what runs of containers printed; what pods do that are none of this run's is not shown.
    pub(super) fn printed(&mut self, pieces: &[Printed], scene: &Scene) -> io::Result<()> {
        let (output, texts) = (&mut *self.output, &mut self.texts);
        aside(self.bar.as_ref(), || {
            for Printed { key, bytes } in pieces {
                let text = match texts.entry(*key) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        let Some((pod, container)) = scene.names(*key) else { continue };
                        let prefix = match self.labels {
                            Labels::Raw => String::new(),
                            Labels::Prefixed => format!("[pod/{pod}/{container}] "),
                        };
                        entry.insert(GuestText::new(prefix))
                    }
                };
                match self.guests {
                    Guests::Stdout => output.guest_in_passing(text, bytes)?,
                    Guests::Stderr => output.guest_aside(text, bytes),
                }
            }
            output.show()
        })
    }

    /// Takes that a run of a container has printed all it will.
    pub(super) fn ended(&mut self, key: RunKey) -> io::Result<()> {
        let Some(mut text) = self.texts.remove(&key) else { return Ok(()) };
        if !text.has_more() {
            return Ok(());
        }
        let (output, guests) = (&mut *self.output, self.guests);
        aside(self.bar.as_ref(), || match guests {
            Guests::Stdout => output.guest_end(&mut text),
            Guests::Stderr => {
                output.guest_aside_end(&mut text);
                Ok(())
            }
        })
    }

    /// Takes that a pod has printed all it will, also where the end of its containers was not seen.
    pub(super) fn left(&mut self, pod: PodId) -> io::Result<()> {
        let first = RunKey { pod, slot: Slot::Init(0), run: 0 };
        let runs = self.texts.range(first..).map(|(key, _)| *key);
        let runs: Vec<RunKey> = runs.take_while(|key| key.pod == pod).collect();
        runs.into_iter().try_for_each(|key| self.ended(key))
    }

    /// Takes that nobody prints any more.
    pub(super) fn all_ended(&mut self) -> io::Result<()> {
        let runs: Vec<RunKey> = self.texts.keys().copied().collect();
        runs.into_iter().try_for_each(|key| self.ended(key))
    }

    /// Says a line on stderr about how it goes.
    pub(super) fn note(&mut self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// Says a line on stderr that must be read.
    pub(super) fn say(&mut self, line: &str) {
        let line = printable(line);
        let output = &mut *self.output;
        aside(self.bar.as_ref(), || output.note(&line));
    }

    /// Writes the answer to stdout.
    pub(super) fn answer(&mut self, text: &str) -> io::Result<()> {
        self.output.print(text)
    }

    /// Shows how far it is.
    pub(super) fn progress(&mut self, scene: &Scene) {
        let Some(bar) = &self.bar else { return };
        let (mut wanted, mut done, mut failed) = (0u64, 0u64, 0u64);
        for (_, job) in scene.jobs() {
            let Some(job) = &job.job else { continue };
            let count = |number: Option<i32>| u64::try_from(number.unwrap_or(0)).unwrap_or(0);
            wanted +=
                count(job.spec.as_ref().and_then(|spec| spec.completions.or(spec.parallelism)));
            done += count(job.status.as_ref().and_then(|status| status.succeeded));
            failed += count(job.status.as_ref().and_then(|status| status.failed));
        }
        bar.set_length(wanted.max(1));
        bar.set_position(done);
        bar.set_message(standing(scene.running(), failed, scene.progress()));
    }

    /// Takes the progress away.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Returns how the pods are, in words: `1 running: 3/10 rows read`, `2 running, 1 failed, a-x7k2p: 3/10`.
fn standing(running: usize, failed: u64, progress: Option<(String, String)>) -> String {
    let mut text = format!("{running} running");
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    // A bar has one line.
    match progress.map(|(pod, told)| (pod, printable(&told).replace('\n', " "))) {
        Some((_, told)) if running == 1 => text.push_str(&format!(": {told}")),
        Some((pod, told)) => text.push_str(&format!(", {pod}: {told}")),
        None => {}
    }
    text
}

fn aside<T>(bar: Option<&ProgressBar>, print: impl FnOnce() -> T) -> T {
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {elapsed}");
    let bar = ProgressBar::new(1);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    // The time goes on where nothing else does.
    bar.enable_steady_tick(TICK);
    bar
}

/// What a message says of a guest may be the guest's own text.
fn printable(line: &str) -> String {
    String::from_utf8_lossy(&crate::output::for_sink(line.as_bytes(), Sink::Terminal)).into_owned()
}

/// One container at a time prints raw: one Job, one container, one pod at once.
fn labels(plan: &Plan) -> Labels {
    let jobs: Vec<_> =
        plan.objects.iter().filter(|planned| planned.key.kind == Kind::Job).collect();
    let [job] = jobs.as_slice() else { return Labels::Prefixed };
    let spec = &job.object["spec"];
    let pod = &spec["template"]["spec"];
    let count = |list: &serde_json::Value| list.as_array().map_or(0, Vec::len);
    let one_container = count(&pod["initContainers"]) + count(&pod["containers"]) == 1;
    let alone = |field: &str| spec[field].as_u64().unwrap_or(1) <= 1;
    match one_container && alone("parallelism") && alone("completions") {
        true => Labels::Raw,
        false => Labels::Prefixed,
    }
}

#[cfg(test)]
mod tests {
    use jobling_core::api::ObjectKey;
    use serde_json::{Value, json};

    use super::super::plan::Planned;
    use super::*;

    fn plan(specs: &[Value]) -> Plan {
        let planned = |spec: &Value| Planned {
            key: ObjectKey::new(Kind::Job, "default", "a"),
            object: json!({"spec": spec}),
        };
        Plan { objects: specs.iter().map(planned).collect(), ..Plan::default() }
    }

    #[test]
    fn one_container_prints_raw_and_more_with_their_names() {
        let one = json!({"template": {"spec": {"containers": [{"name": "a"}]}}});
        let two = json!({"template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}});
        let mut many = one.clone();
        many["completions"] = json!(5);
        for (specs, labels_of) in [
            (vec![one.clone()], Labels::Raw),
            (vec![two], Labels::Prefixed),
            (vec![many], Labels::Prefixed),
            (vec![one.clone(), one], Labels::Prefixed),
        ] {
            assert_eq!(labels(&plan(&specs)), labels_of, "{specs:?}");
        }
    }

    #[test]
    fn the_bar_has_what_a_task_tells_in_one_line_and_steers_no_terminal() {
        let progress = |told: &str| Some(("a-x7k2p".to_owned(), told.to_owned()));
        for (running, failed, told, expected) in [
            (2, 0, None, "2 running"),
            (1, 0, progress("3/10 rows read"), "1 running: 3/10 rows read"),
            (1, 2, progress("3"), "1 running, 2 failed: 3"),
            (2, 1, progress("3/10"), "2 running, 1 failed, a-x7k2p: 3/10"),
            (1, 0, progress("3 a\nb\u{1b}[2J"), "1 running: 3 a b^[[2J"),
        ] {
            assert_eq!(standing(running, failed, told), expected);
        }
    }
}
