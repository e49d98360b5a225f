//! What pods have on the disk of their own, below `pods` in the data directory: who has something there is
//! kept in memory, so that a pod that has nothing costs no look.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobling_core::pods::{JobId, PodId};

use super::error::Why;
use super::held::Held;

/// The directories of all pods.
#[derive(Debug)]
pub(super) struct OwnDirectories {
    root: PathBuf,
    /// Pods that have, or may have, a directory.
    there: Mutex<BTreeSet<PodId>>,
}

/// A directory of one run's own, made where it is wanted.
#[derive(Debug, Clone)]
pub(crate) struct RunDirectory {
    pub(super) all: Arc<OwnDirectories>,
    pub(super) pod: PodId,
    /// What it is for: where it lies below the pod's directory.
    pub(super) purpose: &'static str,
    pub(super) container: String,
    pub(super) run: u32,
}

impl OwnDirectories {
    /// Returns those below `root`, with what was left there.
    pub(super) fn at(root: PathBuf) -> Self {
        let entries = fs::read_dir(&root).into_iter().flatten().flatten();
        let there = entries.filter_map(|entry| pod_of(entry.file_name().to_str()?)).collect();
        Self { root, there: Mutex::new(there) }
    }

    /// Returns the pods that have something here.
    pub(super) fn pods(&self) -> Vec<PodId> {
        self.there().iter().copied().collect()
    }

    /// Returns whether `pod` has something here.
    pub(super) fn has(&self, pod: PodId) -> bool {
        self.there().contains(&pod)
    }

    /// Returns the directory of `pod`, where something is about to be made.
    pub(super) fn place_for(&self, pod: PodId) -> PathBuf {
        self.there().insert(pod);
        self.path(pod)
    }

    /// Removes what `pod` has here.
    pub(super) fn remove(&self, pod: PodId) -> io::Result<()> {
        removed(&self.path(pod))?;
        self.there().remove(&pod);
        Ok(())
    }

    fn path(&self, pod: PodId) -> PathBuf {
        self.root.join(format!("{}-{}", pod.job().0, pod.ordinal()))
    }

    fn there(&self) -> MutexGuard<'_, BTreeSet<PodId>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunDirectory {
    /// Makes it, and opens it.
    pub(super) fn make(&self) -> Result<(PathBuf, Held), Why> {
        let name = format!("{}-{}", self.container, self.run);
        let path = self.all.place_for(self.pod).join(self.purpose).join(name);
        make_private(&path)?;
        let held = Held::open(&path).map_err(Why::io(&path))?;
        Ok((path, held))
    }
}

/// Makes a directory, and those on the way to it, that nobody but the daemon can enter.
pub(super) fn make_private(path: &Path) -> Result<(), Why> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Why::io(path))
}

/// Removes a directory with all that is in it, if it is there.
pub(super) fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn pod_of(name: &str) -> Option<PodId> {
    let (job, ordinal) = name.split_once('-')?;
    Some(PodId::new(JobId(job.parse().ok()?), ordinal.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_known_after_a_start_until_it_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("pods");
        let (left, other) = (PodId::new(JobId(7), 3), PodId::new(JobId(7), 4));
        let own = OwnDirectories::at(root.clone());
        assert!(!own.has(left), "nothing is there, not even the root");
        make_private(&own.place_for(left)).unwrap();
        fs::create_dir(root.join("no-pod")).unwrap();
        let own = OwnDirectories::at(root);
        assert_eq!(own.pods(), [left]);
        own.remove(other).unwrap();
        own.remove(left).unwrap();
        assert!(!own.has(left) && !own.path(left).exists());
    }

    #[test]
    fn a_run_has_a_directory_of_its_own_once_it_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let all = Arc::new(OwnDirectories::at(dir.path().join("pods")));
        let pod = PodId::new(JobId(1), 0);
        let run = RunDirectory {
            all: Arc::clone(&all),
            pod,
            purpose: "messages",
            container: "main".into(),
            run: 2,
        };
        assert!(!all.has(pod));
        let (path, _) = run.make().unwrap();
        assert_eq!(path, dir.path().join("pods/1-0/messages/main-2"));
        assert!(all.has(pod) && path.is_dir());
    }
}
