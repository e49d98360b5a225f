//! Makes a picture of /input grey into /output: one that no other pod has taken, so that pods of one Job
//! share the pictures out among themselves. With all of them taken there is nothing to do.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let Some((input, mut output)) = take_one(Path::new("/input"), Path::new("/output"))? else {
        println!("every picture is taken");
        return Ok(());
    };
    let picture = fs::read(&input)?;
    let grey = grey(&picture).ok_or_else(|| format!("{} is no binary PPM", input.display()))?;
    output.write_all(&grey)?;
    println!("{} is grey", input.display());
    Ok(())
}

/// Returns a picture and its new file in `to`; that file's creation is what makes it this pod's.
fn take_one(from: &Path, to: &Path) -> io::Result<Option<(PathBuf, File)>> {
    for entry in fs::read_dir(from)? {
        let input = entry?.path();
        let Some(stem) = input.file_stem() else { continue };
        let output = to.join(stem).with_extension("pgm");
        match OpenOptions::new().write(true).create_new(true).open(output) {
            Ok(file) => return Ok(Some((input, file))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Turns a binary PPM (`P6 WIDTH HEIGHT 255`) into a binary PGM, with the weights of ITU-R BT.601.
fn grey(picture: &[u8]) -> Option<Vec<u8>> {
    let end = picture.iter().position(|&byte| byte == b'\n')?;
    let header = std::str::from_utf8(&picture[..end]).ok()?;
    let size = header.strip_prefix("P6 ")?;
    let mut grey = format!("P5 {size}\n").into_bytes();
    let pixels = picture[end + 1..].chunks_exact(3);
    grey.extend(pixels.map(|rgb| {
        let weighted = 299 * u32::from(rgb[0]) + 587 * u32::from(rgb[1]) + 114 * u32::from(rgb[2]);
        (weighted / 1000) as u8
    }));
    Some(grey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_becomes_grey_by_how_bright_its_colours_are() {
        let picture = b"P6 3 1 255\n\xff\xff\xff\xff\x00\x00\x00\x00\xff";
        assert_eq!(grey(picture).unwrap(), b"P5 3 1 255\n\xff\x4c\x1d");
        assert_eq!(grey(b"P3 1 1 255\n1 2 3"), None);
    }
}
