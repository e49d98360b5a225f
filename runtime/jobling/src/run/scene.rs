//! What happens to the Jobs of a run, told by the engine's changes: who prints no more, what to say, and
//! how it ends. Pure: changes in, cues out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{Change, Snapshot};
use jobling_core::pods::{JobInfo, Pod, PodId, PodPhase};
use jobling_node::RunKey;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Event;

use super::pod::PodScene;

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cue {
    /// A run of a container has ended: all that it printed is in the log.
    Over(RunKey),
    /// A pod ended badly: a line about it.
    Failed(String),
    /// A pod has ended, or is gone: nothing more comes of it.
    Left(PodId),
}

/// How a Job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum JobEnd {
    /// With a Complete condition.
    Complete,
    /// With a Failed condition, or gone before it had any.
    Failed {
        /// The condition's reason.
        reason: String,
        /// Its message.
        message: String,
    },
}

/// How the run as a whole stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It goes on.
    Running,
    /// Every Job ended.
    Ended,
    /// It cannot go on: a pod waits for what nobody will bring.
    Stuck(String),
}

/// A Job of the run.
#[derive(Debug)]
pub(super) struct JobScene {
    /// The Job as it was last seen.
    pub(super) job: Option<Job>,
    /// How it ended, once it has.
    pub(super) end: Option<JobEnd>,
}

/// All Jobs and pods of the run.
#[derive(Default)]
pub(super) struct Scene {
    jobs: BTreeMap<ObjectKey, JobScene>,
    pods: BTreeMap<PodId, PodScene>,
    /// Those of `pods` that have not ended.
    live: BTreeSet<PodId>,
    /// Those that were forgotten.
    left: BTreeSet<PodId>,
    /// Those of `live` that wait for what nobody will bring, and why.
    hopeless: BTreeMap<PodId, String>,
}

impl Scene {
    /// Returns the scene of these Jobs before anything has happened.
    pub(super) fn new(jobs: impl IntoIterator<Item = ObjectKey>) -> Self {
        let jobs = jobs.into_iter().map(|key| (key, JobScene { job: None, end: None }));
        Self { jobs: jobs.collect(), ..Self::default() }
    }

    /// Takes what changed, and returns what is to be done about it.
    pub(super) fn apply(&mut self, change: &Change) -> Vec<Cue> {
        match (&change.after, &change.before) {
            (Some(Snapshot::Pod { pod, job }), _) => self.pod_changed(pod, job),
            (None, Some(Snapshot::Pod { pod, .. })) => {
                // One that was forgotten, or is of no Job of this run, is no news.
                let Some(scene) = self.pods.get_mut(&pod.id) else { return Vec::new() };
                scene.deleted();
                self.look_at(pod.id);
                vec![Cue::Left(pod.id)]
            }
            (Some(Snapshot::Object(object)), _) => {
                self.object_changed(object);
                Vec::new()
            }
            (None, Some(Snapshot::Object(object))) => {
                self.job_gone(object);
                Vec::new()
            }
            (None, None) => Vec::new(),
        }
    }

    fn object_changed(&mut self, object: &Object) {
        if let Object::Event(event) = object {
            return self.event_told(event);
        }
        let Object::Job(job) = object else { return };
        if let Some(scene) = self.jobs.get_mut(&object.key()) {
            scene.end = end_of(job);
            scene.job = Some((**job).clone());
        }
    }

    /// That volumes cannot be made is told by an event alone.
    fn event_told(&mut self, event: &Event) {
        if event.reason.as_deref() != Some("FailedMount") {
            return;
        }
        let about = &event.involved_object;
        let is_about = |scene: &&mut PodScene| {
            about.name.as_deref() == Some(&*scene.name())
                && about.namespace.as_deref() == Some(&*scene.job.namespace)
        };
        if let Some(scene) = self.pods.values_mut().find(is_about) {
            scene.failed_mount(event.message.as_deref().unwrap_or_default());
            let id = scene.pod.id;
            self.look_at(id);
        }
    }

    /// Takes note of whether the pod has ended, or will never start.
    fn look_at(&mut self, id: PodId) {
        let scene = self.pods.get(&id).filter(|scene| scene.is_live());
        match scene {
            Some(_) => self.live.insert(id),
            None => self.live.remove(&id),
        };
        match scene.and_then(PodScene::hopeless) {
            Some(why) => self.hopeless.insert(id, why),
            None => self.hopeless.remove(&id),
        };
    }

