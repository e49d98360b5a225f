//! How pods without numbers share out files among themselves: a picture is a pod's whose file in the output
//! was created first. What is created bears the pod's name, so that the same pod, started again, finds what
//! it had begun.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A picture that is this pod's to work on.
#[derive(Debug)]
pub struct Taken {
    /// The picture.
    pub picture: PathBuf,
    sign: PathBuf,
    result: PathBuf,
}

/// Takes a picture of `input` for `pod`: one that it had begun, else one that nobody has taken; none when
/// all of them are.
pub fn take(input: &Path, output: &Path, pod: &str) -> io::Result<Option<Taken>> {
    let mut pictures = fs::read_dir(input)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    pictures.retain(|picture| picture.extension().is_some_and(|extension| extension == "jpg"));
    pictures.sort();
    let (mut begun, mut others) = (Vec::new(), Vec::new());
    for taken in pictures.into_iter().filter_map(|picture| at(picture, output)) {
        let own = fs::read(&taken.sign).is_ok_and(|name| name == pod.as_bytes());
        if own && !taken.result.exists() { begun.push(taken) } else { others.push(taken) }
    }
    if let Some(taken) = begun.pop() {
        return Ok(Some(taken));
    }
    for taken in others {
        match OpenOptions::new().write(true).create_new(true).open(&taken.sign) {
            Ok(mut sign) => {
                sign.write_all(pod.as_bytes())?;
                return Ok(Some(taken));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn at(picture: PathBuf, output: &Path) -> Option<Taken> {
    let stem = picture.file_stem()?;
    let sign = output.join(stem).with_extension("taken");
    let result = output.join(stem).with_extension("jpg");
    Some(Taken { picture, sign, result })
}

impl Taken {
    /// Puts the result into place, whole or not at all.
    pub fn finish(&self, result: &[u8]) -> io::Result<()> {
        let part = self.result.with_extension("part");
        fs::write(&part, result)?;
        fs::rename(part, &self.result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_is_taken_once_and_again_only_by_whoever_had_begun_it() {
        let (input, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["a.jpg", "b.jpg", "notes.txt"] {
            fs::write(input.path().join(name), "picture").unwrap();
        }
        let take = |pod| take(input.path(), output.path(), pod).unwrap();
        let first = take("one").unwrap();
        assert_eq!(first.picture, input.path().join("a.jpg"));
        assert_eq!(take("two").unwrap().picture, input.path().join("b.jpg"));
        assert!(take("three").is_none());
        let again = take("one").unwrap();
        assert_eq!(again.picture, first.picture);
        again.finish(b"small").unwrap();
        assert_eq!(fs::read(output.path().join("a.jpg")).unwrap(), b"small");
        assert!(take("one").is_none());
    }
}
