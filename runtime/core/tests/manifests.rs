//! The user's own manifests, word for word: tests/manifests.

#![expect(clippy::unwrap_used, reason = "a manifest that cannot be read is a failed test")]

use jobling_core::Timestamp;
use jobling_core::api::{FieldValidation, Identity, Object, admit_create, manifest};

const FILES: [&str; 9] = [
    "batch-process.yaml",
    "daily-backup.yaml",
    "daily-report.yaml",
    "db-migration.yaml",
    "django-migrate.yaml",
    "image-processor.yaml",
    "localized-job.yaml",
    "one-time-task.yaml",
    "work-queue-job.yaml",
];

fn objects(file: &str) -> Vec<Object> {
    let path = format!("{}/../../tests/manifests/{file}", env!("CARGO_MANIFEST_DIR"));
    let documents = manifest::parse(std::fs::read(path).unwrap(), FieldValidation::Strict)
        .unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
    let identity = Identity {
        uid: "5e0c1b1e-0000-4000-8000-000000000001".to_owned(),
        now: Timestamp::from_unix_seconds(1_700_000_000),
        suffix: "abcde".to_owned(),
    };
    let admit = |document: manifest::Document| {
        let strict = FieldValidation::Strict;
        let admitted =
            admit_create(document.kind, "default", &document.value, strict, &identity).unwrap();
        assert_eq!(admitted.warnings, [""; 0], "{file}");
        admitted.object
    };
    documents.into_iter().map(admit).collect()
}

#[test]
fn every_one_is_accepted_as_it_is() {
    for file in FILES {
        assert!(!objects(file).is_empty(), "{file}");
    }
}

#[test]
fn a_job_has_what_kubernetes_fills_in() {
    let Some(Object::Job(job)) = objects("db-migration.yaml").pop() else {
        panic!("one Job");
    };
    let spec = job.spec.unwrap();
    assert_eq!(
        (spec.parallelism, spec.completions, spec.backoff_limit),
        (Some(1), Some(1), Some(3))
    );
    let labels = spec.template.metadata.unwrap().labels.unwrap();
    let uid = job.metadata.uid.unwrap();
    for (label, value) in [
        ("batch.kubernetes.io/controller-uid", uid.as_str()),
        ("batch.kubernetes.io/job-name", "db-migration"),
        ("controller-uid", &uid),
        ("job-name", "db-migration"),
    ] {
        assert_eq!(labels.get(label).map(String::as_str), Some(value), "{label}");
    }
    let pod = spec.template.spec.unwrap();
    assert_eq!(pod.termination_grace_period_seconds, Some(30));
    assert_eq!(pod.dns_policy.as_deref(), Some("ClusterFirst"));
    let container = &pod.containers[0];
    assert_eq!(container.image_pull_policy.as_deref(), Some("IfNotPresent"));
    assert_eq!(container.termination_message_path.as_deref(), Some("/dev/termination-log"));
}
