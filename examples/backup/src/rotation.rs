//! How archives are called, and which of them are too old to be kept. Names sort as their times do.

const PREFIX: &str = "backup-";
const SUFFIX: &str = ".tar.gz";
const PARTIAL: &str = ".partial";

/// Returns the number in `KEEP`; at least the archive of this run stays.
pub fn keep(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| format!("KEEP is \"{text}\"; it must be a number from 1 on"))
}

/// Returns the name of the archive of this time (RFC 3339): its UTC, without what no file name has.
pub fn name_of(time: &str) -> Result<String, String> {
    let seconds = unix_seconds(time)
        .ok_or_else(|| format!("BACKUP_TIME is \"{time}\"; it must be as 2026-11-24T02:00:00Z"))?;
    let stamp: String = rfc3339(seconds).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    Ok(format!("{PREFIX}{stamp}{SUFFIX}"))
}

/// Returns the name that an archive has until it is whole.
pub fn partial(name: &str) -> String {
    format!("{name}{PARTIAL}")
}

/// Returns whether a file of that name is an archive.
pub fn is_archive(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Returns whether a file of that name is what a run that was cut short left.
pub fn is_partial(name: &str) -> bool {
    name.strip_suffix(PARTIAL).is_some_and(is_archive)
}

/// Returns the names to be removed so that the newest `keep` archives stay, oldest first; what was left
/// half written goes too.
pub fn surplus(names: &[String], keep: usize) -> Vec<String> {
    let mut archives: Vec<&String> = names.iter().filter(|name| is_archive(name)).collect();
    archives.sort();
    let old = archives.len().saturating_sub(keep);
    let partial = names.iter().filter(|name| is_partial(name));
    archives.into_iter().take(old).chain(partial).cloned().collect()
}

/// Returns the Unix second of an RFC 3339 time, `2026-11-24T02:00:00+01:00`.
fn unix_seconds(text: &str) -> Option<u64> {
    let (local, offset) = text.split_at_checked(19)?;
    let number = |from: usize, to: usize| local.get(from..to)?.parse::<i64>().ok();
    let punctuation = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !punctuation.iter().all(|&(at, sign)| local.get(at..=at) == Some(sign)) {
        return None;
    }
    let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let seconds = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    u64::try_from(days * 86_400 + seconds - offset_seconds(offset)?).ok()
}

fn offset_seconds(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let sign = match offset.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

/// Returns the Unix second as RFC 3339 in UTC.
pub fn rfc3339(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Howard Hinnant's `days_from_civil`: years begin in March, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way round.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + years + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_named_after_its_time_in_utc() {
        for (time, name) in [
            ("2026-11-24T02:00:00Z", "backup-20261124T020000Z.tar.gz"),
            ("2026-11-24T02:00:00+01:00", "backup-20261124T010000Z.tar.gz"),
            ("2024-02-29T23:30:00-03:30", "backup-20240301T030000Z.tar.gz"),
            ("1970-01-01T00:00:00Z", "backup-19700101T000000Z.tar.gz"),
        ] {
            assert_eq!(name_of(time).as_deref(), Ok(name), "{time}");
        }
        for time in
            ["", "yesterday", "{{ .ScheduledTime }}", "2026-11-24 02:00:00", "2026-11-24T02:00:00"]
        {
            assert!(name_of(time).is_err(), "{time}");
        }
    }

    #[test]
    fn the_newest_stay_and_nothing_else_is_touched() {
        let names: Vec<String> = [
            "backup-20261122T020000Z.tar.gz",
            "notes.txt",
            "backup-20261124T020000Z.tar.gz",
            "backup-20261123T020000Z.tar.gz",
            "backup-20261121T020000Z.tar.gz.partial",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(
            surplus(&names, 2),
            ["backup-20261122T020000Z.tar.gz", "backup-20261121T020000Z.tar.gz.partial"]
        );
        assert_eq!(surplus(&names, 9), ["backup-20261121T020000Z.tar.gz.partial"]);
    }

    #[test]
    fn at_least_one_archive_is_kept() {
        assert_eq!(keep("3"), Ok(3));
        for text in ["0", "-1", "many", ""] {
            assert!(keep(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn days_and_dates_agree_over_four_centuries() {
        for day in (-100_000..200_000).step_by(37) {
            let (year, month, of_month) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, of_month), day, "{year}-{month}-{of_month}");
        }
    }
}
