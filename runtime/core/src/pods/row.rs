//! A pod's row and what its Job says of all of its pods.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{JobId, PodId, PodStatus};
use crate::Timestamp;

/// Kubernetes' alphabet for generated names: no vowels, nothing that reads as another letter.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// Names of five letters.
const NAMES: u64 = 27u64.pow(5);
/// Coprime to [`NAMES`] (no factor 3), so that multiplying permutes the names.
const STRIDE: u64 = 8_648_291;
/// `apiserver/pkg/storage/names`: a generated name's base is cut to leave room for the five letters.
const MAX_BASE: usize = 63 - 5;

/// What is to be ended, and until when it may still end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When the deletion was asked for.
    pub asked_at: Timestamp,
    /// How long the pod may run on.
    pub grace: Duration,
}

/// Why a pod is ended before it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndCause {
    /// It, or its Job, was deleted.
    Deleted,
    /// Its Job's or its own activeDeadlineSeconds is over.
    DeadlineExceeded,
    /// Its Job needs it no more: failed, suspended, succeeded or shrunk.
    NotNeeded,
    /// The daemon stops.
    Shutdown,
}

/// That a pod is being ended while its row stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Why.
    pub cause: EndCause,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// How long the pod may run on.
    pub grace: Duration,
}

/// How the Job's counters took this pod; set once, in the commit that changes the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Tally {
    /// Not counted yet: it runs, or is about to.
    #[default]
    Open,
    /// Counted in `status.succeeded`.
    Succeeded,
    /// Counted in `status.failed`.
    Failed,
    /// It failed and a podFailurePolicy rule ignored it.
    Ignored,
    /// Ended by the Job's own wish (suspended, shrunk) or by the host's stop: never counted.
    Exempt,
}

/// One pod, compact: what the Job's template does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    /// Its number.
    pub id: PodId,
    /// The store's sequence number of its newest change.
    #[serde(skip)]
    pub revision: u64,
    /// Its completion index, in an Indexed Job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// How often its index had failed before it; set with `backoffLimitPerIndex` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_failures: Option<u32>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When this host promised it its resources and the node was told to start it; the start counts
    /// from here, so a crash after it is a failed attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// Set once it is to be ended; its row stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Set once it is to be ended and forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// How its Job's counters took it.
    #[serde(default)]
    pub tally: Tally,
    /// What has become of it.
    pub status: PodStatus,
}

/// Who made a Job, where it is another object: its controlling owner reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Such as `CronJob`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// What a Job says of all of its pods; shared by all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct JobInfo {
    /// The Job's number.
    pub id: JobId,
    /// The Job's namespace.
    pub namespace: String,
    /// The Job's name.
    pub name: String,
    /// The Job's uid.
    pub uid: String,
    /// The Job's annotations: `batch.kubernetes.io/cronjob-scheduled-timestamp` is among them.
    pub annotations: BTreeMap<String, String>,
    /// Who made the Job.
    pub owner: Option<Owner>,
    /// `spec.completions`, where it is set.
    pub completions: Option<u32>,
    /// Whether the Job is gone while its pods stay: they have no owner then.
    pub orphaned: bool,
    /// `spec.template`, defaults filled in.
    pub template: PodTemplateSpec,
}

impl Pod {
    /// Returns whether the pod has not ended yet.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !self.status.phase.is_terminal()
    }

    /// Returns the pod's name: `JOB-xxxxx`, or `JOB-INDEX-xxxxx` in an Indexed Job. The five letters are
    /// the pod's ordinal, permuted by a number drawn from the Job's uid, so that no two pods of a Job
    /// share them and the name alone leads back to the row ([`JobInfo::ordinal_of_suffix`]).
    #[must_use]
    pub fn name(&self, job: &JobInfo) -> String {
        let mut name = self.generate_name(job);
        name.truncate(MAX_BASE);
        name.push_str(&job.suffix(self.id.ordinal()));
        name
    }

    /// Returns the pod's generateName: `JOB-`, or `JOB-INDEX-` in an Indexed Job, whose name is cut
    /// rather than the index (`pkg/controller/job`: podGenerateNameWithIndex).
    #[must_use]
    pub fn generate_name(&self, job: &JobInfo) -> String {
        let Some(index) = self.index else { return format!("{}-", job.name) };
        let tail = format!("-{index}-");
        let mut name = job.name.clone();
        name.truncate(MAX_BASE - tail.len());
        name + &tail
    }

    /// Returns the pod's uid: a UUID drawn from the Job's uid and the ordinal.
    #[must_use]
    pub fn uid(&self, job: &JobInfo) -> String {
        uuid(&[job.uid.as_bytes(), b"pod", &self.id.ordinal().to_be_bytes()])
    }
}

