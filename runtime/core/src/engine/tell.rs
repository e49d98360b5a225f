//! Events: what happened, for people. Repeats are counted in one event; many of a kind are combined.
//!
//! As `client-go/tools/record/events_cache.go`: more than ten different messages of one reason about one
//! object within ten minutes become one event.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::old_events::forgotten_at;
use super::turn::Turn;
use crate::Timestamp;
use crate::api::{Kind, Object, ObjectKey};
use crate::control::job::EventKind;
use crate::pods::{JobInfo, Pod, uuid};

/// So many different messages are told one by one.
const MOST_ALIKE: usize = 10;
/// After so long without another, a repeat is a new event.
const WINDOW: Duration = Duration::from_mins(10);
/// So many kinds of events are remembered, that repeats be known.
const MOST_GROUPS: usize = 4096;

/// What an event is about.
#[derive(Debug, Clone)]
pub(super) struct About {
    kind: Kind,
    namespace: String,
    name: String,
    uid: String,
    field_path: Option<String>,
}

/// Who tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    JobController,
    CronJobController,
    TriggerController,
    Scheduler,
    Node,
}

impl Source {
    const fn component(self) -> &'static str {
        match self {
            Self::JobController => "job-controller",
            Self::CronJobController => "cronjob-controller",
            Self::TriggerController => "httptrigger-controller",
            Self::Scheduler => "default-scheduler",
            Self::Node => "kubelet",
        }
    }
}

impl About {
    /// Returns a Job.
    pub(super) fn job(info: &JobInfo) -> Self {
        Self {
            kind: Kind::Job,
            namespace: info.namespace.clone(),
            name: info.name.clone(),
            uid: info.uid.clone(),
            field_path: None,
        }
    }

    /// Returns a CronJob.
    pub(super) fn cron_job(key: &ObjectKey, cron_job: &CronJob) -> Self {
        Self {
            kind: Kind::CronJob,
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: cron_job.metadata.uid.clone().unwrap_or_default(),
            field_path: None,
        }
    }

    /// Returns an HTTPTrigger.
    pub(super) fn http_trigger(trigger: &Object) -> Self {
        let key = trigger.key();
        Self {
            kind: Kind::HTTPTrigger,
            namespace: key.namespace,
            name: key.name,
            uid: trigger.metadata().uid.clone().unwrap_or_default(),
            field_path: None,
        }
    }

    /// Returns a pod.
    pub(super) fn pod(pod: &Pod, info: Option<&Arc<JobInfo>>) -> Self {
        let of = |text: fn(&JobInfo) -> &String| info.map(|info| text(info).clone());
        Self {
            kind: Kind::Pod,
            namespace: of(|info| &info.namespace).unwrap_or_default(),
            name: info.map(|info| pod.name(info)).unwrap_or_default(),
            uid: info.map(|info| pod.uid(info)).unwrap_or_default(),
            field_path: None,
        }
    }

    /// Returns one of its containers.
    pub(super) fn with_container(mut self, container: Option<&str>) -> Self {
        self.field_path = container.map(|name| format!("spec.containers{{{name}}}"));
        self
    }
}

/// One event that was told.
#[derive(Debug, Clone)]
struct Told {
    name: String,
    count: i32,
    first: Timestamp,
    last: Timestamp,
}

/// What is to be told at the end of a step; what is told of again before then costs no event of its own.
#[derive(Debug)]
pub(super) struct Telling {
    about: About,
    source: Source,
    kind: EventKind,
    reason: String,
    message: String,
    told: Told,
}

/// Events of one reason about one object.
#[derive(Debug, Default)]
struct Group {
    by_message: BTreeMap<String, Told>,
    combined: Option<Told>,
    last: Timestamp,
}

/// What was told lately, that repeats be counted.
#[derive(Debug, Default)]
pub(super) struct Correlator {
    groups: BTreeMap<(String, Source, String), Group>,
}

