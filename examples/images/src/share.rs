//! How pods of one Job share files out among themselves, on a volume that all of them see: who makes the
//! file of a name in `.taken` has it. A pod that dies leaves its file taken and undone; when nothing else
//! is left, such a one is done again, by whoever finds it, with the same result.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Returns the names of the files in `directory` that end so, in order.
pub fn files(directory: &Path, extension: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Takes one of `names` for `pod`; none where all are done.
pub fn take(
    names: &[String],
    shared: &Path,
    pod: &str,
    is_done: impl Fn(&str) -> bool,
) -> io::Result<Option<String>> {
    let taken = shared.join(".taken");
    fs::create_dir_all(&taken)?;
    let mut undone = None;
    for name in names.iter().filter(|name| !is_done(name)) {
        match OpenOptions::new().write(true).create_new(true).open(taken.join(name)) {
            Ok(mut file) => {
                file.write_all(pod.as_bytes())?;
                return Ok(Some(name.clone()));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // Of this pod's own container, before it was restarted.
        if fs::read_to_string(taken.join(name)).is_ok_and(|owner| owner == pod) {
            return Ok(Some(name.clone()));
        }
        undone.get_or_insert_with(|| name.clone());
    }
    Ok(undone)
}

/// Writes a file whole or not at all, whoever else does the same.
pub fn keep(path: &Path, pod: &str, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{pod}.unfinished"));
    fs::write(&unfinished, content)?;
    fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_taken_once_and_what_a_dead_pod_left_is_taken_again() {
        let shared = std::env::temp_dir().join(format!("jobling-share-{}", std::process::id()));
        fs::create_dir_all(&shared).unwrap();
        let names = ["a", "b", "c"].map(str::to_owned);
        let take = |pod: &str, done: &[&str]| {
            take(&names, &shared, pod, |name| done.contains(&name)).unwrap()
        };
        assert_eq!(take("one", &[]).as_deref(), Some("a"));
        assert_eq!(take("two", &[]).as_deref(), Some("b"));
        // One is restarted and goes on with its own.
        assert_eq!(take("one", &[]).as_deref(), Some("a"));
        assert_eq!(take("two", &["a"]).as_deref(), Some("b"));
        // Two is gone, and three takes what is left, then what two left.
        assert_eq!(take("three", &["a"]).as_deref(), Some("c"));
        assert_eq!(take("four", &["a", "c"]).as_deref(), Some("b"));
        assert_eq!(take("four", &["a", "b", "c"]), None);
        fs::remove_dir_all(shared).unwrap();
    }
}
