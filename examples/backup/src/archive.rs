//! A folder as a tar.gz, the same bytes for the same files: names in order, no owner, no time of packing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Returns the paths of all files below `folder`, relative to it and in order, but those that `skip`
/// names. Links are not followed: what they point to may lie outside.
pub fn files_below(folder: &Path, skip: impl Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(&next).map_err(|error| {
            io::Error::new(error.kind(), format!("{} cannot be read: {error}", next.display()))
        })?;
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !skip(&path) {
                files.push(path.strip_prefix(folder).unwrap_or(&path).to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes `files` of `folder` to `into`, packed.
pub fn pack<W: Write>(into: W, folder: &Path, files: &[PathBuf]) -> io::Result<W> {
    let mut archive = tar::Builder::new(GzEncoder::new(into, Compression::default()));
    for name in files {
        let mut file = File::open(folder.join(name))?;
        let metadata = file.metadata()?;
        let mut header = tar::Header::new_gnu();
        header.set_size(metadata.len());
        header.set_mode(0o644);
        header.set_mtime(seconds(&metadata));
        archive.append_data(&mut header, name, &mut file)?;
    }
    let mut into = archive.into_inner()?.finish()?;
    into.flush()?;
    Ok(into)
}

/// Returns when a file was changed, in Unix seconds; 0 where the volume does not say.
fn seconds(metadata: &fs::Metadata) -> u64 {
    let since = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).ok();
    metadata.modified().ok().and_then(since).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A folder of this test alone, gone after it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("backup-{}-{name}", std::process::id()));
            fs::create_dir_all(path.join("deep/er")).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn what_is_packed_can_be_unpacked_and_is_the_same_each_time() {
        let folder = Folder::new("pack");
        let content = [("b.txt", "two"), ("a.txt", "one"), ("deep/er/c.bin", "\0\u{1}")];
        for (name, text) in content {
            fs::write(folder.0.join(name), text).unwrap();
        }
        let files = files_below(&folder.0, |_| false).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(names, ["a.txt", "b.txt", "deep/er/c.bin"]);
        let packed = pack(Vec::new(), &folder.0, &files).unwrap();
        assert_eq!(packed, pack(Vec::new(), &folder.0, &files).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let mut unpacked = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            unpacked.push((entry.path().unwrap().display().to_string(), text));
        }
        let mut expected = content.map(|(name, text)| (name.to_owned(), text.to_owned()));
        expected.sort();
        assert_eq!(unpacked, expected);
    }

    #[test]
    fn what_is_to_be_skipped_is_not_found() {
        let folder = Folder::new("skip");
        fs::write(folder.0.join("keep"), "").unwrap();
        fs::write(folder.0.join("leave"), "").unwrap();
        let files = files_below(&folder.0, |path| path.ends_with("leave")).unwrap();
        assert_eq!(files, [PathBuf::from("keep")]);
    }
}