impl JobInfo {
    /// Returns what `job`, whose number is `id`, says of all of its pods.
    #[must_use]
    pub fn of(id: JobId, job: &Job) -> Self {
        let metadata = &job.metadata;
        let controller = metadata
            .owner_references
            .iter()
            .flatten()
            .find(|reference| reference.controller == Some(true))
            .map(|reference| Owner { kind: reference.kind.clone(), name: reference.name.clone() });
        let spec = job.spec.as_ref();
        Self {
            id,
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
            annotations: metadata.annotations.clone().unwrap_or_default(),
            owner: controller,
            completions: spec
                .and_then(|spec| spec.completions)
                .and_then(|completions| u32::try_from(completions).ok()),
            orphaned: false,
            template: spec.map(|spec| spec.template.clone()).unwrap_or_default(),
        }
    }

    /// Returns the five letters of the `ordinal`th pod's name.
    fn suffix(&self, ordinal: u32) -> String {
        let mut number = (u64::from(ordinal) * STRIDE + self.offset()) % NAMES;
        let mut letters = [0u8; 5];
        for letter in letters.iter_mut().rev() {
            *letter = ALPHABET[usize::try_from(number % 27).expect("below 27")];
            number /= 27;
        }
        letters.iter().map(|&letter| char::from(letter)).collect()
    }

    /// Returns which pod of this Job has a name that ends in `suffix`: five letters; `None` where they
    /// are not of the alphabet.
    #[must_use]
    pub fn ordinal_of_suffix(&self, suffix: &str) -> Option<u32> {
        if suffix.len() != 5 {
            return None;
        }
        let mut number = 0u64;
        for letter in suffix.bytes() {
            let digit = ALPHABET.iter().position(|&l| l == letter)?;
            number = number * 27 + u64::try_from(digit).expect("below 27");
        }
        let shifted = (number + NAMES - self.offset()) % NAMES;
        u32::try_from(shifted * inverse_of_stride() % NAMES).ok()
    }

    fn offset(&self) -> u64 {
        let digest = Sha256::digest(self.uid.as_bytes());
        let bytes: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
        u64::from_be_bytes(bytes) % NAMES
    }
}

/// Returns the number that undoes [`STRIDE`] modulo [`NAMES`]: STRIDE to the power of φ(27⁵) − 1.
const fn inverse_of_stride() -> u64 {
    let mut exponent = NAMES / 3 * 2 - 1;
    let mut base = STRIDE % NAMES;
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % NAMES;
        }
        base = base * base % NAMES;
        exponent >>= 1;
    }
    result
}

/// Returns a UUID (version 8: of our own making) drawn from `parts`.
#[must_use]
pub(crate) fn uuid(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).expect("a length").to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_pod() {
        let job = job_info("report");
        for ordinal in [0, 1, 2, 26, 27, 12_345, PodId::MAX_ORDINAL / 2] {
            let name = pod(ordinal).name(&job);
            let (base, suffix) = name.rsplit_once('-').expect("a dash before the suffix");
            assert_eq!(base, "report");
            assert_eq!(job.ordinal_of_suffix(suffix), Some(ordinal), "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_as_generated_names_are() {
        let job = job_info(&"x".repeat(63));
        assert_eq!(pod(0).name(&job).len(), 63);
    }

    #[test]
    fn a_long_name_is_cut_before_the_index() {
        let job = job_info(&"x".repeat(63));
        let indexed = Pod { index: Some(99_999), ..pod(0) };
        assert_eq!(indexed.generate_name(&job), format!("{}-99999-", "x".repeat(51)));
        assert_eq!(indexed.name(&job).len(), 63);
    }

    fn pod(ordinal: u32) -> Pod {
        Pod {
            id: PodId::new(JobId(7), ordinal),
            revision: 0,
            index: None,
            index_failures: None,
            created_at: Timestamp::default(),
            scheduled_at: None,
            stop: None,
            deletion: None,
            tally: Tally::Open,
            status: PodStatus::default(),
        }
    }

    fn job_info(name: &str) -> JobInfo {
        JobInfo {
            id: JobId(7),
            namespace: "default".into(),
            name: name.into(),
            uid: "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc".into(),
            annotations: BTreeMap::new(),
            owner: None,
            completions: None,
            orphaned: false,
            template: PodTemplateSpec::default(),
        }
    }
}
