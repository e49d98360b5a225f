//! One play: the dice say what happens next, the accounts and the clients say whether it may.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Kind};
use jobling_core::engine::{Propagation, StoreError};
use jobling_core::trigger::{
    Counts, Outcome, TriggerFailure, TriggerReply, TriggerRequest, TriggerVerb,
};

use super::accounts::{Accounts, Tally};
use super::client::Client;
use super::triggers::{TRIGGERS, change, name, trigger};
use crate::Host;
use crate::guests::failed_pod;
use crate::host::Stepped;

/// The moment at which every play begins.
const BEGIN: i64 = 1_790_000_000;

/// What a play came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// What became of the requests.
    pub tally: Tally,
    /// Crashes of the daemon.
    pub crashes: u64,
    /// Repeats that got the answer of the first request.
    pub replays: u64,
    /// Requests that were turned away.
    pub refusals: u64,
}

/// Who waits for the answer of the next step.
enum Waits {
    Client(u32),
    Other { trigger: u8, requests: u64 },
}

/// The Job that a client's key stands for.
struct Made {
    job: String,
    /// Until when the key is remembered, once that is known.
    until: Option<Timestamp>,
}

struct Play {
    host: Host,
    accounts: Accounts,
    clients: BTreeMap<u32, Client>,
    next_client: u32,
    waiting: Vec<Waits>,
    made: BTreeMap<u32, Made>,
    /// Jobs that somebody deleted: their clients get no more than that.
    meddled: bool,
    report: Requests,
}

/// Plays the requests that `seed` draws.
///
/// # Errors
/// What did not hold, and when.
pub fn requests(seed: u64) -> Result<Requests, String> {
    let mut play = Play::new(seed)?;
    let events = play.host.dice.u32(20..120);
    for event in 0..events {
        play.happen().map_err(|error| format!("seed {seed}, event {event}: {error}"))?;
    }
    play.come_to_rest().map_err(|error| format!("seed {seed}, at the end: {error}"))?;
    play.report.tally = play.accounts.tally;
    Ok(play.report)
}

impl Play {
    fn new(seed: u64) -> Result<Self, String> {
        let mut host = Host::new(seed, Timestamp::from_unix_seconds(BEGIN))?;
        for number in 0..TRIGGERS {
            let body = trigger(number, &mut host.dice);
            host.create(Kind::HTTPTrigger, body);
        }
        let mut play = Self {
            host,
            accounts: Accounts::default(),
            clients: BTreeMap::new(),
            next_client: 0,
            waiting: Vec::new(),
            made: BTreeMap::new(),
            meddled: false,
            report: Requests::default(),
        };
        play.step()?;
        Ok(play)
    }

    fn happen(&mut self) -> Result<(), String> {
        match self.host.dice.u8(0..100) {
            0..35 => self.ask_anew(),
            35..55 => self.ask_again(),
            55..60 => self.tell_failure(),
            60..63 => self.tell_counts(),
            63..67 => self.meddle(),
            67..73 => return self.crash(),
            73..78 => {
                let is_full = self.host.dice.bool();
                let failed = StoreError::Failed("I/O".into());
                self.host.fail_next_commit(if is_full { StoreError::Full } else { failed });
            }
            _ => {
                let seconds = self.host.dice.u64(0..900);
                return self.pass(Duration::from_secs(seconds));
            }
        }
        if self.host.dice.u8(0..3) > 0 { self.step() } else { Ok(()) }
    }

    /// A client comes with a key of its own.
    fn ask_anew(&mut self) {
        let (number, trigger) = (self.next_client, self.host.dice.u8(0..TRIGGERS));
        self.next_client += 1;
        self.clients.insert(number, Client { trigger, number, job: None });
        self.ask(number);
    }

    /// A client asks again, knowing its answer or not.
    fn ask_again(&mut self) {
        if self.next_client > 0 {
            let number = self.host.dice.u32(0..self.next_client);
            self.ask(number);
        }
    }

    fn ask(&mut self, number: u32) {
        let Some(client) = self.clients.get(&number).cloned() else { return };
        let call = client.call(self.host.now());
        self.submit(client.trigger, TriggerVerb::Run(call));
        self.waiting.push(Waits::Client(number));
    }

