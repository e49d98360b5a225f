//! What a container sees of its pod's volumes.

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::api::core::v1::{Container, VolumeMount};

use super::contents::{File, Files};
use super::error::{MountError, Why};
use super::held::{Found, Held};
use super::path;
use super::set_up::{Made, Place, VolumesOfPod, write};
use super::working_directory::working_directory;
use crate::containers::{Access, Mount};

/// The largest file that is mounted by itself: it is copied each time that the container starts.
const FILE_BYTES: u64 = 32 << 20;
/// The mode of such a copy: it may be of a secret.
const FILE_MODE: u32 = 0o400;

/// What is at a mount's path.
enum Seen {
    Directory(Held),
    File(Vec<u8>),
}

/// Files that lie in one directory of the guest's, and the volume that was mounted last there.
#[derive(Default)]
struct Beside {
    volume: String,
    files: Files,
}

impl VolumesOfPod {
    /// Returns the directories that `container` is given; `env` is its environment. Must not be called for
    /// a container that runs.
    ///
    /// # Errors
    /// The first volumeMount that cannot be had.
    pub(crate) fn mounts(
        &self,
        container: &Container,
        env: &[(String, String)],
    ) -> Result<Vec<Mount>, MountError> {
        let mut mounts = Vec::new();
        let mut files: BTreeMap<String, Beside> = BTreeMap::new();
        for mount in container.volume_mounts.iter().flatten() {
            let at = path::guest(&mount.mount_path);
            let failed = |why| error(container, &mount.name, &at, why);
            let volume = self.volumes.get(&mount.name).ok_or(Why::Undefined).map_err(failed)?;
            match volume.seen(mount, env).map_err(failed)? {
                Seen::Directory(host) => mounts.push(volume.mount(host, &at, mount)),
                Seen::File(bytes) => {
                    let whole = || failed(Why::Taken(at.clone()));
                    let (parent, name) = path::parent(&at).ok_or_else(whole)?;
                    let beside = files.entry(parent.to_owned()).or_default();
                    beside.volume.clone_from(&mount.name);
                    beside.files.insert(name.to_owned(), File { bytes, mode: FILE_MODE });
                }
            }
        }
        self.add_files(files, &mut mounts, container)?;
        mounts.extend(working_directory(container.working_dir.as_deref(), &mounts));
        Ok(mounts)
    }

    /// Lays single files into directories of their own, which are mounted where the files are to be.
    fn add_files(
        &self,
        files: BTreeMap<String, Beside>,
        mounts: &mut Vec<Mount>,
        container: &Container,
    ) -> Result<(), MountError> {
        for (number, (at, beside)) in files.into_iter().enumerate() {
            let failed = |why| error(container, &beside.volume, &at, why);
            if mounts.iter().any(|mount| mount.guest_path == at) {
                return Err(failed(Why::Taken(at.clone())));
            }
            let of_container = self.directory.join("files").join(&container.name);
            let directory = of_container.join(number.to_string());
            write(&directory, &beside.files).map_err(failed)?;
            let host = Held::open(&directory).map_err(Why::io(&directory)).map_err(failed)?;
            let (access, quotas) = (Access::ReadOnly, Vec::new());
            mounts.push(Mount { guest_path: at, host, access, quotas });
        }
        Ok(())
    }
}

fn error(container: &Container, volume: &str, mount_path: &str, why: Why) -> MountError {
    MountError {
        volume: volume.to_owned(),
        container: container.name.clone(),
        mount_path: mount_path.to_owned(),
        why: Box::new(why),
    }
}

impl Made {
    fn mount(&self, host: Held, guest_path: &str, mount: &VolumeMount) -> Mount {
        let read_only = mount.read_only == Some(true);
        let access = if read_only { Access::ReadOnly } else { self.access };
        Mount { guest_path: guest_path.to_owned(), host, access, quotas: self.quotas.clone() }
    }

    /// Returns what `mount` names of this volume. A subPath that is missing becomes a directory, as
    /// kubelet has it.
    fn seen(&self, mount: &VolumeMount, env: &[(String, String)]) -> Result<Seen, Why> {
        let sub_path = path::sub_path(mount, env)?;
        let Place { root, below } = &self.place;
        let root = Held::open(root).map_err(Why::io(root))?;
        match root.find(below).map_err(Why::io(below))? {
            Found::Directory(volume) => within(&volume, Path::new(&sub_path)),
            Found::File if sub_path.is_empty() => read(&root, below),
            Found::File | Found::Other | Found::Missing => {
                Err(Why::NotOfType { path: below.clone(), wanted: "directory" })
            }
        }
    }
}

fn within(volume: &Held, path: &Path) -> Result<Seen, Why> {
    match volume.find(path).map_err(Why::io(path))? {
        Found::Directory(directory) => Ok(Seen::Directory(directory)),
        Found::Missing => Ok(Seen::Directory(volume.make(path).map_err(Why::io(path))?)),
        Found::File => read(volume, path),
        Found::Other => Err(Why::NotOfType { path: path.to_owned(), wanted: "file or directory" }),
    }
}

fn read(root: &Held, path: &Path) -> Result<Seen, Why> {
    let bytes = root.read(path, FILE_BYTES).map_err(Why::io(path))?;
    let too_large = || Why::TooLarge { path: path.to_owned(), limit: FILE_BYTES };
    bytes.map(Seen::File).ok_or_else(too_large)
}
