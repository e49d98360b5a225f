//! The rules of a `CronJob`: pkg/apis/batch/validation's `ValidateCronJobCreate` and `…Update`.

use k8s_openapi::api::batch::v1::CronJob;

use super::job;
use crate::api::field::{Errors, Path};
use crate::control::cronjob::{FOLD, MOST_SPREAD_SECONDS, SPREAD_SECONDS, spread_seconds};
use crate::schedule::{Schedule, UnknownZone, Zone};

const CONCURRENCY_POLICIES: [&str; 3] = ["Allow", "Forbid", "Replace"];

/// How often a local time fires that comes twice.
const FOLDS: [&str; 2] = ["once", "twice"];

/// A run's Job is named after its `CronJob` and eleven characters more, within a label's 63.
const NAME_BYTES: usize = 52;

/// Checks a new `CronJob` but its metadata.
pub(super) fn validate(errors: &mut Errors, cron_job: &CronJob) {
    own_annotations(errors, cron_job);
    validate_spec(errors, cron_job, None);
    let name = cron_job.metadata.name.as_deref().unwrap_or_default();
    if name.len() > NAME_BYTES {
        let path = Path::new("metadata").child("name");
        errors.invalid(&path, name, &format!("must be no more than {NAME_BYTES} characters"));
    }
}

/// Checks a changed `CronJob` but its metadata; a name that was too long stays.
pub(super) fn validate_update(errors: &mut Errors, new: &CronJob, old: &CronJob) {
    own_annotations(errors, new);
    validate_spec(errors, new, Some(old));
}

/// Checks the annotations of this host's own: one that cannot be read would be taken for none.
fn own_annotations(errors: &mut Errors, cron_job: &CronJob) {
    let annotations = cron_job.metadata.annotations.as_ref();
    let path = Path::new("metadata").child("annotations");
    let find = |key: &str| annotations.and_then(|all| all.get(key)).map(String::as_str);
    if let Some(text) = find(SPREAD_SECONDS).filter(|text| spread_seconds(text).is_none()) {
        let why = format!("must be a whole number of seconds from 0 to {MOST_SPREAD_SECONDS}");
        errors.invalid(&path.key(SPREAD_SECONDS), text, &why);
    }
    if let Some(text) = find(FOLD).filter(|text| !FOLDS.contains(text)) {
        errors.not_supported(&path.key(FOLD), text, &FOLDS);
    }
}

fn validate_spec(errors: &mut Errors, cron_job: &CronJob, old: Option<&CronJob>) {
    let (spec, path) = (&cron_job.spec, Path::new("spec"));
    schedule(errors, &path.child("schedule"), cron_job, old);
    job::nonnegative(
        errors,
        &path.child("startingDeadlineSeconds"),
        spec.starting_deadline_seconds,
    );
    let zone = spec.time_zone.as_deref();
    if old.is_none_or(|old| old.spec.time_zone.as_deref() != zone) {
        time_zone(errors, &path.child("timeZone"), zone);
    }
    let policy = spec.concurrency_policy.as_deref().unwrap_or_default();
    let policy_path = path.child("concurrencyPolicy");
    match policy {
        "" => errors.required(&policy_path, ""),
        known if CONCURRENCY_POLICIES.contains(&known) => {}
        other => errors.not_supported(&policy_path, other, &CONCURRENCY_POLICIES),
    }
    job::job_template(errors, &path.child("jobTemplate"), &spec.job_template);
    for (field, limit) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        job::nonnegative(errors, &path.child(field), limit);
    }
}

fn schedule(errors: &mut Errors, path: &Path, cron_job: &CronJob, old: Option<&CronJob>) {
    let schedule = cron_job.spec.schedule.as_str();
    if schedule.is_empty() {
        errors.required(path, "");
        return;
    }
    if let Err(error) = Schedule::parse(schedule, Zone::UTC) {
        errors.invalid(path, schedule, &error.to_string());
    }
    // A zone in the schedule stays allowed where it was before the rule.
    let allowed = old.is_some_and(|old| old.spec.schedule.contains("TZ"));
    if schedule.contains("TZ") && !allowed {
        let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.invalid(path, schedule, why);
    } else if schedule.contains("TZ") && cron_job.spec.time_zone.is_some() {
        let why = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        errors.invalid(path, schedule, why);
    }
}

/// The characters of <https://data.iana.org/time-zones/theory.html#naming>, digits and `+` for old names.
fn time_zone(errors: &mut Errors, path: &Path, zone: Option<&str>) {
    let Some(zone) = zone else { return };
    if zone.is_empty() {
        errors.invalid(path, zone, "timeZone must be nil or non-empty string");
        return;
    }
    let is_known = |b: u8| b.is_ascii_alphanumeric() || b".-_+".contains(&b);
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && !part.starts_with('-')
            && part.len() <= 14
            && part.bytes().all(is_known)
    };
    let unknown = || {
        let error = UnknownZone(zone.to_owned());
        format!("{error}; {}", error.advice())
    };
    if !zone.split('/').all(is_part) {
        errors.invalid(path, zone, &unknown());
        return;
    }
    if zone.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in \
                   https://www.iana.org/time-zones";
        errors.invalid(path, zone, why);
    }
    // "Local" is a zone to the reference, of the machine that it runs on.
    if zone != "Local" && Zone::parse(zone).is_err() {
        errors.invalid(path, zone, &unknown());
    }
}
