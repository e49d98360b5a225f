//! Which rules an object of each kind has, new or changed.

use super::{claim, config, cron_job, event, http_trigger, job, job_update, meta, names, pod};
use crate::api::field::{Errors, Path};
use crate::api::{Cause, Kind, Object};

/// Returns everything that is wrong with a new object whose defaults are filled in.
#[must_use]
pub fn validate_create(object: &Object) -> Vec<Cause> {
    let mut errors = Errors::default();
    meta::validate(&mut errors, object.kind(), object.metadata());
    match object {
        Object::Job(job) => job::validate(&mut errors, job),
        Object::CronJob(cron_job) => cron_job::validate(&mut errors, cron_job),
        Object::HTTPTrigger(trigger) => http_trigger::validate(&mut errors, trigger),
        Object::Pod(pod) => {
            let spec = pod.spec.clone().unwrap_or_default();
            pod::validate_spec(&mut errors, &Path::new("spec"), &spec, &pod.metadata);
        }
        Object::ConfigMap(map) => config::validate_config_map(&mut errors, map),
        Object::Secret(secret) => config::validate_secret(&mut errors, secret),
        Object::PersistentVolumeClaim(claim) => claim::validate(&mut errors, claim),
        Object::Event(event) => event::validate(&mut errors, event),
        Object::Namespace(_) | Object::ServiceAccount(_) => {}
    }
    errors.into_causes()
}

/// Returns everything that is wrong with `new` as what `old` becomes. Objects of two kinds are refused
/// before this is asked.
#[must_use]
pub fn validate_update(new: &Object, old: &Object) -> Vec<Cause> {
    let mut errors = Errors::default();
    meta::validate(&mut errors, new.kind(), new.metadata());
    meta::validate_update(&mut errors, new.metadata(), old.metadata());
    match (new, old) {
        (Object::Job(new), Object::Job(old)) => job_update::validate(&mut errors, new, old),
        (Object::CronJob(new), Object::CronJob(old)) => {
            cron_job::validate_update(&mut errors, new, old);
        }
        (Object::HTTPTrigger(new), Object::HTTPTrigger(_)) => {
            http_trigger::validate_update(&mut errors, new);
        }
        (Object::ConfigMap(new), Object::ConfigMap(old)) => {
            config::validate_config_map(&mut errors, new);
            config::validate_config_map_update(&mut errors, new, old);
        }
        (Object::Secret(new), Object::Secret(old)) => {
            config::validate_secret(&mut errors, new);
            config::validate_secret_update(&mut errors, new, old);
        }
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            claim::validate(&mut errors, new);
            claim::validate_update(&mut errors, new, old);
        }
        (Object::Pod(new), Object::Pod(old)) => pod::validate_update(&mut errors, new, old),
        _ => {}
    }
    errors.into_causes()
}

/// Returns whether `text` can name an object of `kind`.
#[must_use]
pub fn is_name(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Namespace => names::dns_label(text).is_empty(),
        Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::Job
        | Kind::Pod
        | Kind::Event => names::dns_subdomain(text).is_empty(),
    }
}