impl Correlator {
    /// Returns the event that `message` is told in: a new one, or one told before; and the message as
    /// it is to be told.
    fn told(
        &mut self,
        about: &About,
        source: Source,
        reason: &str,
        message: &str,
        now: Timestamp,
    ) -> (&Told, String) {
        let key = (about.uid.clone(), source, reason.to_owned());
        if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&key) {
            self.make_room(now);
        }
        let group = self.groups.entry(key).or_default();
        if now.since(group.last) > WINDOW {
            *group = Group::default();
        }
        group.last = now;
        let known = group.by_message.contains_key(message);
        if !known && group.by_message.len() >= MOST_ALIKE {
            let combined = group.combined.get_or_insert_with(|| Told {
                name: event_name(about, &[reason, "combined"], now),
                count: 0,
                first: now,
                last: now,
            });
            combined.count = combined.count.saturating_add(1);
            combined.last = now;
            return (combined, format!("(combined from similar events): {message}"));
        }
        let told = group.by_message.entry(message.to_owned()).or_insert_with(|| Told {
            name: event_name(about, &[reason, message], now),
            count: 0,
            first: now,
            last: now,
        });
        told.count = told.count.saturating_add(1);
        told.last = now;
        (told, message.to_owned())
    }

    fn make_room(&mut self, now: Timestamp) {
        self.groups.retain(|_, group| now.since(group.last) <= WINDOW);
        if self.groups.len() < MOST_GROUPS {
            return;
        }
        // The older half at once: looking for the oldest of all with each new one would cost far more.
        let mut ages: Vec<Timestamp> = self.groups.values().map(|group| group.last).collect();
        ages.sort_unstable();
        let median = ages[ages.len() / 2];
        let mut surplus = MOST_GROUPS / 2;
        self.groups.retain(|_, group| {
            let goes = surplus > 0 && group.last <= median;
            surplus -= usize::from(goes);
            !goes
        });
    }
}

/// A name begins with the moment, so that an object's events are listed as they happened.
fn event_name(about: &About, what: &[&str], now: Timestamp) -> String {
    let mut parts: Vec<&[u8]> = vec![about.uid.as_bytes()];
    parts.extend(what.iter().map(|part| part.as_bytes()));
    let moment = now.unix_micros();
    let bytes = moment.to_be_bytes();
    parts.push(&bytes);
    let drawn: String = uuid(&parts).chars().filter(char::is_ascii_hexdigit).take(8).collect();
    format!("{}.{moment:013x}{drawn}", about.name)
}

impl Turn<'_> {
    /// Tells of something; a repeat within this step costs nothing more, and a later one is told with others.
    pub(super) fn tell(
        &mut self,
        about: &About,
        source: Source,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        let now = self.now;
        self.state.old_events_at.get_or_insert_with(|| forgotten_at(now));
        let (told, message) = self.state.correlator.told(about, source, reason, message, now);
        let told = told.clone();
        let key = (about.namespace.clone(), told.name.clone());
        let repeats = told.count > 1 && !self.stage.events.contains_key(&key);
        let about = about.clone();
        let telling = Telling { about, source, kind, reason: reason.to_owned(), message, told };
        if repeats {
            self.state.repeats.add(key, telling);
        } else {
            self.stage.events.insert(key, telling);
        }
    }

    /// Puts the events of this step on the stage.
    pub(super) fn stage_events(&mut self) {
        for (_, telling) in std::mem::take(&mut self.stage.events) {
            let object = Object::Event(Box::new(telling.into_event()));
            // What it was is of no interest to a watch: an event only grows its count.
            let key = object.key();
            let before =
                if object_count(&object) > 1 { self.object(&key).ok().flatten() } else { None };
            self.stage.put(before, object, None);
        }
    }
}

fn object_count(object: &Object) -> i32 {
    match object {
        Object::Event(event) => event.count.unwrap_or_default(),
        Object::Namespace(_)
        | Object::ServiceAccount(_)
        | Object::ConfigMap(_)
        | Object::Secret(_)
        | Object::PersistentVolumeClaim(_)
        | Object::CronJob(_)
        | Object::HTTPTrigger(_)
        | Object::Job(_)
        | Object::Pod(_) => 0,
    }
}

impl Telling {
    fn into_event(self) -> Event {
        let Self { about, source, kind, reason, message, told } = self;
        let type_ = match kind {
            EventKind::Normal => "Normal",
            EventKind::Warning => "Warning",
        };
        Event {
            metadata: ObjectMeta {
                namespace: Some(about.namespace.clone()),
                creation_timestamp: Some(told.first.to_time()),
                uid: Some(uuid(&[told.name.as_bytes(), about.uid.as_bytes()])),
                name: Some(told.name),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some(about.kind.api_version()),
                kind: Some(about.kind.name().to_owned()),
                namespace: Some(about.namespace),
                name: Some(about.name),
                uid: Some(about.uid),
                field_path: about.field_path,
                resource_version: None,
            },
            reason: Some(reason),
            message: Some(message),
            type_: Some(type_.to_owned()),
            source: Some(EventSource {
                component: Some(source.component().to_owned()),
                host: (source == Source::Node).then(|| "jobling".to_owned()),
            }),
            reporting_component: Some(source.component().to_owned()),
            reporting_instance: Some(
                if source == Source::Node { "jobling" } else { "" }.to_owned(),
            ),
            first_timestamp: Some(told.first.to_time()),
            last_timestamp: Some(told.last.to_time()),
            count: Some(told.count),
            ..Event::default()
        }
    }
}
