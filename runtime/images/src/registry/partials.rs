//! Blobs that have not come whole yet. They are kept by their digest, so that the next try goes on where the
//! last one broke off, also after a restart; of many the newest few.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use crate::Digest;

/// How many are kept that nobody works on.
const KEPT: usize = 4;

/// Blobs that have not come whole yet.
#[derive(Debug)]
pub(super) struct Partials {
    directory: PathBuf,
    turns: Mutex<HashMap<Digest, Weak<Turns<()>>>>,
}

/// One of them, which nobody else works on meanwhile.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    _turn: OwnedMutexGuard<()>,
}

impl Partials {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, turns: Mutex::default() }
    }

    /// Waits until nobody else works on the blob.
    pub(super) async fn take(&self, digest: &Digest) -> Partial {
        let turn = self.turn(digest).lock_owned().await;
        self.tidy();
        Partial { path: self.directory.join(digest.hex()), _turn: turn }
    }

    fn turn(&self, digest: &Digest) -> Arc<Turns<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(digest).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turns::new(()));
        turns.insert(digest.clone(), Arc::downgrade(&turn));
        turn
    }

    /// Removes all but the newest; what cannot be seen or removed now is, another time.
    fn tidy(&self) {
        let busy = |path: &PathBuf| {
            let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            turns.iter().any(|(digest, turn)| digest.hex() == name && turn.strong_count() > 0)
        };
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let age = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
        let mut idle: Vec<(Option<SystemTime>, PathBuf)> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| !busy(path))
            .map(|path| (age(&path), path))
            .collect();
        idle.sort();
        for (_, path) in idle.iter().rev().skip(KEPT) {
            fs::remove_file(path).ok();
        }
    }
}

impl Partial {
    /// Opens the file with what came so far.
    pub(super) fn open(&self) -> io::Result<File> {
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent)?;
        }
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)
    }

    /// Takes the name away: an open file stays readable, and is gone with its last reader.
    pub(super) fn discard(&self) {
        fs::remove_file(&self.path).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_few_are_kept_and_those_that_are_worked_on() {
        let directory = tempfile::tempdir().unwrap();
        let partials = Partials::new(directory.path().to_owned());
        let busy = partials.take(&Digest::of(b"busy")).await;
        drop(busy.open().unwrap());
        for number in 0..9u8 {
            let partial = partials.take(&Digest::of(&[number])).await;
            let modified = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number.into());
            partial.open().unwrap().set_modified(modified).unwrap();
        }
        partials.tidy();
        let left = |name: &[u8]| directory.path().join(Digest::of(name).hex()).exists();
        assert!(left(b"busy") && left(&[8]) && left(&[5]));
        assert!(!left(&[4]) && !left(&[0]));
    }
}
