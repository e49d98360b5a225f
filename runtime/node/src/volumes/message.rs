//! The file in which a container may leave a message for whoever asks how it ended: terminationMessagePath.
//!
//! A guest is given directories, never files, so the message's parent is one of its own, made only for
//! modules that can open files: a trivial pod costs no directory. Where a volume is mounted there, the file
//! is in that.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use k8s_openapi::api::core::v1::Container;

use super::held::Held;
use super::own::RunDirectory;
use super::path;
use crate::containers::{Access, Mount, Overflow, QuotaSpec};

/// Bytes of a message that are told, as in Kubernetes.
const TOLD_BYTES: usize = 4096;
/// Bytes that a guest may write; more is refused as on a full disk.
const WRITTEN_BYTES: u64 = 1 << 20;

/// Where a run's message is.
#[derive(Debug, Clone)]
pub(crate) struct MessageFile(Place);

#[derive(Debug, Clone)]
enum Place {
    /// In a directory of the run's own, which is mounted at `guest_path` once it is made.
    Own { directory: RunDirectory, guest_path: String, name: String, made: Arc<OnceLock<Held>> },
    /// In what is mounted.
    Mounted { host: Held, below: PathBuf },
}

impl MessageFile {
    /// Returns the file of `container`'s next run, whose own directory would be `directory`; none where
    /// the path names no file.
    pub(crate) fn of(
        container: &Container,
        directory: RunDirectory,
        mounts: &[Mount],
    ) -> Option<Self> {
        let path = path::guest(container.termination_message_path.as_deref()?);
        let (guest_path, name) = path::parent(&path)?;
        let below = |mount: &Mount| {
            let below = Path::new(&path).strip_prefix(&mount.guest_path).ok()?;
            Some((mount.guest_path.len(), mount.host.clone(), below.to_owned()))
        };
        let nearest = mounts.iter().filter_map(below).max_by_key(|(length, ..)| *length);
        Some(Self(match nearest {
            Some((_, host, below)) => Place::Mounted { host, below },
            None => Place::Own {
                directory,
                guest_path: guest_path.to_owned(),
                name: name.to_owned(),
                made: Arc::default(),
            },
        }))
    }

    /// Makes the directory, with the file in it, empty; returns what to mount, if it is not mounted.
    ///
    /// # Errors
    /// Where the directory cannot be made, with why.
    pub(crate) fn mount(&self) -> Result<Option<Mount>, String> {
        let Place::Own { directory, guest_path, name, made } = &self.0 else { return Ok(None) };
        let failed = |why: &dyn std::fmt::Display| {
            format!("the directory of the termination message cannot be made: {why}")
        };
        let (path, host) = directory.make().map_err(|why| failed(&why))?;
        fs::write(path.join(name), "").map_err(|why| failed(&why))?;
        let host = made.get_or_init(|| host).clone();
        let quota = QuotaSpec {
            name: "the termination message".to_owned(),
            directories: vec![path],
            bytes: WRITTEN_BYTES,
            overflow: Overflow::Refuse,
        };
        let (access, quotas) = (Access::ReadWrite, vec![Arc::new(quota)]);
        Ok(Some(Mount { guest_path: guest_path.clone(), host, access, quotas }))
    }

    /// Returns what was written, as much of it as is told; empty where nothing was.
    pub(crate) fn read(&self) -> String {
        let (host, below) = match &self.0 {
            Place::Own { name, made, .. } => (made.get(), Path::new(name)),
            Place::Mounted { host, below } => (Some(host), below.as_path()),
        };
        let bytes = host.and_then(|host| host.read(below, WRITTEN_BYTES).ok().flatten());
        let bytes = bytes.unwrap_or_default();
        String::from_utf8_lossy(&bytes[..bytes.len().min(TOLD_BYTES)]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::own::OwnDirectories;
    use super::*;
    use jobling_core::pods::{JobId, PodId};

    fn directory(data: &Path) -> RunDirectory {
        RunDirectory {
            all: Arc::new(OwnDirectories::at(data.to_owned())),
            pod: PodId::new(JobId(1), 0),
            purpose: "messages",
            container: "main".into(),
            run: 0,
        }
    }

    fn container(path: &str) -> Container {
        Container {
            name: "main".into(),
            termination_message_path: Some(path.into()),
            ..Container::default()
        }
    }

    #[test]
    fn a_message_is_told_as_far_as_four_kibibytes_go() {
        let parent = tempfile::tempdir().unwrap();
        let own = parent.path().join("1-0/messages/main-0");
        let directory = directory(parent.path());
        let file = MessageFile::of(&container("/dev/termination-log"), directory, &[]).unwrap();
        assert_eq!(file.read(), "");
        let mount = file.mount().unwrap().unwrap();
        assert_eq!(mount.guest_path, "/dev");
        assert_eq!(file.read(), "");
        fs::write(own.join("termination-log"), "x".repeat(5000)).unwrap();
        assert_eq!(file.read().len(), 4096);
    }

    #[test]
    fn a_message_in_a_volume_is_read_there() {
        let volume = tempfile::tempdir().unwrap();
        fs::create_dir(volume.path().join("out")).unwrap();
        fs::write(volume.path().join("out/why"), "the disk is full").unwrap();
        let host = Held::open(volume.path()).unwrap();
        let (access, quotas) = (Access::ReadWrite, Vec::new());
        let mounts = [Mount { guest_path: "/data".into(), host, access, quotas }];
        let file =
            MessageFile::of(&container("/data/out/why"), directory(Path::new("/nowhere")), &mounts);
        let file = file.unwrap();
        assert!(file.mount().unwrap().is_none());
        assert_eq!(file.read(), "the disk is full");
    }

    #[test]
    fn a_path_without_a_file_has_no_message() {
        for container in [container("/"), Container::default()] {
            let none = MessageFile::of(&container, directory(Path::new("/nowhere")), &[]);
            assert!(none.is_none());
        }
    }
}
