//! The directories of claims: made at first use, kept over pods, gone with the claim.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jobling_core::api::quantity::Quantity;
use jobling_core::api::{Kind, Object, ObjectKey};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::error::Why;
use super::own::make_private;
use crate::env::ConfigError;
use crate::ports::Objects;

/// A claim's directory, and how much it may hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) directory: PathBuf,
    /// `None` where the claim requests no amount.
    pub(super) bytes: Option<u64>,
}

/// Returns the claim of that name with its directory, making it at first use.
pub(super) fn claim(
    data_dir: &Path,
    namespace: &str,
    name: &str,
    objects: &dyn Objects,
) -> Result<Claim, Why> {
    let key = ObjectKey::new(Kind::PersistentVolumeClaim, namespace, name);
    let Some(claim) = read(&key, objects)? else {
        return Err(ConfigError::NoObject(key).into());
    };
    let directory = directories(data_dir, namespace).join(directory_name(&key, &claim));
    if !directory.is_dir() {
        make_private(&directory)?;
        // What a claim of that name left before the daemon was cut off.
        sweep(data_dir, &key, objects)?;
    }
    Ok(Claim { directory, bytes: requested(&claim) })
}

/// Removes the directories of all claims of that name but the one that there is now.
pub(super) fn sweep(data_dir: &Path, key: &ObjectKey, objects: &dyn Objects) -> Result<(), Why> {
    let parent = directories(data_dir, &key.namespace);
    let listed = match fs::read_dir(&parent) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    let listed = listed.map_err(Why::io(&parent))?;
    // Asked after the list was made: a directory in it that is of a newer claim is then known as such.
    let kept = read(key, objects)?.map(|claim| directory_name(key, &claim));
    for entry in listed {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_of(key, name)) else { continue };
        if kept.as_deref() != Some(name) {
            fs::remove_dir_all(entry.path()).map_err(Why::io(entry.path()))?;
        }
    }
    Ok(())
}

fn directories(data_dir: &Path, namespace: &str) -> PathBuf {
    data_dir.join("claims").join(namespace)
}

fn directory_name(key: &ObjectKey, claim: &PersistentVolumeClaim) -> String {
    format!("{}-{}", key.name, claim.metadata.uid.as_deref().unwrap_or_default())
}

/// Returns whether the directory is of a claim of that name. A uid has a length of its own, so that
/// `data` is not taken for the claim of a directory of `data-old`.
fn is_of(key: &ObjectKey, directory: &str) -> bool {
    let uid = directory.strip_prefix(&key.name).and_then(|rest| rest.strip_prefix('-'));
    uid.is_some_and(|uid| {
        let groups = uid.split('-').map(str::len);
        groups.eq([8, 4, 4, 4, 12])
            && uid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    })
}

fn read(key: &ObjectKey, objects: &dyn Objects) -> Result<Option<PersistentVolumeClaim>, Why> {
    match objects.get(key).map_err(ConfigError::from)? {
        Some(Object::PersistentVolumeClaim(claim)) => Ok(Some(*claim)),
        Some(_) | None => Ok(None),
    }
}

fn requested(claim: &PersistentVolumeClaim) -> Option<u64> {
    let resources = claim.spec.as_ref()?.resources.as_ref()?;
    let storage = resources.requests.as_ref()?.get("storage")?;
    Some(Quantity::of_checked(&storage.0).units())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeObjects;

    const FIRST: &str = "aa271a5c-44e2-8b0a-9893-8167ef8b00dc";
    const SECOND: &str = "bb271a5c-44e2-8b0a-9893-8167ef8b00dc";

    #[test]
    fn a_directory_is_its_claims_until_that_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path();
        let objects = FakeObjects::default().claim("data", FIRST, "1Mi");
        let objects = objects.claim("data-old", FIRST, "2Mi");
        let made = claim(data_dir, "default", "data", &objects).unwrap();
        let other = claim(data_dir, "default", "data-old", &objects).unwrap();
        assert_eq!(made.directory, data_dir.join(format!("claims/default/data-{FIRST}")));
        assert_eq!((made.bytes, other.bytes), (Some(1 << 20), Some(2 << 20)));
        fs::write(made.directory.join("kept"), "x").unwrap();
        let again = claim(data_dir, "default", "data", &objects).unwrap();
        assert!(again.directory.join("kept").exists());

        let key = ObjectKey::new(Kind::PersistentVolumeClaim, "default", "data");
        sweep(data_dir, &key, &objects).unwrap();
        assert!(made.directory.exists(), "it is still there");
        let gone = FakeObjects::default();
        sweep(data_dir, &key, &gone).unwrap();
        assert!(!made.directory.exists());
        assert!(other.directory.exists(), "another claim's");
        let error = claim(data_dir, "default", "data", &gone).unwrap_err().to_string();
        assert_eq!(error, "persistentvolumeclaim \"data\" not found");
    }

    #[test]
    fn a_new_claim_of_the_same_name_starts_empty() {
        let dir = tempfile::tempdir().unwrap();
        let old = FakeObjects::default().claim("data", FIRST, "1Mi");
        let old = claim(dir.path(), "default", "data", &old).unwrap();
        fs::write(old.directory.join("x"), "x").unwrap();
        let new = FakeObjects::default().claim("data", SECOND, "1Mi");
        let new = claim(dir.path(), "default", "data", &new).unwrap();
        assert_eq!(fs::read_dir(&new.directory).unwrap().count(), 0);
        assert!(!old.directory.exists());
    }
}
