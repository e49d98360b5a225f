//! Makes the volumes of a pod before its first container, and removes what is the pod's own after its last.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use jobling_core::api::ObjectKey;
use jobling_core::pods::PodId;
use k8s_openapi::api::core::v1::{Container, PodSpec, Volume};

use super::claims;
use super::contents::{Files, contents};
use super::error::{VolumeError, Why};
use super::host_path::{Bounds, host_path};
use super::own::{OwnDirectories, RunDirectory, make_private, removed};
use super::source::{Source, source};
use crate::calls::WITHOUT_JOB;
use crate::containers::{Access, Overflow, QuotaSpec};
use crate::env::Facts;
use crate::limits::Defaults;
use crate::ports::Objects;

/// Where this host keeps volumes, and where else they may be.
#[derive(Debug)]
pub(crate) struct Volumes {
    data_dir: PathBuf,
    host_path_prefixes: Vec<PathBuf>,
    own: Arc<OwnDirectories>,
}

/// The volumes of one pod, by their names in the template.
#[derive(Debug)]
pub(crate) struct VolumesOfPod {
    pub(super) directory: PathBuf,
    pub(super) volumes: BTreeMap<String, Made>,
}

/// A volume that containers can mount.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) place: Place,
    /// What a container may do at most.
    pub(super) access: Access,
    pub(super) quotas: Vec<Arc<QuotaSpec>>,
}

/// Where a volume is on this host. It is opened for each container anew: a pod that waits holds nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A directory that no guest can put something else in the place of.
    pub(super) root: PathBuf,
    /// Where below it; no link leads out.
    pub(super) below: PathBuf,
}

impl Volumes {
    /// Returns the volumes below `data_dir`, with what was left there.
    pub(crate) fn new(data_dir: PathBuf, host_path_prefixes: Vec<PathBuf>) -> Self {
        let own = Arc::new(OwnDirectories::at(data_dir.join("pods")));
        Self { data_dir, host_path_prefixes, own }
    }

    /// Makes the volumes of the pod that `facts` tell of. What a first call made a second one finds: an
    /// emptyDir keeps its files when the daemon starts anew.
    ///
    /// # Errors
    /// The first volume that cannot be made.
    pub(crate) fn set_up(
        &self,
        facts: &Facts<'_>,
        objects: &dyn Objects,
    ) -> Result<VolumesOfPod, VolumeError> {
        let directory = self.own.place_for(facts.start().pod.id);
        let mut all = VolumesOfPod { directory, volumes: BTreeMap::new() };
        let Some(spec) = &facts.start().job.template.spec else { return Ok(all) };
        let shared = all.shared_quota(spec, facts.defaults());
        for volume in spec.volumes.iter().flatten() {
            let made = self.make(volume, &all.directory, shared.as_ref(), facts, objects);
            let made = made.map_err(|why| VolumeError { volume: volume.name.clone(), why })?;
            all.volumes.insert(volume.name.clone(), made);
        }
        Ok(all)
    }

    /// Removes what is the pod's own: its emptyDirs and written files.
    pub(crate) fn release(&self, pod: PodId) {
        if let Err(error) = self.own.remove(pod) {
            tracing::warn!(%pod, %error, "volumes of a pod not removed");
        }
    }

    /// Removes what pods without a Job left when the daemon was cut off: their numbers come again.
    pub(crate) fn release_calls(&self) {
        let left = self.own.pods().into_iter();
        left.filter(|pod| pod.job().0 >= WITHOUT_JOB).for_each(|pod| self.release(pod));
    }

    /// Returns whether there is something to [`release`](Self::release).
    pub(crate) fn has_left(&self, pod: PodId) -> bool {
        self.own.has(pod)
    }

    /// Returns the directory for the termination message of a container's run.
    pub(crate) fn message_directory(&self, pod: PodId, container: &str, run: u32) -> RunDirectory {
        self.run_directory(pod, "messages", container, run)
    }

    /// Returns the directory for the body of the request that a container's run answers.
    pub(crate) fn body_directory(&self, pod: PodId, container: &str, run: u32) -> RunDirectory {
        self.run_directory(pod, "requests", container, run)
    }

    fn run_directory(
        &self,
        pod: PodId,
        purpose: &'static str,
        container: &str,
        run: u32,
    ) -> RunDirectory {
        let (all, container) = (Arc::clone(&self.own), container.to_owned());
        RunDirectory { all, pod, purpose, container, run }
    }

    /// Removes the directory of a claim that is gone.
    pub(crate) fn claim_gone(&self, key: &ObjectKey, objects: &dyn Objects) {
        if let Err(error) = claims::sweep(&self.data_dir, key, objects) {
            tracing::warn!(claim = %key.name, namespace = %key.namespace, %error, "claim's directory not removed");
        }
    }

