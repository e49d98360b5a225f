//! The loop's body: one step takes all that waits, plans, commits once, and lets the effects out.

use std::time::Duration;

use super::stage::{Effect, Stage};
use super::state::State;
use super::turn::{Turn, refusal};
use super::{PodReport, Recovered, Reply, Request, Runner, Settings, Store, StoreError, Verb};
use crate::Timestamp;
use crate::api::{ApiError, ObjectKey};
use crate::pods::PodId;
use crate::trigger::{TriggerReply, TriggerRequest};

/// After a failed commit, so long until the next try.
const RETRY: Duration = Duration::from_secs(1);

/// What a caller knows its request by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a step came to.
#[derive(Debug, Default)]
pub struct Step {
    /// The answer to every request that waited.
    pub replies: Vec<(Ticket, Result<Reply, ApiError>)>,
    /// The answer to every request to a trigger that waited.
    pub trigger_replies: Vec<(Ticket, Result<TriggerReply, ApiError>)>,
    /// When the next step is due without anything else happening.
    pub wake_at: Option<Timestamp>,
    /// Why nothing was committed, where that failed. What was reported is tried again.
    pub trouble: Option<StoreError>,
}

/// How far the engine is from what the store remembers.
#[derive(Debug)]
enum Standing {
    /// It was opened: pods that ran then do not run now.
    Opened(Box<State>),
    /// It knows what was committed.
    Current(Box<State>),
    /// A commit failed: what is known must be read anew. Whether pods run on is as it was before.
    Lost(Since),
}

/// What the state of a step comes after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Opened,
    Step,
    Lost,
}

/// The engine: reconcilers, admission to this host and the one writer of the store.
///
/// A caller gives it what happened ([`submit`](Self::submit), [`report`](Self::report)) and has it
/// [`step`](Self::step) when something waits or [`Step::wake_at`] is reached. It reads no clock, and
/// nothing that it does becomes visible before it is committed.
#[derive(Debug)]
pub struct Engine<S, R> {
    store: S,
    runner: R,
    settings: Settings,
    standing: Standing,
    requests: Vec<(Ticket, Request)>,
    trigger_requests: Vec<(Ticket, TriggerRequest)>,
    reports: Vec<PodReport>,
    last_step: Timestamp,
    draining: Option<Duration>,
}

