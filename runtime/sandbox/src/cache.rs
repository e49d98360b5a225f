//! Compiled code: on disk, in a directory that only this user can write, and in memory.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, FileTimes};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use crate::prepared::Prepared;
use crate::settings::SandboxError;

/// How compiled code is named.
const EXTENSION: &str = "cwasm";
/// How code is named that a compiling process is still writing.
const PARTIAL: &str = "partial";

/// Compiled code on disk, under a name made of the module's digest, wasmtime's version and the engine's
/// settings: code of another engine is never found.
#[derive(Debug)]
pub(crate) struct DiskCache {
    directory: PathBuf,
    engine: u64,
    limit_bytes: u64,
}

impl DiskCache {
    /// Opens `directory`, making it where it is missing, and removes what a crash left behind.
    pub(crate) fn open(
        directory: &Path,
        limit_bytes: u64,
        engine: &Engine,
    ) -> Result<Self, SandboxError> {
        let failed =
            |source| SandboxError::CacheDirectory { path: directory.to_path_buf(), source };
        if !directory.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        }
        let metadata = std::fs::metadata(directory).map_err(failed)?;
        let is_private = metadata.uid() == rustix::process::geteuid().as_raw()
            && metadata.mode() & 0o022 == 0
            && metadata.is_dir();
        if !is_private {
            return Err(SandboxError::CacheNotPrivate { path: directory.to_path_buf() });
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let cache =
            Self { directory: directory.to_path_buf(), engine: hasher.finish(), limit_bytes };
        for partial in cache.files(PARTIAL).map_err(failed)? {
            std::fs::remove_file(partial.path).map_err(failed)?;
        }
        Ok(cache)
    }

    /// Returns where the code of the module with `digest` is, or would be.
    pub(crate) fn path(&self, digest: &str) -> PathBuf {
        let name = Sha256::digest(format!("{digest}\n{:016x}", self.engine));
        let name = format!("{:032x}", u128::from_be_bytes(std::array::from_fn(|at| name[at])));
        self.directory.join(name).with_extension(EXTENSION)
    }

    /// Returns where a compiling process may write the code that will be at [`path`](Self::path).
    pub(crate) fn partial_path(&self, digest: &str) -> PathBuf {
        self.path(digest).with_extension(PARTIAL)
    }

    /// Notes that the code at `path` was used, so that it goes last when the disk cache is full.
    pub(crate) fn touch(path: &Path) {
        #[expect(
            clippy::disallowed_methods,
            reason = "a file's own time, which nothing else reads"
        )]
        let now = SystemTime::now();
        let touched =
            File::open(path).and_then(|f| f.set_times(FileTimes::new().set_modified(now)));
        if let Err(error) = touched {
            tracing::debug!(%error, "compiled code not touched");
        }
    }

    /// Makes what was compiled to the partial path durable and visible, then makes room.
    pub(crate) fn keep(&self, digest: &str) -> io::Result<PathBuf> {
        let (partial, path) = (self.partial_path(digest), self.path(digest));
        // Torn code would be run: it must be whole on the disk before it has its name.
        File::open(&partial)?.sync_all()?;
        std::fs::rename(&partial, &path)?;
        self.make_room(&path)?;
        Ok(path)
    }

    /// Removes the code that was not used for longest until the rest is within the limit.
    fn make_room(&self, newest: &Path) -> io::Result<()> {
        let mut files = self.files(EXTENSION)?;
        files.sort_by_key(|file| file.used_at);
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files {
            if bytes <= self.limit_bytes {
                break;
            }
            if file.path != newest {
                std::fs::remove_file(&file.path)?;
                bytes -= file.bytes;
            }
        }
        Ok(())
    }

    fn files(&self, extension: &str) -> io::Result<Vec<CachedFile>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == extension) {
                let metadata = std::fs::metadata(&path)?;
                files.push(CachedFile {
                    path,
                    bytes: metadata.len(),
                    used_at: metadata.modified()?,
                });
            }
        }
        Ok(files)
    }
}

struct CachedFile {
    path: PathBuf,
    bytes: u64,
    used_at: SystemTime,
}

/// What is prepared, by digest; the least recently used goes when there is too much.
#[derive(Debug)]
pub(crate) struct MemoryCache {
    limit_bytes: u64,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_digest: HashMap<String, (Prepared, u64)>,
    bytes: u64,
    uses: u64,
}

impl MemoryCache {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        Self { limit_bytes, entries: Mutex::default() }
    }

    pub(crate) fn get(&self, digest: &str) -> Option<Prepared> {
        let mut entries = self.entries();
        entries.uses += 1;
        let now = entries.uses;
        let (prepared, used_at) = entries.by_digest.get_mut(digest)?;
        *used_at = now;
        Some(prepared.clone())
    }

    pub(crate) fn insert(&self, digest: &str, prepared: Prepared) {
        let mut entries = self.entries();
        entries.uses += 1;
        let now = entries.uses;
        entries.bytes += prepared.code_bytes();
        if let Some((old, _)) = entries.by_digest.insert(digest.to_owned(), (prepared, now)) {
            entries.bytes -= old.code_bytes();
        }
        while entries.bytes > self.limit_bytes && entries.by_digest.len() > 1 {
            let oldest = entries.by_digest.iter().min_by_key(|(_, (_, used_at))| *used_at);
            let Some(digest) = oldest.map(|(digest, _)| digest.clone()) else { break };
            if let Some((old, _)) = entries.by_digest.remove(&digest) {
                entries.bytes -= old.code_bytes();
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
