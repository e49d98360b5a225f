//! Random batches, failures and crashes against a model that is a handful of maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{Batch, Change, ListScope, Reader, Store, StoreError, Write};
use jobling_core::pods::{JobId, JobInfo, Pod, PodId, PodPhase};
use jobling_store::testing::MemoryDisk;
use jobling_store::{Readers, Writer};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use proptest::prelude::*;
use serde_json::json;

use crate::given::{
    change, complete, config_map, disk, job, pod, write_job, write_object, write_pod, write_status,
};

/// Where objects can be; small, so that writes meet.
const PLACES: [(&str, &str); 5] =
    [("a", "one"), ("a", "one-2"), ("a", "two"), ("b", "one"), ("b", LONG)];

/// A name of the longest kind, whose pods' names are cut.
const LONG: &str = "a-name-of-sixty-three-letters-which-is-all-that-a-name-may-have";

#[derive(Debug, Clone)]
enum Step {
    PutMap(usize, String),
    ForgetMap(usize),
    PutJob(usize),
    Status(usize, Finished),
    ForgetJob(usize),
    Orphan(usize),
    PutPod(usize, u32, Option<u32>, PodPhase),
    ForgetPod(usize),
}

#[derive(Debug, Clone, Copy)]
enum Finished {
    Yes,
    No,
}

