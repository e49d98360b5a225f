//! Finds one file in a layer. Nothing is unpacked: the file's bytes go where the caller says, and every other
//! entry is looked at by name alone. A layer with a path that leads out of the image is refused whole.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read, Write};

use flate2::bufread::MultiGzDecoder;
use tar::{Archive, EntryType, PaxExtensions};

use super::failure::harmless;

/// The most entries of all layers of an image.
const ENTRIES: u32 = 200_000;
/// The most letters of a path.
const PATH_BYTES: u64 = 4096;
/// The most bytes of an entry's extended header.
const PAX_BYTES: u64 = 64 << 10;
/// A layer may be so many times as large as it was packed…
const RATIO: u64 = 100;
/// …and this large whatever it was.
const SMALL_BYTES: u64 = 16 << 20;
/// What marks, in front of a name, that a file of a lower layer is gone.
const WHITEOUT: &[u8] = b".wh.";
/// The name that marks that all of a directory's lower layers are gone.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Why a layer cannot be read, or must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// A path that leads out of the image.
    #[error("the image is refused: its path {path:?} leads out of it")]
    Escapes {
        /// The path.
        path: String,
    },
    /// A link that does.
    #[error("the image is refused: its link {path:?} to {target:?} leads out of it")]
    LinkEscapes {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// The program is a link.
    #[error("the image's program {path:?} is a link, which is not followed; name the file itself")]
    Link {
        /// The program.
        path: String,
    },
    /// It is larger than a module may be.
    #[error("the image's program {path:?} has more than {} MiB, the most that a module may have", most >> 20)]
    TooLarge {
        /// The program.
        path: String,
        /// The most.
        most: u64,
    },
    /// It grows beyond measure.
    #[error("the image is refused: a layer of {packed} bytes unpacks to more than {most}")]
    Ratio {
        /// Its bytes.
        packed: u64,
        /// The most that it may unpack to.
        most: u64,
    },
    /// More entries than there may be.
    #[error("the image is refused: its layers have more than {ENTRIES} entries")]
    Entries,
    /// An entry of a kind that no image needs.
    #[error("the image is refused: its entry {path:?} is {kind}")]
    Kind {
        /// The entry.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// No such file.
    #[error("the image's layers do not have its program {path:?}")]
    Missing {
        /// The program.
        path: String,
    },
    /// No archive, or a damaged one.
    #[error("a layer of the image is damaged: {why}")]
    Damaged {
        /// What is wrong.
        why: String,
    },
}

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
}

impl Compression {
    /// Returns how a layer of this media type is packed; `None` where it cannot be unpacked here.
    pub(super) fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/vnd.oci.image.layer.v1.tar"
            | "application/vnd.docker.image.rootfs.diff.tar" => Some(Self::None),
            "application/vnd.oci.image.layer.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.diff.tar.gzip" => Some(Self::Gzip),
            _ => None,
        }
    }
}

/// A path within an image, component by component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePath(Vec<Vec<u8>>);

impl FilePath {
    /// Returns the path; `None` where it is absolute, climbs, or is too long.
    pub(super) fn parse(path: &[u8]) -> Option<Self> {
        if path.starts_with(b"/") || path.contains(&0) || path.len() as u64 > PATH_BYTES {
            return None;
        }
        let parts =
            path.split(|&letter| letter == b'/').filter(|part| !matches!(*part, b"" | b"."));
        let parts: Vec<Vec<u8>> = parts.map(<[u8]>::to_vec).collect();
        (!parts.iter().any(|part| part == b"..")).then_some(Self(parts))
    }

    fn is_below(&self, directory: &[Vec<u8>]) -> bool {
        self.0.starts_with(directory)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&String::from_utf8_lossy(&self.0.join(&b'/'))))
    }
}

/// What a layer has of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The file, which was written.
    File,
    /// That it is gone, whatever lower layers have.
    Removed,
    Nothing,
}

/// Looks for one file in the layers of an image.
pub(super) struct Search<'a> {
    wanted: &'a FilePath,
    most_bytes: u64,
    entries: u32,
}

/// A header's name and target that did not fit into it.
#[derive(Default)]
struct Long {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

impl<'a> Search<'a> {
    /// Returns a search that has seen so many entries in other layers.
    pub(super) const fn resumed(wanted: &'a FilePath, most_bytes: u64, entries: u32) -> Self {
        Self { wanted, most_bytes, entries }
    }

    /// Returns how many entries were seen.
    pub(super) const fn entries(&self) -> u32 {
        self.entries
    }

    /// Looks for the file in a layer of `packed` bytes, and writes it to `out`.
    pub(super) fn layer(
        &mut self,
        layer: impl Read,
        compression: Compression,
        packed: u64,
        out: &mut impl Rewrite,
    ) -> Result<Found, LayerError> {
        let most = packed.saturating_mul(RATIO).max(SMALL_BYTES);
        let layer = BufReader::new(layer);
        let left = Cell::new(Some(most));
        let found = match compression {
            Compression::None => self.archive(Bounded { inner: layer, left: &left }, out),
            Compression::Gzip => {
                self.archive(Bounded { inner: MultiGzDecoder::new(layer), left: &left }, out)
            }
        };
        found.map_err(|error| match error {
            Stop::Refused(error) => error,
            Stop::Failed(_) if left.get().is_none() => LayerError::Ratio { packed, most },
            Stop::Failed(error) => LayerError::Damaged { why: harmless(&error.to_string()) },
        })
    }