impl<S: Store, R: Runner> Engine<S, R> {
    /// Opens the engine on what the store remembers. The first step decides what becomes of pods that
    /// ran when the daemon ended.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn open(mut store: S, runner: R, settings: Settings) -> Result<Self, StoreError> {
        let recovered: Recovered = store.recover()?;
        let mut state = State::load(recovered);
        promise(&mut state, &settings);
        Ok(Self {
            store,
            runner,
            settings,
            standing: Standing::Opened(Box::new(state)),
            requests: Vec::new(),
            trigger_requests: Vec::new(),
            reports: Vec::new(),
            last_step: Timestamp::from_unix_micros(i64::MIN),
            draining: None,
        })
    }

    /// Has a request wait for the next step.
    pub fn submit(&mut self, ticket: Ticket, request: Request) {
        self.requests.push((ticket, request));
    }

    /// Has a request to a trigger wait for the next step.
    pub fn submit_to_trigger(&mut self, ticket: Ticket, request: TriggerRequest) {
        self.trigger_requests.push((ticket, request));
    }

    /// Has a report wait for the next step.
    pub fn report(&mut self, report: PodReport) {
        self.reports.push(report);
    }

    /// Has the next step end every pod that runs, each after at most `grace`; from then on none is
    /// started. Such an end does not count: the pod is replaced after the next start. A second call may
    /// shorten the grace.
    pub fn drain(&mut self, grace: Duration) {
        self.draining = Some(grace);
    }

    /// Returns whether no pod runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match &self.standing {
            Standing::Opened(state) | Standing::Current(state) => {
                state.scheduled().next().is_none()
            }
            Standing::Lost(_) => false,
        }
    }

    /// Returns the pods that were told to start and have not ended: what they left on disk is theirs.
    #[must_use]
    pub fn scheduled(&self) -> Vec<PodId> {
        match &self.standing {
            Standing::Opened(state) | Standing::Current(state) => state.scheduled().collect(),
            Standing::Lost(_) => Vec::new(),
        }
    }

    /// Returns the runner.
    pub const fn runner_mut(&mut self) -> &mut R {
        &mut self.runner
    }

    /// Returns the store.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Takes all that waits, plans on it, commits, and lets the effects out. If the commit fails nothing
    /// has happened: requests are answered with why, reports wait for the next step.
    pub fn step(&mut self, now: Timestamp) -> Step {
        let (mut state, since) = match self.take_state() {
            Ok(taken) => taken,
            Err(error) => return self.failed(error, now),
        };
        let requests = std::mem::take(&mut self.requests);
        let trigger_requests = std::mem::take(&mut self.trigger_requests);
        let reports = std::mem::take(&mut self.reports);
        let tickets: Vec<Ticket> = requests.iter().map(|(ticket, _)| *ticket).collect();
        let trigger_tickets: Vec<Ticket> = trigger_requests.iter().map(|(t, _)| *t).collect();
        let mut turn = Turn {
            stage: Stage::new(state.revision, state.next_job),
            state: &mut state,
            store: &mut self.store,
            settings: &self.settings,
            now,
        };
        match since {
            Since::Opened => turn.open(),
            Since::Lost => turn.touch_all(),
            // A clock that was put back: what was to happen at a time is reckoned anew.
            Since::Step if now < self.last_step => turn.touch_all(),
            Since::Step => {}
        }
        for report in &reports {
            turn.report(report.clone());
        }
        for (ticket, request) in requests {
            let answer = turn.answer(request);
            turn.stage.replies.push((ticket, answer));
        }
        for (ticket, request) in trigger_requests {
            let answer = turn.ask_trigger(request);
            turn.stage.trigger_replies.push((ticket, answer));
        }
        turn.settle(self.draining);
        let mut done = turn.stage;
        if !done.batch.writes.is_empty()
            && let Err(error) = self.store.commit(&done.batch)
        {
            self.standing = Standing::Lost(match since {
                Since::Opened => Since::Opened,
                Since::Step | Since::Lost => Since::Lost,
            });
            self.reports = reports;
            let refusal = refusal(&error);
            let mut step = self.failed(error, now);
            step.replies = refused(tickets, &refusal);
            step.trigger_replies = refused(trigger_tickets, &refusal);
            return step;
        }
        self.last_step = now;
        for &id in &done.sealed {
            if state.jobs.get(&id).is_some_and(super::state::Entry::is_over) {
                state.evict(id);
            }
        }
        let wake_at = state.wake_at();
        self.standing = Standing::Current(Box::new(state));
        self.let_out(std::mem::take(&mut done.effects));
        let Stage { replies, trigger_replies, .. } = done;
        Step { replies, trigger_replies, wake_at, trouble: None }
    }

    fn take_state(&mut self) -> Result<(State, Since), StoreError> {
        let since = match std::mem::replace(&mut self.standing, Standing::Lost(Since::Lost)) {
            Standing::Opened(state) => return Ok((*state, Since::Opened)),
            Standing::Current(state) => return Ok((*state, Since::Step)),
            Standing::Lost(since) => since,
        };
        self.standing = Standing::Lost(since);
        let mut state = State::load(self.store.recover()?);
        promise(&mut state, &self.settings);
        Ok((state, since))
    }

    fn failed(&mut self, error: StoreError, now: Timestamp) -> Step {
        let refusal = refusal(&error);
        let requests = std::mem::take(&mut self.requests);
        let trigger_requests = std::mem::take(&mut self.trigger_requests);
        Step {
            replies: refused(requests.into_iter().map(|(ticket, _)| ticket), &refusal),
            trigger_replies: refused(trigger_requests.into_iter().map(|(t, _)| t), &refusal),
            wake_at: Some(now.plus(RETRY)),
            trouble: Some(error),
        }
    }

    fn let_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(start) => self.runner.start(start),
                Effect::Stop(pod, cause, grace) => self.runner.stop(pod, cause, grace),
                Effect::Forget(pod) => self.runner.forget(pod),
                Effect::Remove(pod) => self.runner.remove(pod),
                Effect::ObjectChanged(key, object) => {
                    self.runner.object_changed(&key, object.as_deref());
                }
            }
        }
    }
}

