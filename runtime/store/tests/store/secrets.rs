//! With a key, the disk tells nothing of a Secret.

use std::path::Path;

use jobling_core::api::{Kind, Object};
use jobling_core::engine::{ListScope, Reader, Store};
use jobling_store::{Database, OpenError, SecretKeys, Settings};
use serde_json::json;

use crate::given::{commit, key, write_object};

const FIRST: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const SECOND: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
/// What is told in no file: the Secret's data and an annotation of it.
const PRIVATE: [&str; 2] = ["aHVudGVyMi1odW50ZXIy", "quite-private"];

fn settings(keys: &str) -> Settings {
    let secret_keys = SecretKeys::parse(keys).unwrap_or_default();
    Settings { secret_keys, ..Settings::default() }
}

fn secret() -> Object {
    let value = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": "default",
            "name": "db",
            "resourceVersion": "2",
            "annotations": { "note": PRIVATE[1] },
        },
        "data": { "password": PRIVATE[0] },
    });
    Object::from_value(Kind::Secret, &value).unwrap()
}

/// Stores the Secret with these keys, and closes the database as a crash does.
fn store(path: &Path, keys: &str) {
    let (mut writer, _readers) = Database::open(path, &settings(keys)).unwrap();
    commit(&mut writer, 2, vec![write_object(secret())]);
}

/// Returns whether a file of the database tells of the Secret.
fn is_told(path: &Path) -> bool {
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    files.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).any(|bytes| {
        PRIVATE.iter().any(|text| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    })
}

/// Opens the database with these keys and finds the Secret as it was.
fn check_opens(path: &Path, keys: &str) {
    let (mut writer, readers) = Database::open(path, &settings(keys)).unwrap();
    assert_eq!(writer.get(&key(Kind::Secret, "db")).unwrap(), Some(secret()));
    let listed = readers.list(Kind::Secret, &ListScope::default()).unwrap();
    assert_eq!(listed.items, [secret()]);
}

#[test]
fn no_file_tells_of_a_sealed_secret() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    store(&path, FIRST);
    assert!(!is_told(&path));
    check_opens(&path, FIRST);
}

#[test]
fn secrets_from_before_the_key_are_sealed_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    store(&path, "");
    assert!(is_told(&path), "else this test finds nothing at all");
    check_opens(&path, FIRST);
    assert!(!is_told(&path));
}

#[test]
fn a_new_key_before_the_old_one_replaces_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    store(&path, FIRST);
    check_opens(&path, &format!("{SECOND}\n{FIRST}"));
    check_opens(&path, SECOND);
    let refused = Database::open(&path, &settings(FIRST)).unwrap_err();
    assert!(matches!(refused, OpenError::OtherKey { .. }), "{refused}");
}

#[test]
fn without_the_key_the_database_does_not_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    store(&path, FIRST);
    let refused = Database::open(&path, &settings("")).unwrap_err().to_string();
    assert_eq!(
        refused,
        "secret default/db is sealed; start with the --secret-key-file that it was sealed with"
    );
}
