//! The triggers as the endpoint knows them, with their secrets: read once, and again when the change feed
//! says that one of them has changed. Nothing polls, and no request waits for the database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderName;
use jobling_core::api::{HTTPTrigger, Kind, Object, ObjectKey};
use jobling_core::control::trigger::{Bucket, Routes, Rules};
use jobling_core::engine::{Change, ListScope, Reader, Snapshot, StoreError};
use k8s_openapi::api::core::v1::SecretKeySelector;
use tokio::sync::watch;

use super::authorize::Lock;
use super::direct::Direct;
use super::waiting::Waiting;

/// Changes looked at in one go.
const BATCH: usize = 1024;
/// How long reading rests after it failed.
const REST: Duration = Duration::from_millis(200);
/// How long a request waits to be decided by what is newest.
const PATIENCE: Duration = Duration::from_secs(1);

/// A trigger, ready to take requests.
#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) object: Arc<HTTPTrigger>,
    pub(super) rules: Rules,
    pub(super) lock: Lock,
    pub(super) idempotency: Option<HeaderName>,
    pub(super) under_way: Arc<UnderWay>,
}

/// What of a trigger outlives a change of it.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    pub(super) bucket: Mutex<Option<Bucket>>,
    pub(super) direct: Arc<Direct>,
}

/// All triggers at one moment.
#[derive(Debug)]
pub(super) struct Known {
    triggers: BTreeMap<ObjectKey, Arc<Trigger>>,
    pub(super) routes: Routes<ObjectKey>,
}

impl Trigger {
    pub(super) fn namespace(&self) -> &str {
        self.object.metadata.namespace.as_deref().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.object.metadata.name.as_deref().unwrap_or_default()
    }

    pub(super) fn uid(&self) -> &str {
        self.object.metadata.uid.as_deref().unwrap_or_default()
    }
}

impl Known {
    pub(super) fn get(&self, key: &ObjectKey) -> Option<&Arc<Trigger>> {
        self.triggers.get(key)
    }

    /// Returns the trigger of that uid.
    pub(super) fn of_uid(&self, uid: &str) -> Option<&Arc<Trigger>> {
        self.triggers.values().find(|trigger| trigger.uid() == uid)
    }

    fn none() -> Self {
        Self { triggers: BTreeMap::new(), routes: Routes::of([]) }
    }

    /// Reads all of it anew; `before` says what is under way.
    fn read(reader: &dyn Reader, before: &Self) -> Result<(u64, Self), StoreError> {
        let listing = reader.list(Kind::HTTPTrigger, &ListScope::default())?;
        let mut triggers = BTreeMap::new();
        for object in listing.items {
            let key = object.key();
            let Object::HTTPTrigger(object) = object else { continue };
            let same =
                before.get(&key).filter(|had| had.object.metadata.uid == object.metadata.uid);
            let under_way = same.map(|trigger| Arc::clone(&trigger.under_way));
            let rules = Rules::of(&object.spec);
            let trigger = Trigger {
                lock: lock(reader, &object)?,
                idempotency: header(&rules),
                rules,
                under_way: under_way.unwrap_or_default(),
                object: Arc::new(*object),
            };
            triggers.insert(key, Arc::new(trigger));
        }
        let routed = triggers.iter().map(|(key, trigger)| (key.clone(), &*trigger.object));
        let routes = Routes::of(routed);
        Ok((listing.revision, Self { triggers, routes }))
    }

    /// Returns whether a change calls for reading anew. A trigger's status is none of ours.
    fn is_touched_by(&self, change: &Change) -> bool {
        match change.kind {
            Kind::HTTPTrigger => {
                generation(change.before.as_ref()) != generation(change.after.as_ref())
            }
            Kind::Secret => {
                let changed = change.key();
                let locks = self.triggers.values().map(|trigger| secret(&trigger.object));
                locks.into_iter().flatten().any(|(key, _)| Some(&key) == changed.as_ref())
            }
            Kind::Namespace
            | Kind::ConfigMap
            | Kind::PersistentVolumeClaim
            | Kind::ServiceAccount
            | Kind::Job
            | Kind::CronJob
            | Kind::Pod
            | Kind::Event => false,
        }
    }
}

/// Keeps what is known up to date.
pub(super) struct Follower {
    reader: Arc<dyn Reader>,
    revisions: watch::Receiver<u64>,
    known: watch::Sender<Arc<Known>>,
    reached: watch::Sender<u64>,
    waiting: Arc<Waiting>,
}

/// What the follower knows. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Triggers {
    revisions: watch::Receiver<u64>,
    known: watch::Receiver<Arc<Known>>,
    reached: watch::Receiver<u64>,
    /// Who waits for the ends of Jobs.
    pub(super) waiting: Arc<Waiting>,
}

impl Triggers {
    /// Returns what is known now.
    pub(super) fn now(&self) -> Arc<Known> {
        Arc::clone(&self.known.borrow())
    }