    /// A Job that its ttlSecondsAfterFinished took away had ended before.
    fn job_gone(&mut self, object: &Object) {
        if object.kind() != Kind::Job {
            return;
        }
        if let Some(scene) = self.jobs.get_mut(&object.key()) {
            scene.end.get_or_insert(JobEnd::Failed {
                reason: "Deleted".to_owned(),
                message: "the Job was deleted before it ended".to_owned(),
            });
        }
    }

    fn pod_changed(&mut self, pod: &Arc<Pod>, job: &Arc<JobInfo>) -> Vec<Cue> {
        let key = ObjectKey::new(Kind::Job, job.namespace.clone(), job.name.clone());
        if !self.jobs.contains_key(&key) || self.left.contains(&pod.id) {
            return Vec::new();
        }
        let (pod, job) = (Arc::clone(pod), Arc::clone(job));
        let new = || PodScene::new(Arc::clone(&pod), Arc::clone(&job));
        let id = pod.id;
        let scene = self.pods.entry(id).or_insert_with(new);
        let mut cues = scene.changed(pod, job);
        if !scene.is_live() {
            cues.push(Cue::Left(id));
        }
        self.look_at(id);
        cues
    }

    /// Forgets a pod that has left, but that it was there.
    pub(super) fn forget(&mut self, id: PodId) {
        self.pods.remove(&id);
        self.left.insert(id);
    }

    /// Returns how the run stands.
    pub(super) fn standing(&self) -> Standing {
        if self.jobs.values().all(|job| job.end.is_some()) {
            return Standing::Ended;
        }
        if let Some(why) = self.hopeless.values().next() {
            return Standing::Stuck(why.clone());
        }
        // A pod that finds no room may find it once another one has ended, but not if it is alone.
        if !self.live().all(|scene| scene.unplaced().is_some()) {
            return Standing::Running;
        }
        let unplaced = self.live().find_map(PodScene::unplaced);
        unplaced.map_or(Standing::Running, Standing::Stuck)
    }

    fn live(&self) -> impl Iterator<Item = &PodScene> {
        self.live.iter().filter_map(|id| self.pods.get(id))
    }

    /// Returns the names of the pod and the container of a run, if it is of one of these Jobs.
    pub(super) fn names(&self, key: RunKey) -> Option<(String, &str)> {
        let scene = self.pods.get(&key.pod)?;
        Some((scene.name(), scene.container_name(key.slot)?))
    }

    /// Returns the Jobs, by name.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (&ObjectKey, &JobScene)> {
        self.jobs.iter()
    }

    /// Returns how many pods run now.
    pub(super) fn running(&self) -> usize {
        self.live().filter(|scene| scene.pod.status.phase == PodPhase::Running).count()
    }

    /// Returns the first pod that runs and tells how far it is: its name, and what it tells.
    pub(super) fn progress(&self) -> Option<(String, String)> {
        self.live().find_map(|scene| Some((scene.name(), scene.pod.status.progress()?.to_string())))
    }

    /// Returns every Job and every pod as the API gives them, as they were last seen.
    pub(super) fn objects(&self) -> Vec<Object> {
        let jobs = self.jobs.values().filter_map(|scene| scene.job.clone());
        let jobs = jobs.map(|job| Object::Job(Box::new(job)));
        let pods = self.pods.values().map(|scene| scene.pod.to_object(&scene.job));
        jobs.chain(pods.map(|pod| Object::Pod(Box::new(pod)))).collect()
    }
}