    fn make(
        &self,
        volume: &Volume,
        of_pod: &Path,
        shared: Option<&Arc<QuotaSpec>>,
        facts: &Facts<'_>,
        objects: &dyn Objects,
    ) -> Result<Made, Why> {
        let own = volume_directory(of_pod, &volume.name);
        match source(volume)? {
            Source::Claim { name, access } => self.claim(name, access, facts, objects),
            Source::EmptyDir { bytes } => {
                make_private(&own)?;
                let limit = empty_dir_quota(volume, &own, bytes, shared);
                let quotas = limit.into_iter().chain(shared.map(Arc::clone)).collect();
                Ok(Made { place: whole(own), access: Access::ReadWrite, quotas })
            }
            Source::HostPath { path, kind } => {
                let bounds =
                    Bounds { prefixes: &self.host_path_prefixes, data_dir: &self.data_dir };
                let place = host_path(path, kind, bounds)?;
                Ok(Made { place, access: Access::ReadWrite, quotas: Vec::new() })
            }
            Source::Files { of, mode } => {
                write(&own, &contents(&of, mode, facts, objects)?)?;
                Ok(Made { place: whole(own), access: Access::ReadOnly, quotas: Vec::new() })
            }
        }
    }

    fn claim(
        &self,
        name: &str,
        access: Access,
        facts: &Facts<'_>,
        objects: &dyn Objects,
    ) -> Result<Made, Why> {
        let claim = claims::claim(&self.data_dir, facts.namespace(), name, objects)?;
        let quota = QuotaSpec {
            name: format!("persistentvolumeclaim \"{name}\""),
            directories: vec![claim.directory.clone()],
            bytes: claim.bytes.unwrap_or(facts.defaults().ephemeral_storage_bytes),
            overflow: Overflow::Refuse,
        };
        Ok(Made { place: whole(claim.directory), access, quotas: vec![Arc::new(quota)] })
    }
}

impl VolumesOfPod {
    /// Returns what bounds all emptyDirs together.
    fn shared_quota(&self, spec: &PodSpec, defaults: &Defaults) -> Option<Arc<QuotaSpec>> {
        let empty = spec.volumes.iter().flatten().filter(|volume| volume.empty_dir.is_some());
        let directories: Vec<PathBuf> =
            empty.map(|volume| volume_directory(&self.directory, &volume.name)).collect();
        (!directories.is_empty()).then(|| {
            let bytes = ephemeral_storage(spec, defaults);
            let name = "pod ephemeral local storage".to_owned();
            Arc::new(QuotaSpec { name, directories, bytes, overflow: Overflow::End })
        })
    }
}

/// Returns the ephemeral-storage of a pod as Kubernetes adds it up: of the containers that run side by
/// side, or of the init container that needs more.
fn ephemeral_storage(spec: &PodSpec, defaults: &Defaults) -> u64 {
    let of = |container: &Container| defaults.limits_of(container).ephemeral_storage_bytes;
    let inits = || spec.init_containers.iter().flatten();
    let is_sidecar = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
    let beside = spec.containers.iter().chain(inits().filter(is_sidecar));
    let together = beside.map(of).fold(0, u64::saturating_add);
    inits().map(of).max().unwrap_or(0).max(together)
}

/// Returns the limit of one emptyDir, where it is lower than that of all together.
fn empty_dir_quota(
    volume: &Volume,
    directory: &Path,
    bytes: Option<u64>,
    shared: Option<&Arc<QuotaSpec>>,
) -> Option<Arc<QuotaSpec>> {
    let bytes = bytes.filter(|bytes| shared.is_none_or(|shared| *bytes < shared.bytes))?;
    let name = format!("EmptyDir volume \"{}\"", volume.name);
    let directories = vec![directory.to_owned()];
    Some(Arc::new(QuotaSpec { name, directories, bytes, overflow: Overflow::End }))
}

fn volume_directory(of_pod: &Path, volume: &str) -> PathBuf {
    of_pod.join("volumes").join(volume)
}

fn whole(root: PathBuf) -> Place {
    Place { root, below: PathBuf::new() }
}

/// Writes `files` into a new directory in place of what is at `path`.
pub(super) fn write(path: &Path, files: &Files) -> Result<(), Why> {
    removed(path).map_err(Why::io(path))?;
    make_private(path)?;
    let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(Why::io(path))?;
    for (name, file) in files {
        let written = || {
            if let Some(parent) = Path::new(name).parent().filter(|parent| *parent != Path::new(""))
            {
                dir.create_dir_all(parent)?;
            }
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(file.mode);
            io::Write::write_all(&mut dir.open_with(name, &options)?, &file.bytes)
        };
        written().map_err(Why::io(path.join(name)))?;
    }
    Ok(())
}
