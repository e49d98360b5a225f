//! A run from its plan to its exit code: images and objects are placed, changes followed, output printed,
//! and whatever ends it (the Jobs, a time limit, a person) leaves the pods ended and the last words said.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::api::{Kind, ObjectKey};
use jobling_core::engine::{Change, ListScope, Reader, Snapshot};
use jobling_node::{LogCursor, LogTail};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::place::place;
use super::plan::Plan;
use super::printer::Printer;
use super::scene::{Cue, JobEnd, Scene, Standing};
use super::stage::Stage;
use super::summary::summary;
use crate::args::{Run, RunOutput};
use crate::clock;
use crate::output::Output;
use crate::print::{json_text, list_of, without_managed_fields};
use crate::verbs::{Exit, Failure};

/// Changes that are taken at one time.
const CHANGES: usize = 1024;

/// How long what pods print is gathered before it is shown, unless one of them ends.
const GATHER: Duration = Duration::from_millis(2);

/// How long pods get to end by themselves after the first Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);

/// How a run came to its end.
enum End {
    Jobs,
    Stuck(String),
    Timeout,
    Interrupted,
}

/// Runs `plan` on `stage`. Each message of `interrupts` is a Ctrl-C.
pub(crate) async fn run(
    args: &Run,
    plan: &Plan,
    stage: &dyn Stage,
    interrupts: &mut mpsc::Receiver<()>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let deadline =
        args.timeout.and_then(crate::args::GoDuration::limit).map(|l| Instant::now() + l);
    for image in &plan.images {
        stage
            .import(&image.name, &image.file)
            .map_err(|why| Failure::BadInput(format!("the image {}: {why}", image.name)))?;
    }
    let mut run = Foreground::new(args, plan, stage, output);
    let continued = place(plan, stage, &mut run.printer).await?;
    if !continued.is_empty() {
        run.look_again()?;
    }
    let end = run.follow(deadline, interrupts).await?;
    run.finish(args, end, interrupts).await
}

/// Which pods are kept in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// Those of which more may come.
    Living,
    /// All of them, as the answer has them.
    All,
}

struct Foreground<'a> {
    stage: &'a dyn Stage,
    reader: Arc<dyn Reader>,
    seen: u64,
    scene: Scene,
    printer: Printer<'a>,
    keeps: Keeps,
    printed: LogTail,
    /// What is to be done once the log has been printed up to there.
    cues: VecDeque<(LogCursor, Cue)>,
}

impl<'a> Foreground<'a> {
    fn new(args: &Run, plan: &Plan, stage: &'a dyn Stage, output: &'a mut Output) -> Self {
        let jobs = plan.objects.iter().map(|planned| planned.key.clone());
        let reader = stage.reader();
        Self {
            stage,
            seen: reader.revision(),
            reader,
            scene: Scene::new(jobs.filter(|key| key.kind == Kind::Job)),
            printer: Printer::new(args, plan, output),
            keeps: match args.output {
                Some(RunOutput::Json) => Keeps::All,
                None => Keeps::Living,
            },
            printed: stage.logs().tail(),
            cues: VecDeque::new(),
        }
    }

    /// Follows the Jobs until there is an end.
    async fn follow(
        &mut self,
        deadline: Option<Instant>,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<End, Failure> {
        let mut revisions = self.stage.revisions();
        loop {
            revisions.mark_unchanged();
            self.print_more().await?;
            match self.scene.standing() {
                Standing::Ended => return Ok(End::Jobs),
                Standing::Stuck(why) => return Ok(End::Stuck(why)),
                Standing::Running => {}
            }
            tokio::select! {
                changed = revisions.changed() => {
                    if changed.is_err() {
                        return Ok(End::Stuck("the engine has stopped".to_owned()));
                    }
                }
                () = self.more() => {}
                () = until(deadline) => return Ok(End::Timeout),
                Some(()) = interrupts.recv() => return Ok(End::Interrupted),
            }
        }
    }

    /// Waits until pods have printed, and a little longer: much of it is shown at one time.
    async fn more(&self) {
        self.printed.more().await;
        tokio::time::sleep(GATHER).await;
    }

    /// Prints what has come, a piece of it at most, and takes what has changed.
    async fn print_more(&mut self) -> Result<(), Failure> {
        // A pod is known by a change that came before all that it prints.
        let pieces = self.printed.take().await;
        self.take_changes()?;
        if !pieces.is_empty() {
            self.printer.printed(&pieces, &self.scene)?;
        }
        let read = self.printed.cursor();
        while let Some((_, cue)) = self.cues.pop_front_if(|(place, _)| *place <= read) {
            match cue {
                Cue::Failed(text) => self.printer.note(&text),
                Cue::Over(key) => self.printer.ended(key)?,
                Cue::Left(pod) => {
                    self.printer.left(pod)?;
                    if self.keeps == Keeps::Living {
                        self.scene.forget(pod);
                    }
                }
            }
        }
        Ok(())
    }

    fn take_changes(&mut self) -> Result<(), Failure> {
        loop {
            let Ok(changes) = self.reader.changes(self.seen, CHANGES) else {
                return self.look_again();
            };
            let Some(last) = changes.last() else { return Ok(()) };
            self.seen = last.revision;
            self.take(changes.iter().map(AsRef::as_ref));
            self.printer.progress(&self.scene);
        }
    }

    /// Takes changes that have been told by now.
    fn take<'c>(&mut self, changes: impl Iterator<Item = &'c Change>) {
        // All that a run prints is in the log before its end is told.
        let place = self.printed.end();
        let cues = changes.flat_map(|change| self.scene.apply(change));
        self.cues.extend(cues.map(|cue| (place, cue)));
    }

