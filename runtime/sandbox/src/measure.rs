//! Measures what is on the disk below a directory, following no link out of it.

use std::collections::HashSet;
use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};

use crate::quota::Usage;

/// What `st_blocks` counts in, whatever the file system's block is.
const STAT_BLOCK_BYTES: u64 = 512;

/// Returns the bytes and files below `directories`, and the bytes of files below them that were removed
/// while this process has them open: they fill the disk though no name leads to them.
pub(crate) fn measure(directories: &[PathBuf]) -> io::Result<Usage> {
    let mut sum = Usage::default();
    let mut linked = HashSet::new();
    for directory in directories {
        walk(directory, &mut sum, &mut linked)?;
    }
    sum.bytes = sum.bytes.saturating_add(removed_but_open(directories));
    Ok(sum)
}

/// A directory that is still to be read: its name in its parent. The parent stays open until all of its
/// directories were read, so that a guest that swaps one for a link sends nobody anywhere.
struct Pending {
    parent: Arc<OwnedFd>,
    name: CString,
}

fn walk(root: &Path, sum: &mut Usage, linked: &mut HashSet<(u64, u64)>) -> io::Result<()> {
    let root = rustix::fs::open(root, directory_flags(), Mode::empty())?;
    let mut pending = read(Arc::new(root), sum, linked)?;
    while let Some(Pending { parent, name }) = pending.pop() {
        // A guest may have removed or replaced it meanwhile; then it is not there to be counted.
        let Ok(directory) =
            openat(&*parent, &name, directory_flags() | OFlags::NOFOLLOW, Mode::empty())
        else {
            continue;
        };
        pending.extend(read(Arc::new(directory), sum, linked)?);
    }
    Ok(())
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

/// Adds up the entries of one directory; returns the directories among them.
fn read(
    directory: Arc<OwnedFd>,
    sum: &mut Usage,
    linked: &mut HashSet<(u64, u64)>,
) -> io::Result<Vec<Pending>> {
    let mut below = Vec::new();
    for entry in Dir::read_from(&*directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Ok(stat) = statat(&*directory, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        sum.files += 1;
        if counts(&stat, linked) {
            sum.bytes = sum.bytes.saturating_add(bytes_of(&stat));
        }
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            below.push(Pending { parent: Arc::clone(&directory), name: name.to_owned() });
        }
    }
    Ok(below)
}

/// Returns whether the bytes of this file were not counted under another of its names yet.
fn counts(stat: &Stat, linked: &mut HashSet<(u64, u64)>) -> bool {
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    !is_file || stat.st_nlink < 2 || linked.insert((stat.st_dev, stat.st_ino))
}

fn bytes_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(STAT_BLOCK_BYTES)
}

/// Returns the bytes of removed files below `directories` that this process has open.
fn removed_but_open(directories: &[PathBuf]) -> u64 {
    let roots: Vec<PathBuf> =
        directories.iter().filter_map(|directory| directory.canonicalize().ok()).collect();
    let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return 0 };
    let mut inodes = HashSet::new();
    let mut bytes: u64 = 0;
    for descriptor in descriptors.flatten() {
        let Ok(target) = std::fs::read_link(descriptor.path()) else { continue };
        if !roots.iter().any(|root| target.starts_with(root)) {
            continue;
        }
        // Through the link in /proc this is the open file itself, whatever its name leads to now.
        let Ok(metadata) = std::fs::metadata(descriptor.path()) else { continue };
        if metadata.nlink() == 0 && inodes.insert((metadata.dev(), metadata.ino())) {
            bytes = bytes.saturating_add(metadata.blocks().saturating_mul(STAT_BLOCK_BYTES));
        }
    }
    bytes
}