    fn tell_failure(&mut self) {
        let trigger = self.host.dice.u8(0..TRIGGERS);
        let mut call = (*Client { trigger, number: 0, job: None }.call(self.host.now())).clone();
        call.idempotency = None;
        let failure = TriggerFailure {
            call: Arc::new(call),
            status: failed_pod(1, self.host.now()),
            started: self.host.now(),
        };
        self.submit(trigger, TriggerVerb::Failed(Box::new(failure)));
        self.waiting.push(Waits::Other { trigger, requests: 0 });
    }

    fn tell_counts(&mut self) {
        let (trigger, requests) = (self.host.dice.u8(0..TRIGGERS), self.host.dice.u64(1..1_000));
        let counts = Counts { requests, last: self.host.now() };
        self.submit(trigger, TriggerVerb::Count(counts));
        self.waiting.push(Waits::Other { trigger, requests });
    }

    fn submit(&mut self, trigger: u8, verb: TriggerVerb) {
        let name = name(trigger);
        let uid = self.accounts.uid(&name);
        self.host.ask_trigger(TriggerRequest { namespace: "default".into(), name, uid, verb });
    }

    /// Somebody changes a trigger, or deletes a request's Job.
    fn meddle(&mut self) {
        let trigger = name(self.host.dice.u8(0..TRIGGERS));
        if self.host.dice.bool() {
            let body = change(&mut self.host.dice);
            return self.host.patch(Kind::HTTPTrigger, &trigger, body);
        }
        let jobs: Vec<String> = self.made.values().map(|made| made.job.clone()).collect();
        if !jobs.is_empty() {
            self.meddled = true;
            let job = jobs[self.host.dice.usize(0..jobs.len())].clone();
            self.host.delete(Kind::Job, &job, Propagation::Background);
        }
    }