fn end_of(job: &Job) -> Option<JobEnd> {
    let conditions = job.status.as_ref()?.conditions.as_deref().unwrap_or_default();
    let ended = conditions.iter().filter(|condition| condition.status == "True");
    ended.into_iter().find_map(|condition| match condition.type_.as_str() {
        "Complete" => Some(JobEnd::Complete),
        "Failed" => Some(JobEnd::Failed {
            reason: condition.reason.clone().unwrap_or_default(),
            message: condition.message.clone().unwrap_or_default(),
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use jobling_core::pods::{
        Condition, ContainerState, ContainerStatus, JobId, PodId, PodStatus, Progress, Terminated,
    };
    use jobling_core::{Timestamp, api};
    use serde_json::json;

    use super::*;

    fn info() -> Arc<JobInfo> {
        let template = json!({"metadata": {}, "spec": {
            "containers": [{"name": "main", "image": "x:1"}]}});
        Arc::new(JobInfo {
            id: JobId(1),
            namespace: "default".to_owned(),
            name: "a".to_owned(),
            uid: "u".to_owned(),
            annotations: BTreeMap::new(),
            owner: None,
            completions: Some(1),
            orphaned: false,
            template: serde_json::from_value(template).unwrap(),
        })
    }

    fn job_key() -> ObjectKey {
        ObjectKey::new(Kind::Job, "default", "a")
    }

    fn change(after: Snapshot) -> Change {
        Change {
            revision: 1,
            kind: Kind::Pod,
            namespace: "default".to_owned(),
            before: None,
            after: Some(after),
        }
    }

    fn pod(phase: PodPhase, container: Option<ContainerStatus>) -> Change {
        pod_with(PodStatus {
            phase,
            containers: container.into_iter().collect(),
            ..PodStatus::default()
        })
    }

    fn pod_with(status: PodStatus) -> Change {
        let pod = Pod {
            id: PodId::new(JobId(1), 0),
            revision: 1,
            index: None,
            index_failures: None,
            created_at: Timestamp::default(),
            scheduled_at: None,
            stop: None,
            deletion: None,
            tally: jobling_core::pods::Tally::Open,
            status,
        };
        change(Snapshot::Pod { pod: Arc::new(pod), job: info() })
    }

    fn job(condition: &str) -> Change {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "a", "namespace": "default"},
            "status": {"conditions": [{"type": condition, "status": "True", "reason": "R", "message": "m"}]}});
        let object = api::Object::from_value(Kind::Job, &job).unwrap();
        change(Snapshot::Object(Arc::new(object)))
    }

    fn with_state(state: ContainerState, restarts: u32) -> ContainerStatus {
        ContainerStatus { state, restarts, ..ContainerStatus::waiting("", "") }
    }

    fn terminated(exit_code: i32, reason: &str) -> ContainerState {
        ContainerState::Terminated(Terminated {
            exit_code,
            reason: reason.to_owned(),
            message: String::new(),
            started_at: Timestamp::default(),
            finished_at: Timestamp::default(),
        })
    }

    fn runs(cues: &[Cue]) -> Vec<u32> {
        let run = |cue: &Cue| match cue {
            Cue::Over(key) => Some(key.run),
            Cue::Failed(_) | Cue::Left(_) => None,
        };
        cues.iter().filter_map(run).collect()
    }

    #[test]
    fn every_run_of_a_container_ends_once_even_if_it_was_not_seen_to() {
        let mut scene = Scene::new([job_key()]);
        let running = ContainerState::Running { started_at: Timestamp::default() };
        let waiting = ContainerStatus::waiting("ContainerCreating", "");
        let ended = terminated(1, "Error");
        let ContainerState::Terminated(last) = ended.clone() else { unreachable!() };
        let back_off = ContainerStatus { last: Some(Box::new(last)), ..waiting.clone() };
        for (status, over) in [
            (waiting, vec![]),
            (with_state(running.clone(), 0), vec![]),
            (back_off, vec![0]),
            (with_state(running.clone(), 1), vec![]),
            (with_state(running, 3), vec![1, 2]),
            (with_state(ended.clone(), 3), vec![3]),
            (with_state(ended, 3), vec![]),
        ] {
            let cues = scene.apply(&pod(PodPhase::Running, Some(status.clone())));
            assert_eq!(runs(&cues), over, "{status:?}");
        }
    }

    #[test]
    fn what_a_running_pod_tells_of_its_progress_is_known_until_it_ends() {
        let mut scene = Scene::new([job_key()]);
        let progress = Progress { done: 3, total: 10, text: "rows".to_owned() };
        let started_at = Timestamp::default();
        let running = with_state(ContainerState::Running { started_at }, 0);
        scene.apply(&pod(PodPhase::Running, Some(running.clone())));
        assert_eq!(scene.progress(), None);
        let told = ContainerStatus { progress: Some(progress), ..running };
        scene.apply(&pod(PodPhase::Running, Some(told.clone())));
        assert_eq!(scene.progress().unwrap().1, "3/10 rows");
        scene.apply(&pod(PodPhase::Succeeded, Some(told)));
        assert_eq!(scene.progress(), None);
    }

    #[test]
    fn a_failed_pod_is_told_of_once() {
        let mut scene = Scene::new([job_key()]);
        let failed = pod(PodPhase::Failed, Some(with_state(terminated(137, "OOMKilled"), 0)));
        let cues = scene.apply(&failed);
        let [Cue::Over(_), Cue::Failed(text), left] = cues.as_slice() else { panic!("{cues:?}") };
        assert!(text.ends_with("failed: main: OOMKilled (exit code 137)"), "{text}");
        assert_eq!(scene.apply(&failed), std::slice::from_ref(left));
        scene.forget(PodId::new(JobId(1), 0));
        assert_eq!(scene.apply(&failed), []);
    }

    #[test]
    fn a_pod_that_is_gone_has_left_once_and_one_of_another_job_never_was_here() {
        let gone = || {
            let Change { after, .. } = pod(PodPhase::Running, None);
            Change { before: after, after: None, ..pod(PodPhase::Running, None) }
        };
        let mut scene = Scene::new([job_key()]);
        assert_eq!(scene.apply(&gone()), []);
        scene.apply(&pod(PodPhase::Running, None));
        let id = PodId::new(JobId(1), 0);
        assert_eq!(scene.apply(&gone()), [Cue::Left(id)]);
        scene.forget(id);
        assert_eq!(scene.apply(&gone()), []);
    }

    #[test]
    fn the_run_ends_with_the_terminal_condition_of_every_job() {
        let other = ObjectKey::new(Kind::Job, "default", "b");
        let mut scene = Scene::new([job_key(), other]);
        scene.apply(&job("FailureTarget"));
        assert_eq!(scene.standing(), Standing::Running);
        scene.apply(&job("Failed"));
        assert_eq!(scene.standing(), Standing::Running, "b has not ended");
        let mut alone = Scene::new([job_key()]);
        alone.apply(&job("Failed"));
        assert_eq!(alone.standing(), Standing::Ended);
        let end = JobEnd::Failed { reason: "R".to_owned(), message: "m".to_owned() };
        assert_eq!(alone.jobs().next().unwrap().1.end, Some(end));
    }

    #[test]
    fn a_pod_that_waits_for_what_nobody_brings_stops_the_run() {
        let mut scene = Scene::new([job_key()]);
        let missing = ContainerStatus::waiting("ErrImagePull", "image \"x:1\" is not on this host");
        scene.apply(&pod(PodPhase::Pending, Some(missing)));
        let Standing::Stuck(why) = scene.standing() else { panic!("{:?}", scene.standing()) };
        assert!(why.contains("ErrImagePull: image \"x:1\" is not on this host"), "{why}");
        assert!(why.ends_with("--image x:1=FILE.wasm"), "{why}");
        let back_off = ContainerStatus::waiting("CrashLoopBackOff", "");
        scene.apply(&pod(PodPhase::Running, Some(back_off)));
        assert_eq!(scene.standing(), Standing::Running);
    }

    #[test]
    fn a_pod_whose_volumes_cannot_be_made_stops_the_run() {
        let mut scene = Scene::new([job_key()]);
        let creating =
            || pod(PodPhase::Pending, Some(ContainerStatus::waiting("ContainerCreating", "")));
        scene.apply(&creating());
        let name = scene.pods.values().next().unwrap().name();
        let event = |reason: &str| {
            let event = json!({"metadata": {}, "reason": reason, "message": "configmap \"y\" not found",
                "involvedObject": {"kind": "Pod", "namespace": "default", "name": name}});
            let object = api::Object::from_value(Kind::Event, &event).unwrap();
            change(Snapshot::Object(Arc::new(object)))
        };
        scene.apply(&event("Scheduled"));
        assert_eq!(scene.standing(), Standing::Running);
        scene.apply(&event("FailedMount"));
        let Standing::Stuck(why) = scene.standing() else { panic!("{:?}", scene.standing()) };
        assert!(why.contains("FailedMount: configmap \"y\" not found; give what"), "{why}");
    }

    #[test]
    fn a_pod_that_finds_no_room_alone_never_will() {
        let unschedulable = Condition {
            kind: "PodScheduled".to_owned(),
            status: "False".to_owned(),
            reason: "Unschedulable".to_owned(),
            message: "needs 2Gi of memory, 1Gi is all there is".to_owned(),
            at: Timestamp::default(),
        };
        let mut scene = Scene::new([job_key()]);
        scene.apply(&pod_with(PodStatus {
            conditions: vec![unschedulable],
            ..PodStatus::default()
        }));
        let Standing::Stuck(why) = scene.standing() else { panic!("{:?}", scene.standing()) };
        assert!(why.ends_with("needs 2Gi of memory, 1Gi is all there is"), "{why}");
    }
}