/// Answers each of `tickets` with why it was not carried out.
fn refused<T>(
    tickets: impl IntoIterator<Item = Ticket>,
    why: &ApiError,
) -> Vec<(Ticket, Result<T, ApiError>)> {
    tickets.into_iter().map(|ticket| (ticket, Err(why.clone()))).collect()
}

/// Reckons up what is promised to the pods that run.
fn promise(state: &mut State, settings: &Settings) {
    for entry in state.jobs.values() {
        let running = entry.state.pods.values().filter(|pod| pod.scheduled_at.is_some()).count();
        let bytes = settings.memory_request(&entry.state.info);
        for _ in 0..running {
            state.promised.memory_bytes = state.promised.memory_bytes.saturating_add(bytes);
            state.promised.pods += 1;
        }
    }
}

impl Turn<'_> {
    fn open(&mut self) {
        self.ensure_default_namespace();
        self.recover_pods();
        self.touch_all();
    }

    /// Has every Job and CronJob looked at: after a start, a failed commit or a clock that may have been put
    /// back.
    fn touch_all(&mut self) {
        let all: Vec<_> = self.state.jobs.keys().copied().collect();
        let now = self.now;
        for id in all {
            if let Some(entry) = self.entry(id) {
                entry.state.clock_was_put_back(now);
            }
            self.stage.touch(id);
        }
        self.state.cron_jobs.wake_all(now);
        self.touch_triggers();
        self.state.old_events_at = self.state.old_events_at.map(|at| at.min(now));
        self.state.old_answers_at = self.state.old_answers_at.map(|at| at.min(now));
        self.stage.room = true;
    }

    fn touch_triggers(&mut self) {
        self.state.triggers_at = None;
        self.stage.touched_triggers.extend(self.state.triggers.names());
    }

    fn answer(&mut self, request: Request) -> Result<Reply, ApiError> {
        let Request { kind, namespace, name, verb, options } = request;
        let key = ObjectKey::new(kind, namespace, name);
        match verb {
            Verb::Create(body) => self.create(kind, &key.namespace, &body, &options),
            Verb::Update(body) => self.update(&key, &body, &options),
            Verb::Patch(patch) => self.patch(&key, &patch, &options),
            Verb::Apply(configuration) => self.apply(&key, &configuration, &options),
            Verb::Delete(asked) => self.delete(&key, &asked, &options),
        }
    }

    /// Has everything that is due happen, until the state is at rest.
    fn settle(&mut self, draining: Option<Duration>) {
        while let Some(&(at, id)) = self.state.timers.first() {
            if at > self.now {
                break;
            }
            self.state.wake(id, None);
            self.stage.touch(id);
        }
        let due = self.state.cron_jobs.take_due(self.now);
        self.stage.touched_cron_jobs.extend(due);
        if self.state.triggers_at.is_some_and(|at| at <= self.now) {
            self.touch_triggers();
        }
        self.reconcile();
        self.expire();
        self.reconcile();
        match draining {
            Some(grace) => self.drain(grace),
            None if self.stage.room => self.place(),
            None => {}
        }
        self.tell_repeats(draining.is_some());
        self.release_claims();
        self.release_namespaces();
        self.forget_old_events();
        self.forget_old_pods();
        self.forget_old_answers();
        self.seal();
    }
}
