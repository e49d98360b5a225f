//! One year, drawn from a seed: the dice say what happens, the accounts say whether it may.

use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::Kind;
use jobling_core::engine::{Propagation, StoreError};

use super::accounts::{Accounts, Tally};
use super::cron_jobs;
use crate::host::Host;

/// The moment at which every year begins: a Monday at nine.
const BEGIN: i64 = 1_795_424_400;
const CRON_JOBS: u8 = 100;
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(24 * 365);
/// Steps without time going on, after which the engine is said to spin.
const MOST_STEPS_AT_ONCE: u32 = 100;

/// What a year was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Year {
    /// What became of the runs.
    pub runs: Tally,
    /// Steps of the engine.
    pub steps: u64,
    /// Crashes of the daemon.
    pub crashes: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Times that the clock was set or stood still.
    pub clocks_set: u64,
}

struct World {
    host: Host,
    accounts: Accounts,
    passed: Duration,
    year: Year,
}

/// Plays the year that `seed` draws.
///
/// # Errors
/// What did not hold, and when.
pub fn year(seed: u64) -> Result<Year, String> {
    let host = Host::new(seed, Timestamp::from_unix_seconds(BEGIN))?;
    let accounts = Accounts::default();
    let mut world = World { host, accounts, passed: Duration::ZERO, year: Year::default() };
    world.play().map_err(|error| format!("seed {seed}, at {}: {error}", world.host.now()))?;
    world.year.runs = world.accounts.tally;
    Ok(world.year)
}

impl World {
    fn play(&mut self) -> Result<(), String> {
        for number in 0..CRON_JOBS {
            let body = cron_jobs::cron_job(&format!("cron-{number}"), &mut self.host.dice);
            self.host.create(Kind::CronJob, body);
        }
        self.step()?;
        while self.passed < YEAR {
            let minutes = self.host.dice.u64(0..4 * 24 * 60);
            self.pass(Duration::from_secs(minutes * 60))?;
            self.happen()?;
        }
        self.pass(3 * DAY)?;
        let (cron_jobs, jobs) = (self.host.list(Kind::CronJob)?, self.host.list(Kind::Job)?);
        self.accounts.check_store(&cron_jobs, &jobs)
    }

    fn happen(&mut self) -> Result<(), String> {
        match self.host.dice.u8(0..16) {
            0 => return self.outage(Duration::ZERO),
            1 | 2 => {
                let minutes = [5, 300, 3_000, 15_000][self.host.dice.usize(0..4)];
                let seconds = self.host.dice.u64(0..minutes * 60);
                return self.outage(Duration::from_secs(seconds));
            }
            3 | 4 => self.fail_next_commit(),
            5 => {
                let later = self.later();
                return self.set_clock(later);
            }
            6 => {
                let earlier = self.earlier();
                return self.set_clock(earlier);
            }
            7 => return self.years_ahead(),
            8 => return self.boot_without_a_clock(),
            9..12 => self.change(),
            12 => self.delete(),
            13 => self.make_by_hand(),
            14 => self.take_a_runs_name(),
            _ => self.delete_a_job(),
        }
        self.step()
    }

    /// The daemon dies, and comes back after a while.
    fn outage(&mut self, time: Duration) -> Result<(), String> {
        self.year.crashes += 1;
        let (from, until) = (self.host.now(), self.host.now().plus(time));
        self.accounts.unseen(from, until);
        self.passed += time;
        self.host.crash(until)?;
        if self.host.dice.u8(0..8) == 0 {
            self.fail_next_commit();
        }
        self.step()
    }

    fn fail_next_commit(&mut self) {
        self.year.failed_commits += 1;
        let error =
            if self.host.dice.bool() { StoreError::Full } else { StoreError::Failed("I/O".into()) };
        self.host.fail_next_commit(error);
        let now = self.host.now();
        self.accounts.unseen(now, now.plus(Duration::from_secs(2)));
    }

    /// The clock is set to another time, or the host was suspended until then.
    fn set_clock(&mut self, to: Timestamp) -> Result<(), String> {
        self.year.clocks_set += 1;
        let from = self.host.now();
        if from < to {
            self.accounts.unseen(from, to);
        }
        self.host.set_clock(to);
        self.step()
    }

    fn later(&mut self) -> Timestamp {
        let seconds = [5, 3_600, 80_000][self.host.dice.usize(0..3)];
        self.host.now().plus(Duration::from_secs(self.host.dice.u64(0..seconds)))
    }