#[derive(Debug, Clone)]
enum Event {
    Commit(Vec<Step>),
    FailedCommit(Vec<Step>),
    Crash,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_store_is_what_the_model_is(events in proptest::collection::vec(event(), 1..12)) {
        let disk = disk();
        let mut world = World::new(disk);
        for event in &events {
            world.happens(event);
            world.agrees();
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let steps = || proptest::collection::vec(step(), 0..8);
    prop_oneof![
        6 => steps().prop_map(Event::Commit),
        1 => steps().prop_map(Event::FailedCommit),
        1 => Just(Event::Crash),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let place = || 0..PLACES.len();
    let phase = prop_oneof![
        Just(PodPhase::Pending),
        Just(PodPhase::Running),
        Just(PodPhase::Succeeded),
        Just(PodPhase::Failed),
    ];
    prop_oneof![
        2 => (place(), "[a-zü\"\\\\]{0,5}").prop_map(|(place, value)| Step::PutMap(place, value)),
        1 => place().prop_map(Step::ForgetMap),
        4 => place().prop_map(Step::PutJob),
        2 => (place(), prop_oneof![Just(Finished::Yes), Just(Finished::No)])
            .prop_map(|(place, finished)| Step::Status(place, finished)),
        1 => place().prop_map(Step::ForgetJob),
        1 => place().prop_map(Step::Orphan),
        6 => (0usize..8, 0u32..4, proptest::option::of(0u32..12), phase)
            .prop_map(|(job, ordinal, index, phase)| Step::PutPod(job, ordinal, index, phase)),
        2 => (0usize..20).prop_map(Step::ForgetPod),
    ]
}

/// What should be remembered.
#[derive(Debug, Clone, Default)]
struct Model {
    maps: BTreeMap<(String, String), Object>,
    jobs: BTreeMap<u64, Stored>,
    pods: BTreeMap<PodId, Pod>,
    revision: u64,
    next_job: u64,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Stored {
    job: Job,
    finished: bool,
    orphaned: bool,
}

/// The store, the model beside it, and since when the feed can tell.
struct World {
    disk: MemoryDisk,
    open: Option<(Writer, Readers)>,
    model: Model,
    feed_from: u64,
}

impl World {
    fn new(disk: MemoryDisk) -> Self {
        let open = Some(disk.open().unwrap());
        Self { disk, open, model: Model { next_job: 1, ..Model::default() }, feed_from: 0 }
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Commit(steps) => {
                let (next, batch) = self.model.after(steps);
                self.writer().commit(&batch).unwrap();
                self.model = next;
            }
            Event::FailedCommit(steps) => {
                let (_, batch) = self.model.after(steps);
                self.writer().fail_next_commit(StoreError::Full);
                assert_eq!(self.writer().commit(&batch), Err(StoreError::Full));
            }
            Event::Crash => {
                self.open = None;
                self.open = Some(self.disk.open().unwrap());
                self.feed_from = self.model.revision;
            }
        }
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.open.as_mut().unwrap().0
    }

    fn agrees(&mut self) {
        let (writer, readers) = self.open.as_mut().unwrap();
        let model = &self.model;
        for namespace in [None, Some("a"), Some("b")] {
            for kind in [Kind::ConfigMap, Kind::Job, Kind::Pod] {
                let scope =
                    ListScope { namespace: namespace.map(str::to_owned), ..ListScope::default() };
                let listed = readers.list(kind, &scope).unwrap();
                assert_eq!(listed.revision, model.revision);
                assert_eq!(listed.items, model.list(kind, namespace), "{kind} in {namespace:?}");
            }
        }
        for (namespace, name) in PLACES {
            for kind in [Kind::ConfigMap, Kind::Job] {
                let key = ObjectKey::new(kind, namespace, name);
                assert_eq!(readers.get(&key).unwrap(), model.get(&key), "{key:?}");
                assert_eq!(writer.get(&key).unwrap(), model.get(&key), "{key:?}");
            }
        }
        for pod in model.pods.values() {
            let info = model.info(pod.id.job().0);
            let found = readers.pod(&info.namespace, &pod.name(&info)).unwrap();
            assert_eq!(found, Some((pod.clone(), Arc::new(info))));
        }
        let told: Vec<_> = readers.changes(self.feed_from, usize::MAX).unwrap();
        let told: Vec<_> = told.iter().map(|change| (change.revision, change.key())).collect();
        assert_eq!(told, model.changes_after(self.feed_from));
        assert_eq!(rows(&self.disk), model.rows());
        let recovered = writer.recover().unwrap();
        assert_eq!(recovered.revision, model.revision);
        assert_eq!(recovered.next_job, JobId(model.next_job));
        let unfinished: Vec<_> =
            recovered.unfinished.into_iter().map(|record| (record.id.0, record.pods)).collect();
        assert_eq!(unfinished, model.unfinished());
    }
}

impl Model {
    /// Returns the model after `steps`, and the batch that should make the store the same.
    fn after(&self, steps: &[Step]) -> (Self, Batch) {
        let mut next = self.clone();
        let mut writes = Vec::new();
        for step in steps {
            next.revision += 1;
            next.step(step, &mut writes);
        }
        let known = self.changes.len();
        let batch = Batch {
            writes,
            changes: next.changes[known..].to_vec(),
            revision: next.revision,
            next_job: JobId(next.next_job),
        };
        (next, batch)
    }

    fn step(&mut self, step: &Step, writes: &mut Vec<Write>) {
        let revision = self.revision;
        match step {
            Step::PutMap(place, value) => {
                let (namespace, name) = PLACES[*place];
                let map = config_map(namespace, name, revision, value);
                let before = self.maps.insert((namespace.into(), name.into()), map.clone());
                self.changes.push(change(revision, before, Some(map.clone())));
                writes.push(write_object(map));
            }
            Step::ForgetMap(place) => {
                let (namespace, name) = PLACES[*place];
                if let Some(map) = self.maps.remove(&(namespace.into(), name.into())) {
                    writes.push(Write::Forget { key: map.key(), job: None });
                    self.changes.push(change(revision, Some(map), None));
                }
            }
            Step::PutJob(place) => self.put_job(*place, writes),
            Step::Status(place, finished) => self.put_status(*place, *finished, writes),
            Step::ForgetJob(place) => {
                if let Some((id, stored)) = self.job_at(*place) {
                    writes.push(Write::Forget { key: key_of(&stored.job), job: Some(JobId(id)) });
                    self.jobs.remove(&id);
                    self.pods.retain(|pod, _| pod.job().0 != id);
                }
            }
            Step::Orphan(place) => {
                if let Some((id, stored)) = self.job_at(*place) {
                    writes.push(Write::Orphan { key: key_of(&stored.job), job: JobId(id) });
                    self.jobs.get_mut(&id).unwrap().orphaned = true;
                    // Pods that other steps of the batch still make are not made by an engine either.
                    self.drop_empty_orphans();
                }
            }
            Step::PutPod(job, ordinal, index, phase) => {
                let Some((&id, _)) = self.jobs.iter().nth(*job) else { return };
                let pod = Pod { index: *index, ..pod(id, *ordinal, revision, *phase) };
                self.pods.insert(pod.id, pod.clone());
                writes.push(write_pod(pod));
            }
            Step::ForgetPod(nth) => {
                let Some((&id, _)) = self.pods.iter().nth(*nth) else { return };
                self.pods.remove(&id);
                writes.push(Write::ForgetPod(id));
                self.drop_empty_orphans();
            }
        }
    }

    fn put_job(&mut self, place: usize, writes: &mut Vec<Write>) {
        let (namespace, name) = PLACES[place];
        let mut made = job(namespace, name, self.revision);
        let (id, finished) = if let Some((id, stored)) = self.job_at(place) {
            made.status = stored.job.status;
            made.metadata.uid = stored.job.metadata.uid;
            (id, stored.finished)
        } else {
            // As the API server: a Job that nobody has acted on yet has an empty status, not none.
            made.status = Some(JobStatus::default());
            self.next_job += 1;
            (self.next_job - 1, false)
        };
        self.jobs.insert(id, Stored { job: made.clone(), finished, orphaned: false });
        writes.push(write_job(id, made));
    }

    fn put_status(&mut self, place: usize, finished: Finished, writes: &mut Vec<Write>) {
        let Some((id, _)) = self.job_at(place) else { return };
        let status = match finished {
            Finished::Yes => complete(7),
            Finished::No => json!({ "active": self.revision }),
        };
        let stored = self.jobs.get_mut(&id).unwrap();
        stored.finished = matches!(finished, Finished::Yes);
        stored.job.status = Some(serde_json::from_value(status.clone()).unwrap());
        stored.job.metadata.resource_version = Some(self.revision.to_string());
        writes.push(write_status(id, self.revision, &status));
    }

    fn drop_empty_orphans(&mut self) {
        let pods = &self.pods;
        let has_pods = |id: u64| pods.keys().any(|pod| pod.job().0 == id);
        self.jobs.retain(|&id, stored| !stored.orphaned || has_pods(id));
    }

    fn job_at(&self, place: usize) -> Option<(u64, Stored)> {
        let (namespace, name) = PLACES[place];
        let key = ObjectKey::new(Kind::Job, namespace, name);
        let mut jobs = self.jobs.iter();
        let (&id, stored) =
            jobs.find(|(_, stored)| !stored.orphaned && key_of(&stored.job) == key)?;
        Some((id, stored.clone()))
    }

    fn info(&self, id: u64) -> JobInfo {
        let stored = &self.jobs[&id];
        JobInfo { orphaned: stored.orphaned, ..JobInfo::of(JobId(id), &stored.job) }
    }

    fn get(&self, key: &ObjectKey) -> Option<Object> {
        self.list(key.kind, None).into_iter().find(|object| object.key() == *key)
    }

    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object> {
        let mut objects = self.maps.values().cloned().collect::<Vec<_>>();
        let jobs = self.jobs.values().filter(|stored| !stored.orphaned);
        objects.extend(jobs.map(|stored| Object::Job(Box::new(stored.job.clone()))));
        objects.sort_by_key(Object::key);
        objects.extend(
            self.pods
                .values()
                .map(|pod| Object::Pod(Box::new(pod.to_object(&self.info(pod.id.job().0))))),
        );
        objects.retain(|object| object.kind() == kind);
        objects.retain(|object| namespace.is_none_or(|n| object.key().namespace == n));
        objects
    }

    fn changes_after(&self, revision: u64) -> Vec<(u64, Option<ObjectKey>)> {
        let after = self.changes.iter().filter(|change| change.revision > revision);
        after.map(|change| (change.revision, change.key())).collect()
    }

    fn unfinished(&self) -> Vec<(u64, Vec<Pod>)> {
        let jobs = self.jobs.iter().map(|(&id, stored)| {
            let live = self.pods.values().filter(|pod| pod.id.job().0 == id && pod.is_live());
            (id, stored, live.cloned().collect::<Vec<_>>())
        });
        let open = jobs.filter(|(_, job, live)| !live.is_empty() || !job.finished && !job.orphaned);
        open.map(|(id, _, live)| (id, live)).collect()
    }

    fn rows(&self) -> [u64; 3] {
        [self.maps.len(), self.jobs.len(), self.pods.len()].map(|rows| rows.try_into().unwrap())
    }
}

/// Nothing but what the model has may be left in the tables.
fn rows(disk: &MemoryDisk) -> [u64; 3] {
    ["objects", "jobs", "pods"].map(|table| disk.count(table).unwrap())
}

fn key_of(job: &Job) -> ObjectKey {
    Object::Job(Box::new(job.clone())).key()
}