    /// Reads everything as it is: changes were missed, or a Job goes on from before.
    fn look_again(&mut self) -> Result<(), Failure> {
        let store =
            |error: jobling_core::engine::StoreError| Failure::Refused(format!("error: {error}"));
        let scope = ListScope::default();
        let jobs = self.reader.list(Kind::Job, &scope).map_err(store)?;
        let pods = self.reader.list(Kind::Pod, &scope).map_err(store)?;
        let job = |job| as_change(Snapshot::Object(Arc::new(job)), Kind::Job);
        let mut changes: Vec<Change> = jobs.items.into_iter().map(job).collect();
        for pod in pods.items {
            let ObjectKey { namespace, name, .. } = pod.key();
            if let Some((pod, job)) = self.reader.pod(&namespace, &name).map_err(store)? {
                changes.push(as_change(Snapshot::Pod { pod: Arc::new(pod), job }, Kind::Pod));
            }
        }
        self.take(changes.iter());
        self.seen = jobs.revision;
        Ok(())
    }

    /// Prints what is left, ends what still runs, and says the last words.
    async fn finish(
        mut self,
        args: &Run,
        end: End,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Exit, Failure> {
        let exit = match &end {
            End::Jobs => {
                self.print_rest(interrupts).await?;
                let complete = |end: &Option<JobEnd>| *end == Some(JobEnd::Complete);
                match self.scene.jobs().all(|(_, job)| complete(&job.end)) {
                    true => Exit::Success,
                    false => Exit::Failure,
                }
            }
            End::Stuck(_) => Exit::Failure,
            End::Timeout => Exit::Timeout,
            End::Interrupted => Exit::Interrupted,
        };
        let grace = if matches!(end, End::Interrupted) { GRACE } else { Duration::ZERO };
        if let End::Interrupted = end {
            self.printer.say("ending the pods; Ctrl-C again ends them at once");
        }
        self.drain(grace, interrupts).await?;
        self.print_rest(interrupts).await?;
        self.printer.all_ended()?;
        self.printer.clear();
        match end {
            End::Stuck(why) => self.printer.say(&format!("error: {why}")),
            End::Timeout => self.printer.say("error: the time limit of --timeout is over"),
            End::Jobs | End::Interrupted => {}
        }
        if args.output == Some(RunOutput::Json) {
            let objects = self.scene.objects();
            let items = objects.iter().map(|object| without_managed_fields(object.to_value()));
            self.printer.answer(&json_text(&list_of(items.collect())))?;
        }
        let now = jobling_core::Timestamp::from_unix_micros(clock::now().as_microsecond());
        for line in summary(&self.scene, now) {
            self.printer.note(&line);
        }
        Ok(exit)
    }

    /// Prints what there is by now; a Ctrl-C is answered by leaving the rest.
    async fn print_rest(&mut self, interrupts: &mut mpsc::Receiver<()>) -> Result<(), Failure> {
        let end = self.printed.end();
        loop {
            self.print_more().await?;
            if self.printed.cursor() >= end || interrupts.try_recv().is_ok() {
                return Ok(());
            }
        }
    }

    /// Ends the pods within `grace`, at once after another Ctrl-C, and prints what they still say.
    async fn drain(
        &mut self,
        grace: Duration,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<(), Failure> {
        let mut draining = self.stage.drain(grace);
        loop {
            tokio::select! {
                () = &mut draining => return Ok(()),
                () = self.more() => self.print_more().await?,
                Some(()) = interrupts.recv() => draining = self.stage.drain(Duration::ZERO),
            }
        }
    }
}

fn as_change(after: Snapshot, kind: Kind) -> Change {
    Change { revision: 0, kind, namespace: String::new(), before: None, after: Some(after) }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