    fn earlier(&mut self) -> Timestamp {
        let seconds = [5, 3_600, 80_000, 1_000_000][self.host.dice.usize(0..4)];
        self.host.now().minus(Duration::from_secs(self.host.dice.u64(0..seconds)))
    }

    /// The clock says a time far ahead for some minutes.
    fn years_ahead(&mut self) -> Result<(), String> {
        let days = self.host.dice.u32(2..400);
        self.for_minutes(self.host.now().plus(DAY * days))
    }

    /// The host comes up in 1970, and learns the time after some minutes.
    fn boot_without_a_clock(&mut self) -> Result<(), String> {
        let right = self.host.now();
        self.year.crashes += 1;
        let boot = Timestamp::from_unix_seconds(17);
        self.host.crash(boot)?;
        self.step()?;
        self.pass(Duration::from_mins(5))?;
        self.set_clock(right.plus(Duration::from_mins(5)))
    }

    fn for_minutes(&mut self, wrong: Timestamp) -> Result<(), String> {
        let right = self.host.now();
        self.set_clock(wrong)?;
        self.pass(Duration::from_mins(5))?;
        self.set_clock(right.plus(Duration::from_mins(5)))
    }

    fn any_cron_job(&mut self) -> Option<(String, String)> {
        let known: Vec<(String, String)> = self
            .accounts
            .cron_jobs()
            .map(|(name, one)| (name.to_owned(), one.metadata.uid.clone().unwrap_or_default()))
            .collect();
        (!known.is_empty()).then(|| known[self.host.dice.usize(0..known.len())].clone())
    }

    fn change(&mut self) {
        let Some((name, _)) = self.any_cron_job() else { return };
        let body = cron_jobs::change(&mut self.host.dice);
        self.host.patch(Kind::CronJob, &name, body);
    }

    /// One goes, and one comes.
    fn delete(&mut self) {
        let Some((name, _)) = self.any_cron_job() else { return };
        let propagation = [Propagation::Background, Propagation::Foreground, Propagation::Orphan]
            [self.host.dice.usize(0..3)];
        self.host.delete(Kind::CronJob, &name, propagation);
        let number = self.host.dice.u8(0..CRON_JOBS);
        let body = cron_jobs::cron_job(&format!("cron-{number}"), &mut self.host.dice);
        self.host.create(Kind::CronJob, body);
    }

    fn make_by_hand(&mut self) {
        let Some((name, uid)) = self.any_cron_job() else { return };
        let by_hand = format!("by-hand-{}", self.host.dice.u16(..));
        self.host.create(Kind::Job, cron_jobs::job(&by_hand, Some((&name, &uid))));
    }

    /// Somebody makes a Job that is named as one of the next runs will be.
    fn take_a_runs_name(&mut self) {
        let Some((name, _)) = self.any_cron_job() else { return };
        let Some(next) = self.accounts.next_run(&name) else { return };
        let taken = format!("{name}-{}", next.unix_seconds().div_euclid(60));
        self.host.create(Kind::Job, cron_jobs::job(&taken, None));
    }

    fn delete_a_job(&mut self) {
        let known: Vec<String> = self.accounts.jobs().map(str::to_owned).collect();
        if !known.is_empty() {
            let name = known[self.host.dice.usize(0..known.len())].clone();
            self.host.delete(Kind::Job, &name, Propagation::Background);
        }
    }

    /// Lets time go on, with a step whenever something is due.
    fn pass(&mut self, time: Duration) -> Result<(), String> {
        self.passed += time;
        let until = self.host.now().plus(time);
        let (mut moment, mut at_once) = (self.host.now(), 0);
        while let Some(due) = self.host.next().filter(|due| *due <= until) {
            self.host.move_to(due);
            at_once = if self.host.now() == moment { at_once + 1 } else { 0 };
            moment = self.host.now();
            if at_once > MOST_STEPS_AT_ONCE {
                return Err("the engine spins".into());
            }
            self.step()?;
        }
        self.host.move_to(until);
        Ok(())
    }

    fn step(&mut self) -> Result<(), String> {
        self.year.steps += 1;
        let stepped = self.host.step()?;
        if stepped.trouble.is_some() {
            return Ok(());
        }
        self.accounts.take(&stepped.changes, self.host.now())?;
        let due = self.accounts.next_due();
        if due.is_some_and(|due| stepped.wake_at.is_none_or(|wake_at| wake_at > due)) {
            return Err(format!(
                "a run is due at {due:?} and the engine sleeps until {:?}",
                stepped.wake_at
            ));
        }
        Ok(())
    }
}