    /// Returns what is known once all that is committed now is: for requests that would else be turned
    /// away for what has just changed.
    pub(super) async fn newest(&self) -> Arc<Known> {
        let newest = *self.revisions.borrow();
        let mut reached = self.reached.clone();
        let caught_up = reached.wait_for(|reached| *reached >= newest);
        if tokio::time::timeout(PATIENCE, caught_up).await.is_err() {
            tracing::warn!("what is known of triggers is not what is stored");
        }
        self.now()
    }
}

impl Follower {
    pub(super) fn new(
        reader: Arc<dyn Reader>,
        revisions: watch::Receiver<u64>,
    ) -> (Self, Triggers) {
        let (known, knows) = watch::channel(Arc::new(Known::none()));
        let (reached, reaches) = watch::channel(0);
        let waiting = Arc::<Waiting>::default();
        let triggers = Triggers {
            revisions: revisions.clone(),
            known: knows,
            reached: reaches,
            waiting: Arc::clone(&waiting),
        };
        (Self { reader, revisions, known, reached, waiting }, triggers)
    }

    /// Follows the changes for as long as there may be some.
    pub(super) async fn follow(mut self) {
        self.read().await;
        loop {
            let position = *self.reached.borrow();
            match self.reader.changes(position, BATCH) {
                Ok(changes) if changes.is_empty() => {
                    if self.revisions.changed().await.is_err() {
                        return;
                    }
                    // A commit may change nothing that is told.
                    let newest = *self.revisions.borrow_and_update();
                    if self.reader.changes(position, 1).is_ok_and(|changes| changes.is_empty()) {
                        self.reach(newest);
                    }
                }
                Ok(changes) => {
                    let known = Arc::clone(&self.known.borrow());
                    if changes.iter().any(|change| known.is_touched_by(change)) {
                        self.read().await;
                    }
                    for change in &changes {
                        self.waiting.look_at(change);
                    }
                    self.reach(changes.last().map_or(position, |change| change.revision));
                }
                Err(_expired) => {
                    self.read().await;
                    self.waiting.wake_all();
                }
            }
        }
    }

    fn reach(&self, revision: u64) {
        self.reached.send_modify(|reached| *reached = revision.max(*reached));
    }

    /// Reads all triggers, as often as it takes.
    async fn read(&self) {
        loop {
            let (reader, before) = (Arc::clone(&self.reader), Arc::clone(&self.known.borrow()));
            let read = tokio::task::spawn_blocking(move || Known::read(&*reader, &before));
            match read.await {
                Ok(Ok((revision, known))) => {
                    self.known.send_replace(Arc::new(known));
                    return self.reach(revision);
                }
                Ok(Err(error)) => tracing::error!(%error, "the triggers cannot be read"),
                Err(error) => tracing::error!(%error, "reading the triggers has failed"),
            }
            tokio::time::sleep(REST).await;
        }
    }
}

fn generation(snapshot: Option<&Snapshot>) -> Option<i64> {
    let Snapshot::Object(object) = snapshot? else { return None };
    let Object::HTTPTrigger(trigger) = &**object else { return None };
    trigger.metadata.generation
}

/// Returns the header that a repeat is known by.
fn header(rules: &Rules) -> Option<HeaderName> {
    HeaderName::try_from(rules.idempotency.as_ref()?.header.as_str()).ok()
}

/// Returns the Secret that a trigger's lock is in, and the key of it.
fn secret(trigger: &HTTPTrigger) -> Option<(ObjectKey, String)> {
    let auth = trigger.spec.auth.as_ref()?;
    let bearer = auth.bearer.as_ref().map(|bearer| &bearer.secret_key_ref);
    let SecretKeySelector { name, key, .. } =
        bearer.or(auth.hmac.as_ref().map(|hmac| &hmac.secret_key_ref))?;
    let namespace = trigger.metadata.namespace.clone().unwrap_or_default();
    Some((ObjectKey::new(Kind::Secret, namespace, name), key.clone()))
}

fn lock(reader: &dyn Reader, trigger: &HTTPTrigger) -> Result<Lock, StoreError> {
    let Some(auth) = &trigger.spec.auth else { return Ok(Lock::Shut) };
    let Some((secret, key)) = secret(trigger) else {
        return Ok(if auth.none.is_some() { Lock::Open } else { Lock::Shut });
    };
    let Some(Object::Secret(secret)) = reader.get(&secret)? else { return Ok(Lock::Shut) };
    let Some(value) = secret.data.and_then(|mut data| data.remove(&key)) else {
        return Ok(Lock::Shut);
    };
    let Some(hmac) = &auth.hmac else { return Ok(Lock::Token(value.0)) };
    let prefix = hmac.prefix.clone().unwrap_or_default();
    Ok(match HeaderName::try_from(hmac.header.as_str()) {
        Ok(header) => Lock::Signature { key: value.0, header, prefix },
        Err(_) => Lock::Shut,
    })
}
