//! Where relative paths start. WASI has no working directory; its libraries look for relative paths in what
//! is mounted at `.`.

use std::path::Path;

use super::held::Found;
use super::path;
use crate::containers::Mount;

/// Returns what makes relative paths start from a container's `workingDir`. In no mount there is nothing to
/// start from.
pub(super) fn working_directory(given: Option<&str>, mounts: &[Mount]) -> Option<Mount> {
    let at = path::guest(given.filter(|given| !given.is_empty())?);
    let holds = |mount: &&Mount| Path::new(&at).starts_with(&mount.guest_path);
    let mount = mounts.iter().filter(holds).max_by_key(|mount| mount.guest_path.len())?;
    let below = Path::new(&at).strip_prefix(&mount.guest_path).ok()?;
    let Ok(Found::Directory(host)) = mount.host.find(below) else { return None };
    Some(Mount { guest_path: ".".to_owned(), host, ..mount.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::held::Held;
    use super::*;
    use crate::containers::Access;

    #[test]
    fn relative_paths_start_in_the_innermost_mount_that_holds_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        for below in ["app/sub", "own"] {
            std::fs::create_dir_all(directory.path().join(below)).unwrap();
        }
        let mount = |guest_path: &str, below: &str, access| Mount {
            guest_path: guest_path.to_owned(),
            host: Held::open(&directory.path().join(below)).unwrap(),
            access,
            quotas: Vec::new(),
        };
        let mounts =
            [mount("/app", "app", Access::ReadOnly), mount("/app/own", "own", Access::ReadWrite)];
        for (given, expected) in [
            (None, None),
            (Some(""), None),
            (Some("/app"), Some(Access::ReadOnly)),
            (Some("/app/sub/"), Some(Access::ReadOnly)),
            (Some("/app/own"), Some(Access::ReadWrite)),
            (Some("/app/missing"), None),
            (Some("/application"), None),
            (Some("/"), None),
        ] {
            let mount = working_directory(given, &mounts);
            assert!(mount.iter().all(|mount| mount.guest_path == "."), "{given:?}");
            assert_eq!(mount.map(|mount| mount.access), expected, "{given:?}");
        }
    }
}