    /// The daemon dies. Those who wait for an answer never hear what became of their requests.
    fn crash(&mut self) -> Result<(), String> {
        self.report.crashes += 1;
        let is_late = self.host.dice.bool();
        if is_late {
            let stepped = self.host.step()?;
            self.take(&stepped, Hearing::Nobody)?;
        }
        self.waiting.clear();
        let seconds = self.host.dice.u64(0..30);
        self.host.crash(self.host.now().plus(Duration::from_secs(seconds)))?;
        self.step()
    }

    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let until = self.host.now().plus(time);
        self.step()?;
        while let Some(due) = self.host.next().filter(|due| *due <= until) {
            self.host.move_to(due);
            self.step()?;
        }
        self.host.move_to(until);
        Ok(())
    }

    fn step(&mut self) -> Result<(), String> {
        let stepped = self.host.step()?;
        self.take(&stepped, Hearing::All)
    }

    fn take(&mut self, stepped: &Stepped, hearing: Hearing) -> Result<(), String> {
        let waiting = std::mem::take(&mut self.waiting);
        for (waits, answer) in waiting.iter().zip(&stepped.trigger_answers) {
            if let (Waits::Other { trigger, requests }, Ok(TriggerReply::Counted)) = (waits, answer)
            {
                self.accounts.counted(&name(*trigger), *requests);
            }
        }
        let before: Vec<usize> = (0..TRIGGERS).map(|it| self.accounts.active(&name(it))).collect();
        for job in self.accounts.take(&stepped.changes)? {
            self.take_made(job)?;
        }
        for number in 0..TRIGGERS {
            let (active, most) =
                (self.accounts.active(&name(number)), self.accounts.most(&name(number)));
            if active > most.max(before[usize::from(number)]) {
                return Err(format!("{active} of at most {most} run of {}", name(number)));
            }
        }
        if hearing == Hearing::Nobody {
            return Ok(());
        }
        for (waits, answer) in waiting.into_iter().zip(&stepped.trigger_answers) {
            if let Waits::Client(number) = waits {
                self.take_answer(number, answer)?;
            }
        }
        Ok(())
    }

    /// A Job was made: the only one of its key, until the key is forgotten.
    fn take_made(&mut self, job: String) -> Result<(), String> {
        let record = self.host.call(&job)?;
        let Some(fingerprint) = record.and_then(|record| record.fingerprint) else {
            return Ok(());
        };
        let number = Client::of_fingerprint(fingerprint);
        if let Some(made) = self.made.get(&number)
            && made.until.is_none_or(|until| until > self.host.now())
            && self.host.call(&made.job)?.is_some()
        {
            return Err(format!("{job} was made for the key of {}", made.job));
        }
        self.made.insert(number, Made { job, until: None });
        Ok(())
    }

    fn take_answer(
        &mut self,
        number: u32,
        answer: &Result<TriggerReply, ApiError>,
    ) -> Result<(), String> {
        let Some(made) = self.made.get_mut(&number) else {
            return match answer {
                Ok(
                    TriggerReply::Busy { .. }
                    | TriggerReply::QueueFull { .. }
                    | TriggerReply::Suspended,
                )
                | Err(_) => {
                    self.report.refusals += 1;
                    Ok(())
                }
                other => Err(format!("client {number} got {other:?} and no Job was ever made")),
            };
        };
        let (job, now) = (made.job.clone(), self.host.now());
        match answer {
            Ok(TriggerReply::Accepted { job: told, .. }) if *told == job => {
                if let Some(client) = self.clients.get_mut(&number) {
                    client.job = Some(job);
                }
                Ok(())
            }
            Ok(TriggerReply::InProgress { job: told }) if *told == job => Ok(()),
            Ok(TriggerReply::Replayed { job: told, answer }) if *told == job => {
                self.report.replays += 1;
                let body = Client { trigger: 0, number, job: None }.body();
                let is_complete = answer.outcome == Outcome::Succeeded;
                if is_complete && *answer.output.bytes != *body {
                    return Err(format!("{job} answered with {:?}", answer.output));
                }
                made.until = self.host.call(&job)?.and_then(|record| record.until);
                Ok(())
            }
            // The key was forgotten, and the request turned away this time.
            Ok(
                TriggerReply::Busy { .. }
                | TriggerReply::QueueFull { .. }
                | TriggerReply::Suspended,
            ) if self.host.call(&job)?.is_none_or(|it| it.until.is_some_and(|at| at <= now)) => {
                Ok(())
            }
            Err(_) => Ok(()),
            other => Err(format!("client {number} of {job} got {other:?}")),
        }
    }

    /// Nothing more goes wrong: every request that was taken has its answer, and then nothing is written.
    fn come_to_rest(&mut self) -> Result<(), String> {
        for number in 0..TRIGGERS {
            let body = serde_json::json!({"spec": {"suspend": false}});
            self.host.patch(Kind::HTTPTrigger, &name(number), body);
        }
        self.step()?;
        for _ in 0..400 {
            self.pass(Duration::from_mins(10))?;
            if (0..TRIGGERS).all(|number| self.accounts.active(&name(number)) == 0) {
                break;
            }
        }
        for made in self.made.values() {
            let is_answered =
                self.host.call(&made.job)?.is_none_or(|record| record.answer.is_some());
            if !is_answered {
                return Err(format!("the request of {} was forgotten", made.job));
            }
        }
        self.check_told()?;
        self.pass(Duration::from_hours(6))?;
        if !self.host.step()?.changes.is_empty() {
            return Err("an idle engine wrote".into());
        }
        for made in self.made.values() {
            if self.host.call(&made.job)?.is_some() {
                return Err(format!("the answer of {} is remembered for ever", made.job));
            }
        }
        Ok(())
    }

    /// What a client was told of came to its end, or was taken away by somebody.
    fn check_told(&self) -> Result<(), String> {
        for client in self.clients.values() {
            let Some(job) = &client.job else { continue };
            // One that is forgotten had its answer, which was remembered for its time.
            let Some(record) = self.host.call(job)? else { continue };
            let Some(answer) = record.answer else { return Err(format!("{job} has no answer")) };
            let may_be_cancelled = self.meddled || client.trigger % 4 == 2;
            if answer.outcome == Outcome::Cancelled && !may_be_cancelled {
                return Err(format!("{job} was taken away by nobody"));
            }
        }
        Ok(())
    }
}

/// Who hears the answers of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hearing {
    All,
    Nobody,
}
