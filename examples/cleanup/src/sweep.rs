//! What is old enough to be removed. Links are neither followed nor removed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

/// A file, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// When it was last changed.
    pub changed: SystemTime,
    /// Its size.
    pub bytes: u64,
}

/// Which files go.
#[derive(Debug)]
pub struct Rule {
    /// Those that were changed longer ago than this.
    pub max_age: Duration,
    /// And whose names end so.
    pub suffix: String,
    /// The present moment.
    pub now: SystemTime,
}

impl Rule {
    /// Returns whether the file is to go. One that was changed later than now stays.
    pub fn is_old(&self, file: &Found) -> bool {
        let age = self.now.duration_since(file.changed).unwrap_or_default();
        age > self.max_age && file.path.to_string_lossy().ends_with(&self.suffix)
    }
}

/// Returns the length of so many days. None is not allowed: an unset number must not remove everything.
pub fn days(text: &str) -> Result<Duration, String> {
    let days = text.parse::<u32>().ok().filter(|&days| days > 0);
    days.map(|days| Duration::from_secs(u64::from(days) * 86_400))
        .ok_or_else(|| format!("MAX_AGE_DAYS is \"{text}\"; it must be a number from 1 on"))
}

/// Returns every file below `folder`, by its path.
pub fn find(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in read(&next)? {
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let metadata = entry.metadata()?;
                let (changed, bytes) = (metadata.modified()?, metadata.len());
                found.push(Found { path: entry.path(), changed, bytes });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// Removes the folders below `folder` that hold nothing; not `folder` itself.
pub fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in read(folder)? {
        if entry.file_type()?.is_dir() {
            let path = entry.path();
            remove_empty(&path)?;
            if read(&path)?.is_empty() {
                fs::remove_dir(&path)?;
            }
        }
    }
    Ok(())
}

fn read(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("{} cannot be read: {error}", folder.display()))
    };
    fs::read_dir(folder).map_err(named)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_old_after_its_age_and_only_with_its_suffix() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let rule = Rule { max_age: Duration::from_secs(100), suffix: ".log".to_owned(), now };
        for (name, age, is_old) in [
            ("a.log", 101, true),
            ("a.log", 100, false),
            ("a.txt", 101, false),
            ("a.log", -50, false),
        ] {
            let length = Duration::from_secs(i64::unsigned_abs(age));
            let changed = if age < 0 { now + length } else { now - length };
            let file = Found { path: PathBuf::from(name), changed, bytes: 0 };
            assert_eq!(rule.is_old(&file), is_old, "{name}, {age} s");
        }
    }

    #[test]
    fn an_age_of_nothing_is_refused() {
        assert_eq!(days("30"), Ok(Duration::from_secs(2_592_000)));
        for text in ["", "0", "-1", "week"] {
            assert!(days(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn files_are_found_below_and_empty_folders_go() {
        let folder = std::env::temp_dir().join(format!("cleanup-{}", std::process::id()));
        fs::create_dir_all(folder.join("empty/er")).unwrap();
        fs::create_dir_all(folder.join("full")).unwrap();
        fs::write(folder.join("full/a"), "12345").unwrap();
        let found = find(&folder).unwrap();
        remove_empty(&folder).unwrap();
        let left: Vec<String> = read(&folder)
            .unwrap()
            .iter()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.clone(), found[0].bytes), (folder.join("full/a"), 5));
        assert_eq!(left, ["full"]);
    }
}