    fn archive(&mut self, layer: impl Read, out: &mut impl Rewrite) -> Result<Found, Stop> {
        let mut archive = Archive::new(layer);
        let mut found = Found::Nothing;
        let mut long = Long::default();
        // Raw: the library would read long names whole, whatever their length.
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            self.entries += 1;
            if self.entries > ENTRIES {
                return Err(LayerError::Entries.into());
            }
            let kind = entry.header().entry_type();
            if !long.takes(kind, &mut entry)? {
                let long = std::mem::take(&mut long);
                match self.entry(kind, long, &mut entry, out)? {
                    Found::Nothing => {}
                    // What the same layer has comes after what it removes.
                    Found::Removed if found == Found::File => {}
                    other @ (Found::File | Found::Removed) => found = other,
                }
            }
        }
        Ok(found)
    }

    fn entry(
        &self,
        kind: EntryType,
        long: Long,
        entry: &mut tar::Entry<'_, impl Read>,
        out: &mut impl Rewrite,
    ) -> Result<Found, Stop> {
        let given = long.path.unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let told = || harmless(&String::from_utf8_lossy(&given));
        let path = FilePath::parse(&given).ok_or_else(|| LayerError::Escapes { path: told() })?;
        if kind.is_symlink() || kind.is_hard_link() {
            let target =
                long.target.or_else(|| Some(entry.header().link_name_bytes()?.into_owned()));
            let target = target.unwrap_or_default();
            if leads_out(&path, kind, &target) {
                let target = harmless(&String::from_utf8_lossy(&target));
                return Err(LayerError::LinkEscapes { path: told(), target }.into());
            }
            return match path == *self.wanted {
                true => Err(LayerError::Link { path: told() }.into()),
                false => Ok(Found::Nothing),
            };
        }
        if kind.is_gnu_sparse() {
            return Err(LayerError::Kind { path: told(), kind: "a sparse file" }.into());
        }
        if self.is_removed_by(&path) {
            return Ok(Found::Removed);
        }
        if path != *self.wanted || !(kind.is_file() || kind.is_contiguous()) {
            return Ok(Found::Nothing);
        }
        out.rewind_empty()?;
        let copied = io::copy(&mut entry.take(self.most_bytes.saturating_add(1)), out)?;
        if copied > self.most_bytes {
            return Err(LayerError::TooLarge { path: told(), most: self.most_bytes }.into());
        }
        Ok(Found::File)
    }

    /// Returns whether an entry of that name says that the file, or a directory that it is in, is gone.
    fn is_removed_by(&self, path: &FilePath) -> bool {
        let Some((name, directory)) = path.0.split_last() else { return false };
        if name == OPAQUE {
            return self.wanted.is_below(directory);
        }
        let Some(gone) = name.strip_prefix(WHITEOUT) else { return false };
        let mut whole = directory.to_vec();
        whole.push(gone.to_vec());
        self.wanted.is_below(&whole)
    }
}

impl Long {
    /// Takes an entry that is about the next one; returns whether it was such.
    fn takes(
        &mut self,
        kind: EntryType,
        entry: &mut tar::Entry<'_, impl Read>,
    ) -> Result<bool, Stop> {
        if kind.is_gnu_longname() {
            self.path = Some(name(entry)?);
        } else if kind.is_gnu_longlink() {
            self.target = Some(name(entry)?);
        } else if kind.is_pax_local_extensions() {
            self.extensions(&bounded(entry, PAX_BYTES)?)?;
        } else {
            return Ok(kind.is_pax_global_extensions());
        }
        Ok(true)
    }

    fn extensions(&mut self, text: &[u8]) -> Result<(), Stop> {
        for extension in PaxExtensions::new(text) {
            let extension = extension?;
            match extension.key_bytes() {
                b"path" => self.path = Some(extension.value_bytes().to_vec()),
                b"linkpath" => self.target = Some(extension.value_bytes().to_vec()),
                // They would make the next entry another than its header says.
                key if key == b"size" || key.starts_with(b"GNU.sparse") => {
                    let path = "(extended header)".to_owned();
                    return Err(
                        LayerError::Kind { path, kind: "a sparse or an oversized file" }.into()
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file that a later entry of the same name writes anew.
pub(super) trait Rewrite: Write {
    /// Makes it empty.
    fn rewind_empty(&mut self) -> io::Result<()>;
}

impl Rewrite for std::fs::File {
    fn rewind_empty(&mut self) -> io::Result<()> {
        io::Seek::rewind(self)?;
        self.set_len(0)
    }
}

fn name(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, Stop> {
    let mut name = bounded(entry, PATH_BYTES)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn bounded(entry: &mut tar::Entry<'_, impl Read>, most: u64) -> Result<Vec<u8>, Stop> {
    let mut text = Vec::new();
    entry.take(most + 1).read_to_end(&mut text)?;
    if text.len() as u64 > most {
        let path = harmless(&String::from_utf8_lossy(&text[..80]));
        return Err(LayerError::Kind { path, kind: "longer than a name may be" }.into());
    }
    Ok(text)
}

/// Returns whether a link leads out. A hard link's target is a path of the archive. A symbolic link's is
/// the image's own, so that an absolute one begins at its root; none is ever followed here.
fn leads_out(path: &FilePath, kind: EntryType, target: &[u8]) -> bool {
    if kind.is_hard_link() {
        return FilePath::parse(target).is_none();
    }
    let mut depth = if target.starts_with(b"/") { 0 } else { path.0.len().saturating_sub(1) };
    for part in target.split(|&letter| letter == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

/// Why the walk through an archive stopped.
enum Stop {
    Refused(LayerError),
    Failed(io::Error),
}

impl From<LayerError> for Stop {
    fn from(error: LayerError) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// What reads no more than so many bytes; none are left once it was asked for more.
struct Bounded<'l, R> {
    inner: R,
    left: &'l Cell<Option<u64>>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.left.set(self.left.get().and_then(|left| left.checked_sub(length as u64)));
        match self.left.get() {
            Some(_) => Ok(length),
            None => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

#[cfg(test)]
mod tests;
