//! The next time of an expression where clocks change on the way: the reference's own walk, because what
//! it does around a midnight that does not exist follows from its steps and from nothing else.
//!
//! As robfig/cron v3 `spec.go`: forward by months to one that is taken, then by days, hours, minutes and
//! seconds, beginning again whenever a larger unit rolls over. A day whose midnight is skipped can so be
//! passed over, or be taken for the day before it.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::expression::Values;
use super::zone::Zone;

/// What does not come within so many years never comes.
const YEARS: i32 = 5;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Returns the first time from the Unix second `from` on; `None` where none comes within the years that
/// the reference looks ahead.
pub(super) fn first_from(fields: &[Values; 5], zone: Zone, from: i64) -> Option<i64> {
    let mut walk = Walk { fields, zone, at: from, floored: false };
    let last_year = walk.local()?.year() + YEARS;
    while walk.local()?.year() <= last_year {
        if walk.month()? == Step::Found
            && walk.day()? == Step::Found
            && walk.hour()? == Step::Found
            && walk.minute()? == Step::Found
            && walk.second()? == Step::Found
        {
            return Some(walk.at);
        }
    }
    None
}

/// What going forward by one unit came to.
#[derive(PartialEq, Eq)]
enum Step {
    /// A value of this unit that is taken.
    Found,
    /// The unit above rolled over: everything is to be looked at again.
    RolledOver,
}

struct Walk<'a> {
    fields: &'a [Values; 5],
    zone: Zone,
    /// Where it is, in Unix seconds.
    at: i64,
    /// Whether a unit was gone forward by, and so all below it began anew.
    floored: bool,
}

impl Walk<'_> {
    fn month(&mut self) -> Option<Step> {
        let [_, _, _, months, _] = *self.fields;
        while !months.contains(self.local()?.month()) {
            let local = self.local()?;
            self.floor(local.with_day(1)?.date().and_time(NaiveTime::MIN))?;
            self.forward(next_month(self.local()?)?)?;
            if self.local()?.month() == 1 {
                return Some(Step::RolledOver);
            }
        }
        Some(Step::Found)
    }

    fn day(&mut self) -> Option<Step> {
        while !self.is_day_taken()? {
            let local = self.local()?;
            self.floor(local.date().and_time(NaiveTime::MIN))?;
            self.forward(self.local()?.checked_add_days(Days::new(1))?)?;
            // Midnight was skipped: back to the hour that is nearest to it.
            let hour = i64::from(self.local()?.hour());
            if hour > 12 {
                self.at += (24 - hour) * HOUR;
            } else {
                self.at -= hour * HOUR;
            }
            if self.local()?.day() == 1 {
                return Some(Step::RolledOver);
            }
        }
        Some(Step::Found)
    }

    fn hour(&mut self) -> Option<Step> {
        let [_, hours, ..] = *self.fields;
        while !hours.contains(self.local()?.hour()) {
            let local = self.local()?;
            self.floor(local.date().and_hms_opt(local.hour(), 0, 0)?)?;
            self.at += HOUR;
            if self.local()?.hour() == 0 {
                return Some(Step::RolledOver);
            }
        }
        Some(Step::Found)
    }

    fn minute(&mut self) -> Option<Step> {
        let [minutes, ..] = *self.fields;
        while !minutes.contains(self.local()?.minute()) {
            if !self.floored {
                self.floored = true;
                self.at -= self.at.rem_euclid(60);
            }
            self.at += 60;
            if self.local()?.minute() == 0 {
                return Some(Step::RolledOver);
            }
        }
        Some(Step::Found)
    }

    /// Every expression of five fields means the whole minute.
    fn second(&mut self) -> Option<Step> {
        let second = i64::from(self.local()?.second());
        if second == 0 {
            return Some(Step::Found);
        }
        self.floored = true;
        self.at += 60 - second;
        Some(Step::RolledOver)
    }

    fn is_day_taken(&self) -> Option<bool> {
        let [_, _, days, _, weekdays] = *self.fields;
        let local = self.local()?;
        let by_day = days.contains(local.day());
        let by_weekday = weekdays.contains(local.weekday().num_days_from_sunday());
        let is_both = days.is_open || weekdays.is_open;
        Some(if is_both { by_day && by_weekday } else { by_day || by_weekday })
    }

    fn local(&self) -> Option<NaiveDateTime> {
        self.zone.local(self.at)
    }

    /// The first time that a unit is gone forward by, what is below it begins anew.
    fn floor(&mut self, local: NaiveDateTime) -> Option<()> {
        if !self.floored {
            self.floored = true;
            self.at = self.zone.resolve(local)?;
        }
        Some(())
    }

    /// Goes to this local time. Where a zone leaves out a whole day, the reference would stay where it
    /// is for ever; here the day is passed.
    fn forward(&mut self, local: NaiveDateTime) -> Option<()> {
        let next = self.zone.resolve(local)?;
        self.at = if next > self.at { next } else { self.at + DAY };
        Some(())
    }
}

/// Returns the same day and time of the next month; where that has no such day, as many days later.
fn next_month(local: NaiveDateTime) -> Option<NaiveDateTime> {
    let (year, month) = match local.month() {
        12 => (local.year() + 1, 1),
        month => (local.year(), month + 1),
    };
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    Some(first.checked_add_days(Days::new(u64::from(local.day0())))?.and_time(local.time()))
}
